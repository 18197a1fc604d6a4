use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use towpath_testkit::{TowpathServer, WorkTree};

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_towpath"))
}

/// A running server and the folder it works in.
pub(crate) struct Running {
    pub(crate) server: TowpathServer,
    /// Removed last.
    pub(crate) folder: TempDir,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), &[]).await
    }

    /// In a folder that may hold what the options name.
    pub(crate) async fn start_with(folder: TempDir, options: &[&str]) -> Self {
        let data = folder.path().join("data");
        let server = TowpathServer::start(program(), &data, options)
            .await
            .unwrap();
        Self { server, folder }
    }

    /// Ends the server in order and starts it again on the same data and, as its images name it, address.
    pub(crate) async fn restart(self, options: &[&str]) -> Self {
        let Self { server, folder } = self;
        let address = server.address().to_owned();
        server.stop().await.unwrap();
        let data = folder.path().join("data");
        let server = TowpathServer::start_at(program(), &data, &address, options)
            .await
            .unwrap();
        Self { server, folder }
    }

    /// Kills the server and starts it again on the same data and address.
    pub(crate) async fn kill_and_start(self) -> Self {
        let Self { server, folder } = self;
        let address = server.address().to_owned();
        server.kill().await.unwrap();
        let data = folder.path().join("data");
        let server = TowpathServer::start_at(program(), &data, &address, &[])
            .await
            .unwrap();
        Self { server, folder }
    }

    /// Commits and pushes the tree as the project's next execution, and waits until it has ended.
    pub(crate) async fn push(&self, tree: &WorkTree, project: &str, number: u64) -> Value {
        tree.commit(&format!("Change {number}")).unwrap();
        tree.push(&self.server.git_url(project)).unwrap();
        self.server.finished(project, number).await
    }

    pub(crate) async fn log(&self, project: &str, number: u64, action: &str) -> String {
        let url = self.server.url();
        let path =
            format!("{url}/api/v1/projects/{project}/executions/{number}/actions/{action}/log");
        let client = self.server.client();
        let response = client
            .get(path)
            .bearer_auth(self.server.token())
            .send()
            .await;
        response.unwrap().text().await.unwrap()
    }
}

/// The execution's status and its reason, for assertions that say why.
#[track_caller]
pub(crate) fn assert_status(execution: &Value, status: &str) {
    assert_eq!(execution["status"], status, "{execution:#}");
}

/// Names of the stages, in order.
pub(crate) fn stages(execution: &Value) -> Vec<&str> {
    let stages = execution["stages"].as_array().unwrap();
    stages
        .iter()
        .filter_map(|stage| stage["name"].as_str())
        .collect()
}
