//! Which build file a repository has.

use std::collections::BTreeSet;

use crate::makefile;

/// Names that a buildspec has at the top of a repository; the first one wins. CodeBuild knows the first
/// only, the second is what people name it by mistake.
const BUILDSPECS: [&str; 2] = ["buildspec.yml", "buildspec.yaml"];
const SCRIPTS: [&str; 2] = ["ci/build.sh", "ci/test.sh"];
const TARGETS: [&str; 2] = ["build", "test"];

/// What a repository builds with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildFile {
    Buildspec {
        path: String,
    },
    /// `ci/build.sh` and `ci/test.sh`.
    Scripts,
    /// A Makefile with the targets `build` and `test`.
    Makefile,
}

/// Chooses from the paths of all files and the text of the Makefile, if there is one.
pub fn detect(files: &BTreeSet<String>, makefile: Option<&str>) -> Option<BuildFile> {
    if let Some(path) = BUILDSPECS.into_iter().find(|path| files.contains(*path)) {
        return Some(BuildFile::Buildspec {
            path: path.to_owned(),
        });
    }
    if SCRIPTS.iter().all(|path| files.contains(*path)) {
        return Some(BuildFile::Scripts);
    }
    let targets = makefile::targets(makefile.unwrap_or_default());
    let has_targets = TARGETS.iter().all(|target| targets.contains(*target));
    has_targets.then_some(BuildFile::Makefile)
}

impl BuildFile {
    /// One sentence: what was chosen and why.
    pub fn explanation(&self) -> String {
        match self {
            BuildFile::Buildspec { path } => format!("Build from {path}."),
            BuildFile::Scripts => {
                "Build by ci/build.sh and ci/test.sh: there is no buildspec.yml.".to_owned()
            }
            BuildFile::Makefile => {
                "Build by `make build` and `make test`: there is no buildspec.yml and no \
                                    ci/build.sh with ci/test.sh."
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], makefile: Option<&str>, expect: Option<BuildFile>) {
        let files = files.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(detect(&files, makefile), expect, "{files:?}");
    }

    #[test]
    fn a_buildspec_wins_then_scripts_then_make() {
        let makefile = Some("build:\ntest:\n");
        let buildspec = |path: &str| {
            Some(BuildFile::Buildspec {
                path: path.to_owned(),
            })
        };
        let scripts = ["Makefile", "ci/build.sh", "ci/test.sh"];
        check(
            &["buildspec.yml", "ci/build.sh", "ci/test.sh"],
            makefile,
            buildspec("buildspec.yml"),
        );
        check(
            &["buildspec.yaml", "buildspec.yml"],
            None,
            buildspec("buildspec.yml"),
        );
        check(&["buildspec.yaml"], None, buildspec("buildspec.yaml"));
        check(&scripts, makefile, Some(BuildFile::Scripts));
        check(
            &["Makefile", "ci/build.sh"],
            makefile,
            Some(BuildFile::Makefile),
        );
        check(&["Makefile"], Some("build:\n"), None);
        check(&["sub/buildspec.yml", "README.md"], None, None);
    }
}
