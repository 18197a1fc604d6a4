use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::json;
use towpath_model::pipeline::Pipeline;
use towpath_model::{
    ActionKey, ActionRunKey, Artifact, Event, ExecutionKey, RefName, StartRequested, Status,
    Timestamp, Trigger,
};
use towpath_store::{LogWriter, NewExecution, Release, RunOutcome};

use crate::fixture::Server;

pub(crate) const COMMIT: &str = "8f3c1d2a9b0e4f5566778899aabbccddeeff0011";

/// Plays what the engine would do, with rows and logs of our own making.
pub(crate) struct Scene<'a> {
    server: &'a Server,
    pub(crate) key: ExecutionKey,
    /// The clock of the story, from a little while ago.
    now: i64,
}

/// An action that runs.
pub(crate) struct Running {
    pub(crate) run: ActionRunKey,
    pub(crate) log: LogWriter,
}

impl<'a> Scene<'a> {
    /// An execution of project `hello`, which must be there, with a pipeline of four stages.
    pub(crate) async fn start(server: &'a Server, title: &str) -> Self {
        let scene = Self::queued(server, title).await;
        scene.planned().await;
        scene
    }

    /// Gives an execution its pipeline.
    pub(crate) async fn planned(&self) {
        let sentences = [
            "`buildspec.yml` is there: a Build stage runs it.".to_owned(),
            "`Dockerfile` is there: an Image stage builds it.".to_owned(),
            "`k8s/` is there: a Deploy stage applies it to the cluster local.".to_owned(),
        ];
        let (store, at) = (&self.server.store, Timestamp(self.now));
        store
            .set_pipeline(&self.key, &pipeline(), &sentences, at)
            .await
            .unwrap();
    }

    /// An execution that has not been planned yet.
    pub(crate) async fn queued(server: &'a Server, title: &str) -> Self {
        Self::of(server, "hello", "main", title).await
    }

    /// The same of any project, which must be there, and branch.
    pub(crate) async fn of(server: &'a Server, project: &str, branch: &str, title: &str) -> Self {
        let now = Timestamp::from(SystemTime::now()).0 - 31_000;
        let project: towpath_model::ProjectName = project.parse().unwrap();
        let request = format!("{now}-{}", title.len());
        let event = Event::StartRequested(StartRequested {
            project: project.clone(),
            commit: COMMIT.parse().unwrap(),
            request,
        });
        server
            .store
            .record_event(&event, Timestamp(now))
            .await
            .unwrap();
        let events = server.store.unhandled_events().await.unwrap();
        let new = NewExecution {
            project,
            trigger: Trigger::Push,
            ref_name: RefName::branch(branch).unwrap(),
            commit: COMMIT.parse().unwrap(),
            title: title.to_owned(),
            author: "Ada Lovelace".to_owned(),
        };
        let event = events.last().unwrap();
        let key = server
            .store
            .create_execution(event, &new, Timestamp(now))
            .await
            .unwrap();
        Self { server, key, now }
    }

    pub(crate) fn pass(&mut self, millis: i64) {
        self.now += millis;
    }

    pub(crate) async fn action(&self, stage: &str, action: &str) -> Running {
        let key = ActionKey {
            execution: self.key.clone(),
            stage: stage.parse().unwrap(),
            action: action.parse().unwrap(),
        };
        let run = self
            .server
            .store
            .start_action(&key, Timestamp(self.now))
            .await
            .unwrap();
        let log = self.server.logs.writer(&run).unwrap();
        Running { run, log }
    }

    pub(crate) async fn phase(
        &mut self,
        running: &Running,
        name: &str,
        millis: i64,
        status: Status,
    ) {
        let (store, run) = (&self.server.store, &running.run);
        store
            .start_phase(run, name, Timestamp(self.now))
            .await
            .unwrap();
        self.now += millis;
        if status.is_final() {
            store
                .finish_phase(run, name, status, Timestamp(self.now))
                .await
                .unwrap();
        }
    }

    pub(crate) async fn end_phase(
        &mut self,
        running: &Running,
        name: &str,
        millis: i64,
        status: Status,
    ) {
        self.now += millis;
        let (store, now) = (&self.server.store, Timestamp(self.now));
        store
            .finish_phase(&running.run, name, status, now)
            .await
            .unwrap();
    }

    pub(crate) async fn end(&self, running: Running, outcome: RunOutcome) {
        self.end_with(running, outcome, &[]).await;
    }

    pub(crate) async fn end_with(
        &self,
        running: Running,
        outcome: RunOutcome,
        artifacts: &[(&str, Artifact)],
    ) {
        let artifacts = artifacts
            .iter()
            .map(|(name, artifact)| (name.parse().unwrap(), *artifact));
        let artifacts: BTreeMap<_, _> = artifacts.collect();
        let (store, now) = (&self.server.store, Timestamp(self.now));
        store
            .finish_action(&running.run, &outcome, &artifacts, &BTreeMap::new(), now)
            .await
            .unwrap();
    }

