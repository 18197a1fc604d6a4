use towpath_model::{CommitId, Digest, RefName, RepositoryKey};

/// A webhook's request, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The sender's own id, the same when it sends again; else the body's digest.
    pub id: String,
    /// The sender's word for what happened, for people.
    pub event: String,
    /// Which repository it is about, when the payload says so in a way that we understand.
    pub repository: Option<RepositoryKey>,
    /// The repository's default branch, when the payload says it.
    pub default_branch: Option<String>,
    pub notice: Notice,
}

/// What a delivery asks of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The sender tries whether we are there.
    Ping,
    /// Refs moved.
    Push(Vec<RefChange>),
    /// The sender wants the subscription confirmed before it sends (Amazon SNS).
    Confirm { url: String },
    /// Something that we do nothing about.
    Other,
}

/// A ref that moved; deleted when there is no new commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefChange {
    pub name: RefName,
    pub new: Option<CommitId>,
}

/// A body that is not what its sender documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub(crate) String);

/// Ids are kept in rows: nobody's is longer.
const LONGEST_ID: usize = 200;

/// The sender's id when it is one, else one made of the body.
pub(crate) fn id(given: Option<&str>, body: &[u8]) -> String {
    let usable = |id: &&str| {
        (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match given.map(str::trim).filter(usable) {
        Some(id) => id.to_owned(),
        None => Digest::of(body).to_string(),
    }
}

/// A commit of a payload: all zeros stand for none.
pub(crate) fn commit(text: &str) -> Result<Option<CommitId>, Malformed> {
    let commit: CommitId = text
        .parse()
        .map_err(|error| Malformed(format!("the payload names a commit that is none: {error}")))?;
    Ok(Some(commit).filter(|commit| !commit.is_zero()))
}

pub(crate) fn ref_name(text: &str) -> Result<RefName, Malformed> {
    text.parse()
        .map_err(|error| Malformed(format!("the payload names a ref that is none: {error}")))
}
