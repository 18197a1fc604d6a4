use crate::spec::{ContainerSecurity, PodSecurity};

/// Whom a container runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// From the image's passwd file; `/` when it does not say.
    pub home: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    #[error("the image's user {0:?} is not in its /etc/passwd")]
    UnknownUser(String),
    #[error("the image's group {0:?} is not in its /etc/group")]
    UnknownGroup(String),
    #[error("runAsNonRoot is set and the container would run as root; set runAsUser")]
    Root,
}

/// Decides from the manifest first, then from the image's `USER`, then root. `passwd` and `group` are the
/// texts of the image's files, empty when it has none.
pub fn resolve_user(
    pod: &PodSecurity,
    container: &ContainerSecurity,
    image_user: &str,
    passwd: &str,
    group: &str,
) -> Result<Ids, UserError> {
    let (user, image_group) = match image_user.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (image_user, None),
    };
    let asked = container.run_as_user.or(pod.run_as_user);
    let account = match asked {
        Some(uid) => Account::of_uid(uid, passwd),
        None => account(user, passwd)?,
    };
    let gid = match (container.run_as_group.or(pod.run_as_group), image_group) {
        (Some(gid), _) => gid,
        (None, Some(name)) if asked.is_none() => group_id(name, group)?,
        _ => account.gid,
    };
    let must_not_be_root = container.run_as_non_root.unwrap_or(pod.run_as_non_root);
    if must_not_be_root && account.uid == 0 {
        return Err(UserError::Root);
    }
    Ok(Ids {
        uid: account.uid,
        gid,
        groups: groups(pod, &account, group),
        home: account.home,
    })
}

struct Account {
    name: Option<String>,
    uid: u32,
    gid: u32,
    home: String,
}

impl Account {
    fn of_uid(uid: u32, passwd: &str) -> Self {
        let by_id = passwd
            .lines()
            .filter_map(Account::from_line)
            .find(|account| account.uid == uid);
        by_id.unwrap_or(Account {
            name: None,
            uid,
            gid: 0,
            home: "/".to_owned(),
        })
    }

    /// passwd(5): `name:password:uid:gid:comment:home:shell`.
    fn from_line(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        Some(Account {
            name: Some((*fields.first()?).to_owned()),
            uid: fields.get(2)?.parse().ok()?,
            gid: fields.get(3)?.parse().ok()?,
            home: fields
                .get(5)
                .filter(|home| home.starts_with('/'))
                .unwrap_or(&"/")
                .to_string(),
        })
    }
}

fn account(user: &str, passwd: &str) -> Result<Account, UserError> {
    if user.is_empty() {
        return Ok(Account::of_uid(0, passwd));
    }
    let mut accounts = passwd.lines().filter_map(Account::from_line);
    if let Some(account) = accounts.find(|account| account.name.as_deref() == Some(user)) {
        return Ok(account);
    }
    match user.parse() {
        Ok(uid) => Ok(Account::of_uid(uid, passwd)),
        Err(_) => Err(UserError::UnknownUser(user.to_owned())),
    }
}

/// group(5): `name:password:gid:members`.
fn group_line(line: &str) -> Option<(&str, u32, &str)> {
    let fields: Vec<&str> = line.split(':').collect();
    Some((
        fields.first()?,
        fields.get(2)?.parse().ok()?,
        fields.get(3).copied().unwrap_or(""),
    ))
}

fn group_id(name: &str, group: &str) -> Result<u32, UserError> {
    let named = group
        .lines()
        .filter_map(group_line)
        .find(|(known, ..)| *known == name);
    match (named, name.parse()) {
        (Some((_, gid, _)), _) | (None, Ok(gid)) => Ok(gid),
        (None, Err(_)) => Err(UserError::UnknownGroup(name.to_owned())),
    }
}

fn groups(pod: &PodSecurity, account: &Account, group: &str) -> Vec<u32> {
    let is_member = |members: &str| {
        account
            .name
            .as_deref()
            .is_some_and(|name| members.split(',').any(|m| m == name))
    };
    let of_image = group
        .lines()
        .filter_map(group_line)
        .filter(|(_, _, members)| is_member(members));
    let mut groups: Vec<u32> = of_image.map(|(_, gid, _)| gid).collect();
    groups.extend(&pod.supplemental_groups);
    groups.extend(pod.fs_group);
    groups.sort_unstable();
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\nweb:x:101:102:web:/srv:/bin/false\nbroken\n";
    const GROUP: &str = "root:x:0:\nweb:x:102:\nlog:x:7:web,other\n";

    fn ids(user: Option<u32>, group: Option<u32>, image: &str) -> String {
        let pod = PodSecurity {
            run_as_user: user,
            run_as_group: group,
            ..PodSecurity::default()
        };
        match resolve_user(&pod, &ContainerSecurity::default(), image, PASSWD, GROUP) {
            Ok(ids) => format!("{}:{} {:?} {}", ids.uid, ids.gid, ids.groups, ids.home),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_manifest_wins_over_the_image() {
        assert_eq!(ids(None, None, ""), "0:0 [] /root");
        assert_eq!(ids(None, None, "web"), "101:102 [7] /srv");
        assert_eq!(ids(None, None, "web:log"), "101:7 [7] /srv");
        assert_eq!(ids(None, None, "1234"), "1234:0 [] /");
        assert_eq!(ids(None, None, "1234:55"), "1234:55 [] /");
        assert_eq!(ids(Some(101), None, "root"), "101:102 [7] /srv");
        assert_eq!(ids(Some(9), Some(8), "web"), "9:8 [] /");
        assert_eq!(
            ids(None, None, "ghost"),
            "the image's user \"ghost\" is not in its /etc/passwd"
        );
        assert_eq!(
            ids(None, None, "web:ghost"),
            "the image's group \"ghost\" is not in its /etc/group"
        );
    }

    #[test]
    fn run_as_non_root_is_kept() {
        let pod = PodSecurity {
            run_as_non_root: true,
            fs_group: Some(9),
            ..PodSecurity::default()
        };
        let resolve =
            |image| resolve_user(&pod, &ContainerSecurity::default(), image, PASSWD, GROUP);
        assert_eq!(resolve(""), Err(UserError::Root));
        assert_eq!(resolve("web").map(|ids| ids.groups), Ok(vec![7, 9]));
    }
}
