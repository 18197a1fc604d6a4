use super::access::Need;
use super::guard::Identity;

/// What a browser says of the page that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Not said: no browser, or a browser that only reads.
    Unsaid,
    Ours,
    Foreign,
}

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) need: Need,
    /// The method may change something.
    pub(crate) changes: bool,
    pub(crate) host_is_ours: bool,
    pub(crate) origin: Origin,
    pub(crate) identity: Identity,
    /// An `Authorization` header that is not the token's.
    pub(crate) wrong_credential: bool,
    /// Only this machine can ask, and asks by one of its own names.
    pub(crate) reads_are_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allow,
    WrongHost,
    ForeignOrigin,
    Unauthenticated,
}

pub(crate) fn verdict(facts: &Facts) -> Verdict {
    if facts.need == Need::Nothing {
        return Verdict::Allow;
    }
    if !facts.host_is_ours {
        return Verdict::WrongHost;
    }
    if facts.origin == Origin::Foreign || is_unsaid_session_write(facts) {
        return Verdict::ForeignOrigin;
    }
    if is_authorised(facts) {
        Verdict::Allow
    } else {
        Verdict::Unauthenticated
    }
}

/// Browsers say the origin of everything that may change something, so a session without it is no browser of ours.
fn is_unsaid_session_write(facts: &Facts) -> bool {
    facts.changes && facts.identity == Identity::Session && facts.origin == Origin::Unsaid
}

fn is_authorised(facts: &Facts) -> bool {
    let known = facts.identity != Identity::Anonymous;
    match facts.need {
        Need::Nothing | Need::OurName => true,
        Need::Read => known || (facts.reads_are_open && !facts.wrong_credential),
        Need::Credential => known,
        Need::Write => known && facts.identity != Identity::Puller,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_READ: Facts = Facts {
        need: Need::Read,
        changes: false,
        host_is_ours: true,
        origin: Origin::Unsaid,
        identity: Identity::Anonymous,
        wrong_credential: false,
        reads_are_open: true,
    };

    #[test]
    fn verdicts() {
        let read = OPEN_READ;
        let write = Facts {
            need: Need::Write,
            changes: true,
            ..read
        };
        let token = Identity::Token;
        let session = Identity::Session;
        for (facts, expected) in [
            (read, Verdict::Allow),
            (
                Facts {
                    reads_are_open: false,
                    ..read
                },
                Verdict::Unauthenticated,
            ),
            (
                Facts {
                    reads_are_open: false,
                    identity: token,
                    ..read
                },
                Verdict::Allow,
            ),
            (
                Facts {
                    wrong_credential: true,
                    ..read
                },
                Verdict::Unauthenticated,
            ),
            (
                Facts {
                    host_is_ours: false,
                    ..read
                },
                Verdict::WrongHost,
            ),
            (
                Facts {
                    host_is_ours: false,
                    identity: token,
                    ..read
                },
                Verdict::WrongHost,
            ),
            (
                Facts {
                    origin: Origin::Foreign,
                    ..read
                },
                Verdict::ForeignOrigin,
            ),
            (
                Facts {
                    origin: Origin::Ours,
                    ..read
                },
                Verdict::Allow,
            ),
            (write, Verdict::Unauthenticated),
            (
                Facts {
                    identity: token,
                    ..write
                },
                Verdict::Allow,
            ),
            (
                Facts {
                    identity: token,
                    origin: Origin::Foreign,
                    ..write
                },
                Verdict::ForeignOrigin,
            ),
            (
                Facts {
                    identity: session,
                    ..write
                },
                Verdict::ForeignOrigin,
            ),
            (
                Facts {
                    identity: session,
                    origin: Origin::Ours,
                    ..write
                },
                Verdict::Allow,
            ),
            (
                Facts {
                    identity: session,
                    ..read
                },
                Verdict::Allow,
            ),
            (
                Facts {
                    need: Need::Credential,
                    ..read
                },
                Verdict::Unauthenticated,
            ),
            (
                Facts {
                    need: Need::Credential,
                    identity: Identity::Puller,
                    ..read
                },
                Verdict::Allow,
            ),
            (
                Facts {
                    identity: Identity::Puller,
                    reads_are_open: false,
                    ..read
                },
                Verdict::Allow,
            ),
            (
                Facts {
                    identity: Identity::Puller,
                    ..write
                },
                Verdict::Unauthenticated,
            ),
            (
                Facts {
                    need: Need::OurName,
                    reads_are_open: false,
                    ..read
                },
                Verdict::Allow,
            ),
            (
                Facts {
                    need: Need::OurName,
                    origin: Origin::Foreign,
                    ..write
                },
                Verdict::ForeignOrigin,
            ),
            (
                Facts {
                    need: Need::Nothing,
                    host_is_ours: false,
                    ..read
                },
                Verdict::Allow,
            ),
        ] {
            assert_eq!(verdict(&facts), expected, "{facts:?}");
        }
    }
}
