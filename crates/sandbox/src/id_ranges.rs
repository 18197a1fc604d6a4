use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use crate::user_namespace::{MapHelpers, UserNamespace, granted};

/// Where set-user-id programs are, by distribution.
const FOLDERS: [&str; 4] = ["/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin"];

/// The ids that a plain user may give to the users of his sandboxes.
pub(crate) struct IdRanges {
    uids: Vec<(u32, u32)>,
    gids: Vec<(u32, u32)>,
    helpers: MapHelpers,
}

impl IdRanges {
    /// Or why there are none.
    pub(crate) fn read(uid: u32) -> Result<Self, String> {
        let helpers = MapHelpers {
            newuidmap: find("newuidmap")?,
            newgidmap: find("newgidmap")?,
        };
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        let name = user.as_ref().map(|user| user.name.as_str());
        let read = |path: &str| {
            let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
            let ranges = granted(&text, name, uid);
            let empty = ranges.is_empty();
            let who = name.map_or_else(|| format!("user {uid}"), |name| format!("user {name}"));
            if empty {
                Err(format!("{path} grants {who} no ids"))
            } else {
                Ok(ranges)
            }
        };
        Ok(Self {
            uids: read("/etc/subuid")?,
            gids: read("/etc/subgid")?,
            helpers,
        })
    }

    pub(crate) fn add_to(self, namespace: UserNamespace) -> UserNamespace {
        namespace.with_ranges(&self.uids, &self.gids, self.helpers)
    }
}

fn find(program: &str) -> Result<PathBuf, String> {
    FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("the program {program} is not installed"))
}
