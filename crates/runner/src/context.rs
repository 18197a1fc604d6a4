use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use towpath_model::{CommitId, ExecutionKey, RefName, Timestamp};

use crate::Program;

/// CodeBuild's default.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// What a log holds at most, unless the caller says otherwise.
pub const DEFAULT_LOG_LIMIT: u64 = 64 << 20;

/// What a build is told about itself, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildContext {
    /// Gives `CODEBUILD_BUILD_NUMBER` and `CODEBUILD_BUILD_ID`.
    pub execution: ExecutionKey,
    pub commit: CommitId,
    /// What was pushed.
    pub reference: RefName,
    /// Where the repository can be cloned from.
    pub source_repo_url: String,
    /// The execution's page, if the server knows its own address.
    pub build_url: Option<String>,
    /// When the build started.
    pub started_at: Timestamp,
    pub path: String,
    pub home: String,
    pub lang: String,
    /// For all commands together.
    pub timeout: Duration,
    /// Bytes; what a build prints beyond is dropped, and the log says so.
    pub log_limit: u64,
}

impl BuildContext {
    /// The whole environment of the first command: PATH, HOME, LANG, CODEBUILD_* ("Environment variables in
    /// build environments") and over them the program's own. What names AWS resources is left out.
    pub fn environment(&self, program: &Program, source_dir: &Path) -> BTreeMap<String, String> {
        let mut environment = self.codebuild(source_dir);
        let own = [
            ("PATH", &self.path),
            ("HOME", &self.home),
            ("LANG", &self.lang),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value.clone())));
        environment.extend(program.env.clone());
        environment
    }

    fn codebuild(&self, source_dir: &Path) -> BTreeMap<String, String> {
        let ExecutionKey { project, number } = &self.execution;
        let mut variables = BTreeMap::from([
            ("CI", "true".to_owned()),
            ("BUILD_ID", format!("{project}:{number}")),
            ("BUILD_NUMBER", number.to_string()),
            ("BUILD_SUCCEEDING", "1".to_owned()),
            ("INITIATOR", format!("codepipeline/{project}")),
            ("LAST_EXIT", "0".to_owned()),
            ("RESOLVED_SOURCE_VERSION", self.commit.to_string()),
            ("SOURCE_REPO_URL", self.source_repo_url.clone()),
            ("SOURCE_VERSION", self.commit.to_string()),
            ("SRC_DIR", source_dir.to_string_lossy().into_owned()),
            ("START_TIME", self.started_at.0.to_string()),
            ("WEBHOOK_HEAD_REF", self.reference.to_string()),
        ]);
        if let Some(branch) = self.reference.branch_name() {
            variables.insert("WEBHOOK_TRIGGER", format!("branch/{branch}"));
        }
        if let Some(url) = &self.build_url {
            variables.insert("BUILD_URL", url.clone());
        }
        variables
            .into_iter()
            .map(|(name, value)| (format!("CODEBUILD_{name}"), value))
            .collect()
    }
}
