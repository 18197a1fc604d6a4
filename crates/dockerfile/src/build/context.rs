//! Reading the Dockerfile and `.dockerignore`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use towpath_model::{Diagnostic, Diagnostics, Location};

use super::error::{BuildError, Stop};
use crate::dockerfile::Dockerfile;
use crate::ignore::Ignore;
use crate::parse::MAX_DOCKERFILE;
use crate::tree::{Kind, Tree};
use crate::tree_path::TreePath;

/// Reads and parses the Dockerfile called `name` in the folder, and what of the folder is the context.
pub(crate) fn read(folder: &Path, name: &str) -> Result<(Dockerfile, Tree), Stop> {
    let everything = Tree::context(folder, Ignore::default());
    let text = match read_text(&everything, name)? {
        Some(text) => text,
        None => {
            let message = format!("there is no `{name}` in the build context");
            return Err(at_start(name, message)
                .help("add one, or say where it is")
                .into());
        }
    };
    let dockerfile = crate::parse(name, &text)?;
    let context = Tree::context(folder, ignore(&everything, name)?);
    Ok((dockerfile, context))
}

fn ignore(context: &Tree, dockerfile: &str) -> Result<Ignore, Stop> {
    for name in [format!("{dockerfile}.dockerignore"), ".dockerignore".into()] {
        if let Some(text) = read_text(context, &name)? {
            return Ok(Ignore::parse(&name, &text)?);
        }
    }
    Ok(Ignore::default())
}

fn read_text(context: &Tree, name: &str) -> Result<Option<String>, Stop> {
    let path = TreePath::new(name);
    let io = |source| BuildError::io("read", Path::new(name))(source);
    let Some(node) = context.find(&path).map_err(io)? else {
        return Ok(None);
    };
    if node.kind != Kind::File {
        return Err(at_start(name, "is not a file".into()).into());
    }
    let bytes = read_limited(&node.file).map_err(io)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Diagnostics::from(at_start(name, "is not UTF-8 text".into())).into()),
    }
}

/// One byte more than is allowed, so that the parser can refuse it.
fn read_limited(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?
        .take(MAX_DOCKERFILE as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn at_start(file: &str, message: String) -> Diagnostic {
    let location = Location {
        file: file.to_owned(),
        line: 1,
        column: 1,
    };
    Diagnostic::new(location, message)
}
