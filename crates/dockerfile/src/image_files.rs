//! Files of an image that its builder reads.

use std::fs::File;
use std::io::{self, Read};

use crate::accounts::Accounts;
use crate::tree::{Kind, Tree};
use crate::tree_path::TreePath;

/// More of a file than this is not read.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Users and groups; none where the image has no such files.
pub(crate) fn accounts(image: &Tree) -> io::Result<Accounts> {
    Ok(Accounts {
        passwd: text(image, "etc/passwd")?,
        group: text(image, "etc/group")?,
    })
}

fn text(image: &Tree, path: &str) -> io::Result<String> {
    let node = image.find(&TreePath::new(path))?;
    let Some(node) = node.filter(|node| node.kind == Kind::File) else {
        return Ok(String::new());
    };
    let mut bytes = Vec::new();
    File::open(&node.file)?
        .take(LIMIT)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a program is there: at its path, or in one of the folders of `PATH`.
pub(crate) fn has_program(image: &Tree, program: &str, path: &str) -> io::Result<bool> {
    if program.contains('/') {
        return Ok(image.find(&TreePath::new(program))?.is_some());
    }
    for folder in path.split(':') {
        if image.find(&TreePath::new(folder).join(program))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
