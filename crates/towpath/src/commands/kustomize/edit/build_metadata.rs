//! Options of `buildMetadata`.

use anyhow::{Result, bail};
use towpath_yaml::edit::File;

use super::{one, texts};

const LIST: &str = "buildMetadata";
const KNOWN: [&str; 3] = [
    "originAnnotations",
    "transformerAnnotations",
    "managedByLabel",
];

pub(super) fn add(file: &mut File, values: &[String]) -> Result<()> {
    for option in options(values)? {
        if texts(file, LIST).iter().any(|known| known == option) {
            bail!("{LIST} has {option} already");
        }
        file.push(&[LIST], &option.into())?;
    }
    Ok(())
}

/// Instead of all that are there.
pub(super) fn set(file: &mut File, values: &[String]) -> Result<()> {
    let options = options(values)?;
    if texts(file, LIST) == options {
        return Ok(());
    }
    match file.root().get(LIST) {
        None => add(file, values),
        Some(_) => Ok(file.set(&[], LIST, &options.into())?),
    }
}

pub(super) fn remove(file: &mut File, values: &[String]) -> Result<()> {
    for option in options(values)? {
        let known = texts(file, LIST);
        let indexes = known
            .iter()
            .enumerate()
            .filter(|(_, known)| *known == option);
        for (index, _) in indexes.rev() {
            file.remove_item(&[LIST], index)?;
        }
    }
    Ok(())
}

fn options(values: &[String]) -> Result<Vec<&str>> {
    let options: Vec<&str> = one(values)?.split(',').collect();
    match options.iter().find(|option| !KNOWN.contains(option)) {
        Some(unknown) => bail!("{unknown:?} is none of {}", KNOWN.join(", ")),
        None => Ok(options),
    }
}
