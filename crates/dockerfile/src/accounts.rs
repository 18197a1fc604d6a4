//! Names of users and groups, looked up in an image's `/etc/passwd` and `/etc/group` (passwd(5), group(5)).

/// Ids, as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Supplementary groups.
    pub(crate) groups: Vec<u32>,
    /// The user's home folder, where `/etc/passwd` knows it.
    pub(crate) home: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("the image's /etc/passwd has no user `{0}`")]
    NoUser(String),
    #[error("the image's /etc/group has no group `{0}`")]
    NoGroup(String),
    #[error("`{0}` is not a user: expected `user`, `user:group` or numbers")]
    Malformed(String),
}

/// The texts of the two files; empty when they are not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) passwd: String,
    pub(crate) group: String,
}

struct PasswdEntry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

impl Accounts {
    /// Whom `USER spec` runs as. Without a group: the user's own from `/etc/passwd`, else 0, and the groups
    /// that `/etc/group` lists the user in.
    pub(crate) fn user(&self, spec: &str) -> Result<Ids, AccountError> {
        let (user, group) = split(spec)?;
        let entry = self.find(user);
        let uid = match (&entry, user.parse()) {
            (Some(entry), _) => entry.uid,
            (None, Ok(uid)) => uid,
            (None, Err(_)) => return Err(AccountError::NoUser(user.to_owned())),
        };
        let own_gid = entry.as_ref().map_or(0, |entry| entry.gid);
        let (gid, groups) = match group {
            Some(group) => (self.gid(group)?, Vec::new()),
            None => {
                let name = entry.as_ref().map_or("", |entry| entry.name);
                (own_gid, self.groups_of(name, own_gid))
            }
        };
        Ok(Ids {
            uid,
            gid,
            groups,
            home: entry.map(|entry| entry.home.to_owned()),
        })
    }

    /// Who owns what `COPY --chown=spec` copies. A user without a group gives both ids (Dockerfile
    /// reference, "COPY --chown").
    pub(crate) fn owner(&self, spec: &str) -> Result<(u32, u32), AccountError> {
        let (user, group) = split(spec)?;
        let uid = match (user.parse(), self.find(user)) {
            (Ok(uid), _) => uid,
            (Err(_), Some(entry)) => entry.uid,
            (Err(_), None) => return Err(AccountError::NoUser(user.to_owned())),
        };
        let gid = match group {
            Some(group) => self.gid(group)?,
            None => match (user.parse(), self.find(user)) {
                (Ok(number), _) => number,
                (Err(_), entry) => entry.map_or(uid, |entry| entry.gid),
            },
        };
        Ok((uid, gid))
    }

    fn gid(&self, group: &str) -> Result<u32, AccountError> {
        if let Ok(gid) = group.parse() {
            return Ok(gid);
        }
        group_entries(&self.group)
            .find(|(name, _, _)| *name == group)
            .map(|(_, gid, _)| gid)
            .ok_or_else(|| AccountError::NoGroup(group.to_owned()))
    }

    /// By name, else by number.
    fn find(&self, user: &str) -> Option<PasswdEntry<'_>> {
        let number = user.parse().ok();
        let by_name = passwd_entries(&self.passwd).find(|entry| entry.name == user);
        by_name.or_else(|| passwd_entries(&self.passwd).find(|entry| Some(entry.uid) == number))
    }

    fn groups_of(&self, name: &str, own: u32) -> Vec<u32> {
        let mut groups: Vec<u32> = group_entries(&self.group)
            .filter(|(_, gid, members)| {
                *gid != own && !name.is_empty() && members.split(',').any(|member| member == name)
            })
            .map(|(_, gid, _)| gid)
            .collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

fn split(spec: &str) -> Result<(&str, Option<&str>), AccountError> {
    let malformed = || AccountError::Malformed(spec.to_owned());
    let (user, group) = match spec.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (spec, None),
    };
    let bad = |part: &str| part.is_empty() || part.contains([':', '\n']);
    if bad(user) || group.is_some_and(bad) {
        return Err(malformed());
    }
    Ok((user, group))
}

/// Lines that are no entries are skipped, as every reader of these files does.
fn passwd_entries(text: &str) -> impl Iterator<Item = PasswdEntry<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        let home = fields.nth(1).unwrap_or("/");
        Some(PasswdEntry {
            name,
            uid,
            gid,
            home,
        })
    })
}

fn group_entries(text: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let gid = fields.nth(1)?.parse().ok()?;
        Some((name, gid, fields.next().unwrap_or("")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:100:101:App:/home/app:/bin/sh\n"
                .into(),
            group: "root:x:0:\napp:x:101:\nweb:x:33:app,other\nlog:x:4:other,app\n".into(),
        }
    }

    #[test]
    fn users_are_names_or_numbers() {
        let cases = [
            ("root", Ok((0, 0, vec![]))),
            ("app", Ok((100, 101, vec![4, 33]))),
            ("100", Ok((100, 101, vec![4, 33]))),
            ("app:web", Ok((100, 33, vec![]))),
            ("app:7", Ok((100, 7, vec![]))),
            ("1234", Ok((1234, 0, vec![]))),
            ("1234:5", Ok((1234, 5, vec![]))),
            ("nobody", Err(AccountError::NoUser("nobody".into()))),
            ("app:nogroup", Err(AccountError::NoGroup("nogroup".into()))),
            ("", Err(AccountError::Malformed(String::new()))),
            ("app:", Err(AccountError::Malformed("app:".into()))),
        ];
        for (spec, expected) in cases {
            let got = accounts()
                .user(spec)
                .map(|ids| (ids.uid, ids.gid, ids.groups));
            assert_eq!(got, expected, "{spec}");
        }
    }

    #[test]
    fn owners_are_names_or_numbers() {
        let cases = [
            ("app", Ok((100, 101))),
            ("app:web", Ok((100, 33))),
            ("55:mygroup", Err(AccountError::NoGroup("mygroup".into()))),
            ("55", Ok((55, 55))),
            ("10:11", Ok((10, 11))),
            ("nobody", Err(AccountError::NoUser("nobody".into()))),
        ];
        for (spec, expected) in cases {
            assert_eq!(accounts().owner(spec), expected, "{spec}");
        }
    }
}
