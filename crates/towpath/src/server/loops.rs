//! Everything that goes on by itself while a server runs.

use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use towpath_git::Repositories;
use towpath_sandbox::Host;
use towpath_store::Store;
use towpath_web::{App, WebConfig};

use super::parts::Parts;

/// How often it looks for refs that moved behind the server's back.
const OBSERVE: Duration = Duration::from_secs(10);
const REPACK: Duration = Duration::from_secs(24 * 60 * 60);

pub fn start(
    parts: &Parts,
    listener: TcpListener,
    web: WebConfig,
    shutdown: &CancellationToken,
) -> JoinSet<()> {
    let mut loops = Loops::new(shutdown);
    let engine = parts.engine.clone();
    loops.run("engine", move |stop| async move { engine.run(stop).await });
    let remotes = parts.remotes.clone();
    loops.run(
        "remotes",
        move |stop| async move { remotes.run(stop).await },
    );
    let deletions = parts.deletions.clone();
    loops.run(
        "deletions",
        move |stop| async move { deletions.run(stop).await },
    );
    let pull_tokens = parts.pull_tokens.clone();
    loops.run("pull tokens", move |stop| async move {
        pull_tokens.run(stop).await
    });
    let collector = parts.collector.clone();
    loops.run(
        "retention",
        move |stop| async move { collector.run(stop).await },
    );
    let repositories = parts.repositories.clone();
    loops.run("refs", |stop| observe(repositories, stop));
    let repositories = (parts.store.clone(), parts.repositories.clone());
    loops.run("repacking", |stop| repack(repositories, stop));
    let app = parts.app(web);
    loops.run("pages", |stop| serve(listener, app, stop));
    let folders = make_machine_folders(parts.host.clone(), parts.machine.clone());
    loops.tasks.spawn(folders);
    loops.tasks
}

struct Loops<'s> {
    tasks: JoinSet<()>,
    shutdown: &'s CancellationToken,
}

impl<'s> Loops<'s> {
    fn new(shutdown: &'s CancellationToken) -> Self {
        Self {
            tasks: JoinSet::new(),
            shutdown,
        }
    }

    /// Starts a loop that goes on until it is told to stop.
    fn run<F>(&mut self, name: &'static str, work: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = work(self.shutdown.clone());
        self.tasks.spawn(tend(name, work, self.shutdown.clone()));
    }
}

/// A loop that ends by itself, as by a panic, ends the server. One without its engine would take pushes and
/// do nothing, and nobody would notice; a start is a recovery.
async fn tend(name: &'static str, work: impl Future<Output = ()>, shutdown: CancellationToken) {
    // What a panic had to say was printed.
    let panicked = AssertUnwindSafe(work).catch_unwind().await.is_err();
    if !shutdown.is_cancelled() {
        tracing::error!(name, panicked, "a loop has broken off: the server ends");
        shutdown.cancel();
    }
}

async fn serve(listener: TcpListener, app: App, shutdown: CancellationToken) {
    if let Err(error) = towpath_web::serve(listener, app, shutdown.cancelled_owned()).await {
        tracing::error!(%error, "cannot listen any more");
    }
}

/// Builds start without them meanwhile.
async fn make_machine_folders(host: Host, folder: PathBuf) {
    if let Err(error) = host.make_machine_folders(&folder).await {
        tracing::warn!(%error, "builds cannot install packages");
    }
}

/// Packs what pushes have left loose, since git's own collection is off: it would race ours.
async fn repack(parts: (Store, Repositories), shutdown: CancellationToken) {
    let (store, repositories) = parts;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(REPACK) => {}
        }
        match store.projects().await {
            Ok(projects) => {
                for project in projects {
                    if let Err(error) = repositories.repack(&project.name).await {
                        tracing::error!(project = %project.name, %error, "cannot repack the repository");
                    }
                }
            }
            Err(error) => tracing::error!(%error, "cannot list the projects"),
        }
    }
}

async fn observe(repositories: Repositories, shutdown: CancellationToken) {
    loop {
        match repositories.observe_all(SystemTime::now().into()).await {
            Ok(observed) => observed.into_iter().for_each(|(project, updates)| {
                if let Err(error) = updates {
                    tracing::error!(%project, %error, "cannot read the repository's refs");
                }
            }),
            Err(error) => tracing::error!(%error, "cannot look for refs that moved"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(OBSERVE) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_breaks_off_ends_the_server() {
        let shutdown = CancellationToken::new();
        let broken = async { panic!("on purpose") };
        tend("broken", broken, shutdown.clone()).await;
        assert!(shutdown.is_cancelled());
    }
}
