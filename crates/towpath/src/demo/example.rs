//! The project that the demo pushes, shipped inside the binary.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

macro_rules! example {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../examples/hello/", $path)))),*]
    };
}

const FILES: &[(&str, &str)] = example![
    ".gitignore",
    "Dockerfile",
    "README.md",
    "buildspec.yml",
    "k8s/deployment.yml",
    "k8s/service.yml",
    "src/server.rs",
];

const SOURCE: &str = "src/server.rs";

/// Writes the project into a folder.
pub fn write(folder: &Path) -> Result<()> {
    for (path, text) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Changes the colour of the project's page, as a developer would.
pub fn change_colour(folder: &Path, from: &str, to: &str) -> Result<()> {
    let path = folder.join(SOURCE);
    let text = fs::read_to_string(&path)?;
    let (old, new) = (colour_line(from), colour_line(to));
    ensure!(
        text.contains(&old),
        "{} does not hold `{old}`",
        path.display()
    );
    Ok(fs::write(&path, text.replace(&old, &new))?)
}

fn colour_line(colour: &str) -> String {
    format!("const COLOUR: &str = \"{colour}\";")
}
