//! Reading, with bounds: nothing that a folder may hold makes a check hang or grow.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use towpath_model::{Diagnostic, Location};

use crate::commands::kustomize::shown;

/// Bytes of one file.
const MOST_BYTES: u64 = 16 << 20;
/// Manifests of one folder.
const MOST_FILES: usize = 10_000;

pub fn shown_from_here(path: &Path) -> String {
    path.canonicalize()
        .map_or_else(|_| path.display().to_string(), |path| shown(&path))
}

/// The text of a file, or what is wrong with all of it.
pub fn read(path: &Path, file: &str) -> Result<Result<String, Diagnostic>> {
    let wrong = |message: String| Ok(Err(Diagnostic::new(start_of(file), message)));
    let context = || format!("cannot read {file}");
    if fs::metadata(path).with_context(context)?.len() > MOST_BYTES {
        return wrong(format!("the file has more than {} MiB", MOST_BYTES >> 20));
    }
    match String::from_utf8(fs::read(path).with_context(context)?) {
        Ok(text) => Ok(Ok(text)),
        Err(_) => wrong("the file is not UTF-8".to_owned()),
    }
}

pub fn start_of(file: &str) -> Location {
    Location {
        file: file.to_owned(),
        line: 1,
        column: 1,
    }
}

/// All manifests below a folder, in order. Folders behind links are not entered.
pub fn manifests_in(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let context = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(context)? {
            let entry = entry.with_context(context)?;
            let path = entry.path();
            if entry.file_type().with_context(context)?.is_dir() {
                waiting.push(path);
            } else if is_manifest(&path) && path.is_file() {
                files.insert(path);
            }
        }
        if files.len() > MOST_FILES {
            bail!("{} has more than {MOST_FILES} manifests", folder.display());
        }
    }
    Ok(files)
}

pub fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}
