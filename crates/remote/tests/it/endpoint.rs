//! A server's endpoint with nothing behind it but the [`Hub`], and a worker that calls it: a real program.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, future};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};
use towpath_remote::{Hub, JobId, RemoteWorkspace, Timing};

use crate::proxy::Proxy;

/// Short, so that tests of cuts need not wait long.
pub(crate) fn timing() -> Timing {
    Timing {
        lease: Duration::from_secs(10),
        ping: Duration::from_millis(200),
    }
}

pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) proxy: Proxy,
    pub(crate) worker: Worker,
    job: JobId,
    workspace: Option<RemoteWorkspace>,
    server: JoinHandle<()>,
}

impl Place {
    pub(crate) async fn new(timing: Timing) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::new(timing);
        let (address, server) = serve(hub.clone()).await;
        let proxy = Proxy::start(address).await;
        let work = hub.open(JobId::random());
        let url = format!("http://{}/work/v1/{}", proxy.address(), work.id());
        let job = work.id().clone();
        let worker = Worker::start(&url, &folder.path().join("job"));
        let workspace = Some(work.workspace().await.unwrap());
        Self {
            folder,
            proxy,
            worker,
            job,
            workspace,
            server,
        }
    }

    pub(crate) fn workspace(&self) -> &RemoteWorkspace {
        self.workspace.as_ref().unwrap()
    }

    pub(crate) fn job(&self) -> &JobId {
        &self.job
    }

    pub(crate) fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// The worker ends with its job and leaves nothing.
    pub(crate) async fn close(mut self) {
        drop(self.workspace.take());
        assert!(self.worker.ended().await.success());
        let left = std::fs::read_dir(self.folder.path().join("job")).unwrap();
        assert_eq!(left.count(), 0);
        self.server.abort();
    }
}

async fn serve(hub: Hub) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(hub.clone(), stream));
        }
    });
    (address, server)
}

#[expect(clippy::result_large_err, reason = "the library's signature")]
async fn answer(hub: Hub, stream: TcpStream) {
    use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
    let mut job = None;
    let look = |request: &Request, response: Response| {
        let path = request.uri().path();
        job = path.rsplit('/').next().map(|id| JobId::from(id.to_owned()));
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, look).await else {
        return;
    };
    let (to, from) = socket.split();
    let to = to.with(|bytes| future::ready(Ok::<_, Error>(Message::Binary(bytes))));
    let from = from.filter_map(|message| future::ready(content(message)));
    let ended = hub.serve(&job.unwrap(), to, from).await;
    println!("a connection ended: {ended}");
}

fn content(message: Result<Message, Error>) -> Option<Result<Bytes, String>> {
    match message {
        Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
        Ok(_) => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

pub(crate) struct Worker(Child);

impl Worker {
    pub(crate) fn start(url: &str, folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_towpath-worker"))
            .env("TOWPATH_WORK_URL", url)
            .env("TOWPATH_WORK_TOKEN", "token")
            .env("TOWPATH_WORK_FOLDER", folder)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        towpath_testkit::eventually_async("the worker to end", || {
            let ended = self.0.try_wait().unwrap();
            async move { ended }
        })
        .await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}
