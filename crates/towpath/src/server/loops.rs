//! Everything that goes on by itself while a server runs.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

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
    let mut tasks = JoinSet::new();
    let engine = parts.engine.clone();
    let stop = shutdown.clone();
    tasks.spawn(async move { engine.run(stop).await });
    let remotes = parts.remotes.clone();
    let stop = shutdown.clone();
    tasks.spawn(async move { remotes.run(stop).await });
    let deletions = parts.deletions.clone();
    let stop = shutdown.clone();
    tasks.spawn(async move { deletions.run(stop).await });
    let pull_tokens = parts.pull_tokens.clone();
    let stop = shutdown.clone();
    tasks.spawn(async move { pull_tokens.run(stop).await });
    tasks.spawn(observe(parts.repositories.clone(), shutdown.clone()));
    tasks.spawn(make_machine_folders(
        parts.host.clone(),
        parts.machine.clone(),
    ));
    let repositories = (parts.store.clone(), parts.repositories.clone());
    tasks.spawn(repack(repositories, shutdown.clone()));
    let collector = parts.collector.clone();
    let stop = shutdown.clone();
    tasks.spawn(async move { collector.run(stop).await });
    tasks.spawn(serve(listener, parts.app(web), shutdown.clone()));
    tasks
}

/// Pages that cannot be served end the server: nobody would notice otherwise.
async fn serve(listener: TcpListener, app: App, shutdown: CancellationToken) {
    let stop = shutdown.clone();
    if let Err(error) = towpath_web::serve(listener, app, stop.cancelled_owned()).await {
        tracing::error!(%error, "the server ends");
        shutdown.cancel();
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