    pub(crate) async fn release(&self, manifests: &str) {
        let blob = self.server.blobs.put(manifests.to_owned()).await.unwrap();
        let release = Release {
            execution: self.key.clone(),
            cluster: "local".parse().unwrap(),
            namespace: "hello".parse().unwrap(),
            image: Some(format!("127.0.0.1:8480/hello@{}", blob.digest)),
            manifests: blob.digest,
            created_at: Timestamp(self.now),
        };
        self.server.store.record_release(&release).await.unwrap();
    }

    pub(crate) async fn finish(&self, outcome: Status, reason: Option<&str>) {
        let store = &self.server.store;
        store
            .finish_execution(&self.key, outcome, reason, Timestamp(self.now))
            .await
            .unwrap();
    }

    pub(crate) fn page(&self) -> String {
        format!(
            "/projects/{}/executions/{}",
            self.key.project, self.key.number
        )
    }

    pub(crate) fn api(&self) -> String {
        format!("/api/v1{}", self.page())
    }
}

fn pipeline() -> Pipeline {
    let action = |name: &str, category: &str, inputs: &[&str], outputs: &[&str]| {
        let artifacts = |names: &[&str]| -> Vec<_> {
            names.iter().map(|name| json!({ "name": name })).collect()
        };
        json!({
            "name": name, "runOrder": 1,
            "actionTypeId": { "category": category, "owner": "Towpath", "provider": name, "version": "1" },
            "inputArtifacts": artifacts(inputs), "outputArtifacts": artifacts(outputs),
        })
    };
    let stage =
        |name: &str, actions: &[serde_json::Value]| json!({ "name": name, "actions": actions });
    let pipeline = json!({ "name": "hello", "stages": [
        stage("Source", &[action("Source", "Source", &[], &["SourceOutput"])]),
        stage("Build", &[action("Build", "Build", &["SourceOutput"], &["BuildOutput"]),
            action("Lint", "Test", &["SourceOutput"], &[])]),
        stage("Image", &[action("Image", "Build", &["BuildOutput"], &["ImageOutput"])]),
        stage("Deploy", &[action("Deploy", "Deploy", &["ImageOutput"], &[])]),
    ]});
    serde_json::from_value(pipeline).unwrap()
}

/// A story up to the build's output, which goes on.
pub(crate) async fn building<'a>(server: &'a Server, title: &str) -> (Scene<'a>, Running) {
    let mut scene = Scene::start(server, title).await;
    let mut source = scene.action("Source", "Source").await;
    source
        .log
        .write(b"commit 8f3c1d2 on main, 14 files\n")
        .unwrap();
    scene.pass(180);
    let zip = server.blobs.put("a zip").await.unwrap();
    scene
        .end_with(source, RunOutcome::Succeeded, &[("SourceOutput", zip)])
        .await;
    let mut lint = scene.action("Build", "Lint").await;
    lint.log.write(b"$ cargo clippy\n").unwrap();
    let mut build = scene.action("Build", "Build").await;
    build.log.write(OUTPUT.as_bytes()).unwrap();
    scene.phase(&build, "install", 40, Status::Succeeded).await;
    scene
        .phase(&build, "pre_build", 900, Status::Succeeded)
        .await;
    scene.end(lint, RunOutcome::Succeeded).await;
    scene.phase(&build, "build", 3600, Status::Running).await;
    (scene, build)
}

const OUTPUT: &str = "\
$ rustc --test src/server.rs -o target/tests\n\
$ target/tests\n\
\n\
running 12 tests\n\
test page::answers_200 ... \u{1b}[32mok\u{1b}[0m\n\
test page::has_the_colour ... \u{1b}[32mok\u{1b}[0m\n\
test result: \u{1b}[32mok\u{1b}[0m. 12 passed; 0 failed; finished in 0.02s\n\
$ rustc -O -C target-feature=+crt-static src/server.rs -o dist/server\n\
\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m\u{1b}[1m: unused variable: `peer`\u{1b}[0m\n\
\u{20} \u{1b}[34m-->\u{1b}[0m src/server.rs:31:17\n\
\u{20}  \u{1b}[34m|\u{1b}[0m\n\
\u{1b}[34m31 |\u{1b}[0m     let (stream, peer) = listener.accept()?;\n\
\u{20}  \u{1b}[34m|\u{1b}[0m                  \u{1b}[33m^^^^ help: prefix it with an underscore: `_peer`\u{1b}[0m\n\
Uploading with token ***\n";
