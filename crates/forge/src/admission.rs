use towpath_model::RefName;

use crate::{Notice, RefChange};

/// What is done about a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The remote is looked at; says what moved.
    Fetch(String),
    /// Nothing, for this reason.
    Ignore(String),
}

/// Decides by the project's branch. Only its moves start anything; that a branch is gone starts nothing.
pub fn admit(notice: &Notice, event: &str, branch: &RefName) -> Admission {
    match notice {
        Notice::Ping => Admission::Ignore("a ping: the git host tries whether we are there".into()),
        Notice::Confirm { .. } => Admission::Ignore("a subscription to confirm".into()),
        Notice::Other => Admission::Ignore(format!("{event} starts nothing: only pushes do")),
        Notice::Push(changes) => admit_push(changes, branch),
    }
}

fn admit_push(changes: &[RefChange], branch: &RefName) -> Admission {
    let ours: Vec<&RefChange> = changes
        .iter()
        .filter(|change| change.name == *branch)
        .collect();
    match (ours.last(), changes.first()) {
        (
            Some(RefChange {
                new: Some(commit), ..
            }),
            _,
        ) => Admission::Fetch(format!("{branch} is {}", commit.short())),
        (Some(RefChange { new: None, .. }), _) => {
            Admission::Ignore(format!("{branch} was deleted, which starts nothing"))
        }
        (None, Some(other)) => Admission::Ignore(format!("{} is not {branch}", other.name)),
        (None, None) => Admission::Ignore("a push that moved nothing".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, new: Option<char>) -> RefChange {
        RefChange {
            name: name.parse().unwrap(),
            new: new.map(|digit| digit.to_string().repeat(40).parse().unwrap()),
        }
    }

    #[track_caller]
    fn check(notice: &Notice, expected: &str) {
        let branch = RefName::branch("main").unwrap();
        let told = match admit(notice, "issues", &branch) {
            Admission::Fetch(why) => format!("fetch: {why}"),
            Admission::Ignore(why) => format!("ignore: {why}"),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn only_the_projects_branch_moves_anything() {
        let main = change("refs/heads/main", Some('1'));
        let gone = change("refs/heads/main", None);
        let tag = change("refs/tags/v1", Some('2'));
        check(
            &Notice::Push(vec![main.clone()]),
            "fetch: refs/heads/main is 1111111",
        );
        check(
            &Notice::Push(vec![tag.clone(), main]),
            "fetch: refs/heads/main is 1111111",
        );
        check(
            &Notice::Push(vec![gone]),
            "ignore: refs/heads/main was deleted, which starts nothing",
        );
        check(
            &Notice::Push(vec![tag]),
            "ignore: refs/tags/v1 is not refs/heads/main",
        );
        check(&Notice::Push(vec![]), "ignore: a push that moved nothing");
        check(
            &Notice::Ping,
            "ignore: a ping: the git host tries whether we are there",
        );
        check(
            &Notice::Other,
            "ignore: issues starts nothing: only pushes do",
        );
    }
}
