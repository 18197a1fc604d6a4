mod gather;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use towpath_kustomize::{Build, LoadRestrictor, Options, Reorder};

use crate::cli::kustomize::{KustomizeBuildOptions, Order, Restrictor};
use crate::exit::Verdict;
use crate::output;

pub fn build(given: KustomizeBuildOptions) -> Result<Verdict> {
    let options = Options {
        load_restrictor: match given.load_restrictor {
            Restrictor::RootOnly => LoadRestrictor::RootOnly,
            Restrictor::None => LoadRestrictor::None,
        },
        reorder: match given.reorder {
            Order::Legacy => Reorder::Legacy,
            Order::None => Reorder::None,
        },
        managed_by_label: given.enable_managedby_label,
    };
    let gathered = gather::gather(&given.folder, options.load_restrictor)?;
    match towpath_kustomize::build(&gathered.tree, &gathered.folder, &options) {
        Ok(built) => {
            write(&built, given.output.as_deref())?;
            Ok(Verdict::Fine)
        }
        Err(mut problems) => {
            for problem in &mut problems.0 {
                problem.location.file = gathered.shown(&problem.location.file);
            }
            eprintln!("{} {problems}", output::error_label());
            Ok(Verdict::Problems)
        }
    }
}

fn write(built: &Build, output: Option<&Path>) -> Result<()> {
    match output {
        None => {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(built.yaml.as_bytes())?;
            Ok(stdout.flush()?)
        }
        Some(folder) if folder.is_dir() => {
            for document in &built.documents {
                let yaml = &built.yaml[document.bytes.clone()];
                write_file(&folder.join(&document.file_name), yaml)?;
            }
            Ok(())
        }
        Some(file) => write_file(file, &built.yaml),
    }
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
