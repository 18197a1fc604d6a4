//! Repositories behind a real HTTP server, and the real `git` as their client.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;
use towpath_git::{Options, Repositories};
use towpath_model::{ClusterName, CommitId, Project, ProjectName, RefName, RefUpdated, Timestamp};
use towpath_store::{Blobs, Store};

pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    pub(crate) repositories: Repositories,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

pub(crate) fn project() -> ProjectName {
    "hello".parse().unwrap()
}

pub(crate) fn main_branch() -> RefName {
    RefName::branch("main").unwrap()
}

impl Fixture {
    /// With the project `hello` and its empty repository.
    pub(crate) async fn new() -> Self {
        let fixture = Self::without_project(Options::default()).await;
        fixture.add_project().await;
        fixture
            .repositories
            .create(&project(), &main_branch())
            .await
            .unwrap();
        fixture
    }

    pub(crate) async fn without_project(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let blobs = Blobs::open(&dir.path().join("blobs")).unwrap();
        let root = dir.path().join("repos");
        let repositories = Repositories::open(root, store.clone(), blobs.clone(), options)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, repositories.clone()));
        Self {
            dir,
            repositories,
            store,
            blobs,
            address,
            server,
        }
    }

    pub(crate) async fn add_project(&self) {
        let project = Project {
            name: project(),
            branch: main_branch(),
            cluster: ClusterName::local(),
            namespace: project().default_namespace(),
            created_at: now(),
        };
        self.store.create_project(&project).await.unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/git/hello.git", self.address)
    }

    /// A working copy without any commit, on branch main, with the server as `origin`.
    pub(crate) async fn working_copy(&self, name: &str) -> WorkingCopy {
        let copy = WorkingCopy {
            path: self.dir.path().join(name),
        };
        fs::create_dir(&copy.path).unwrap();
        copy.git(&["init", "--quiet", "--initial-branch=main"])
            .await;
        copy.git(&["remote", "add", "origin", &self.url()]).await;
        copy
    }

    /// A working copy whose main branch with the given files has been pushed; its commit.
    pub(crate) async fn pushed(&self, files: &[(&str, &str)]) -> (WorkingCopy, CommitId) {
        let copy = self.working_copy("copy").await;
        for (name, content) in files {
            copy.write(name, content);
        }
        let commit = copy.commit("first").await;
        copy.git(&["push", "--quiet", "origin", "main"]).await;
        (copy, commit)
    }

    pub(crate) async fn clone_to(&self, name: &str, options: &[&str]) -> WorkingCopy {
        let copy = WorkingCopy {
            path: self.dir.path().join(name),
        };
        let (url, path) = (self.url(), copy.path.display().to_string());
        let mut arguments = vec!["clone", "--quiet"];
        arguments.extend(options);
        arguments.extend([&*url, &*path]);
        expect_success(&run_git(self.dir.path(), &arguments).await);
        copy
    }

    /// git directly in the bare repository, behind the server's back.
    pub(crate) async fn bare_git(&self, arguments: &[&str]) -> String {
        let output = run_git(&self.repositories.path(&project()), arguments).await;
        expect_success(&output)
    }

    /// All events so far, as `ref old new generation` with shortened commits.
    pub(crate) async fn events(&self) -> Vec<String> {
        let events = self.store.unhandled_events().await.unwrap();
        events
            .into_iter()
            .map(|stored| match stored.event {
                towpath_model::Event::RefUpdated(update) => show(&update),
                other => panic!("unexpected event {other:?}"),
            })
            .collect()
    }

    /// Running http backends of this fixture, with git's own children.
    pub(crate) fn backends(&self) -> usize {
        self.backend_environments().len()
    }

    /// The environment that each of them was started with.
    pub(crate) fn backend_environments(&self) -> Vec<Vec<String>> {
        let root = self.dir.path().join("repos");
        let ours = format!("GIT_PROJECT_ROOT={}", root.display());
        let processes = fs::read_dir("/proc").unwrap();
        let environments = processes.map(|entry| environment(&entry.unwrap().path()));
        environments
            .filter(|environment| environment.contains(&ours))
            .collect()
    }
}

/// What a process was started with; nothing when it is gone or another user's.
fn environment(process: &Path) -> Vec<String> {
    let bytes = fs::read(process.join("environ")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.split_terminator('\0').map(str::to_owned).collect()
}

pub(crate) fn show(update: &RefUpdated) -> String {
    let short = |commit: &Option<CommitId>| {
        commit
            .as_ref()
            .map_or("-".to_owned(), |commit| commit.short().to_owned())
    };
    let RefUpdated {
        ref_name,
        old,
        new,
        generation,
        ..
    } = update;
    format!(
        "{} {} {} {generation}",
        ref_name.as_str(),
        short(old),
        short(new)
    )
}

pub(crate) struct WorkingCopy {
    pub(crate) path: PathBuf,
}

impl WorkingCopy {
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Commits everything.
    pub(crate) async fn commit(&self, message: &str) -> CommitId {
        self.git(&["add", "--all"]).await;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])
            .await;
        self.head().await
    }

    pub(crate) async fn head(&self) -> CommitId {
        self.git(&["rev-parse", "HEAD"])
            .await
            .trim()
            .parse()
            .unwrap()
    }

    /// Runs git, which must succeed, and gives what it printed.
    pub(crate) async fn git(&self, arguments: &[&str]) -> String {
        expect_success(&self.try_git(arguments).await)
    }

    pub(crate) async fn try_git(&self, arguments: &[&str]) -> Output {
        run_git(&self.path, arguments).await
    }
}

fn expect_success(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git failed: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The client's environment is the same everywhere, so that commits are the same too.
pub(crate) async fn run_git(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_NAME", "Ada")
        .env("GIT_COMMITTER_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_DATE", "1700000001 +0000")
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

async fn serve(listener: TcpListener, repositories: Repositories) {
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let repositories = repositories.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let repositories = repositories.clone();
            async move { Ok::<_, Infallible>(repositories.handle(&project(), request).await) }
        });
        tokio::spawn(async move {
            // A client that breaks off is part of the tests.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
    }
}
