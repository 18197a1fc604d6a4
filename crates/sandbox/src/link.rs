//! The server's end of the socket to one init process.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use towpath_model::workspace::Exit;

use crate::init_process::InitProcess;
use crate::oom::OomCount;
use crate::wire::{self, End, ExecId, Reply, Request};
use crate::{InitProgram, SandboxError};

/// As much as is read of what the init program complains about.
const COMPLAINT: u64 = 4096;

/// Speaks with an init process. Closing it ends everything that the process holds.
pub(crate) struct Link {
    socket: Arc<UnixStream>,
    messages: mpsc::UnboundedSender<Message>,
    ends: Arc<Ends>,
    next: AtomicU64,
}

/// Those who wait for the end of a running command. Gone when the link is.
type Ends = Mutex<Option<BTreeMap<ExecId, Awaited>>>;

struct Awaited {
    exit: watch::Sender<Option<Exit>>,
    oom: OomCount,
}

struct Message {
    bytes: Vec<u8>,
    fds: Vec<Arc<OwnedFd>>,
}

impl Link {
    /// Starts the init program, sends it its first message and waits for the answer.
    pub(crate) async fn start(
        program: &InitProgram,
        first: &Request,
        fds: Vec<Arc<OwnedFd>>,
    ) -> Result<(Self, InitProcess, Reply), SandboxError> {
        let (child, socket) = spawn(program).map_err(|source| SandboxError::Spawn {
            program: program.path.clone(),
            source,
        })?;
        let mut init = InitProcess::new(child);
        let message = message(first, fds)?;
        let answer = async {
            write(&socket, &message).await?;
            read(&socket).await
        };
        match answer.await {
            Ok(Some(reply)) => Ok((Self::new(socket), init, reply)),
            Ok(None) => Err(SandboxError::SetUp(complaint(&mut init).await)),
            Err(error) => Err(SandboxError::Protocol(format!(
                "{error}; {}",
                complaint(&mut init).await
            ))),
        }
    }

    fn new(socket: UnixStream) -> Self {
        let socket = Arc::new(socket);
        let ends = Arc::new(Mutex::new(Some(BTreeMap::new())));
        let (messages, outgoing) = mpsc::unbounded_channel();
        tokio::spawn(write_all(socket.clone(), outgoing));
        tokio::spawn(read_all(socket.clone(), ends.clone()));
        Self {
            socket,
            messages,
            ends,
            next: AtomicU64::new(1),
        }
    }

    /// A new command's id, and where its end will show.
    pub(crate) fn register(
        &self,
        oom: OomCount,
    ) -> Result<(ExecId, watch::Receiver<Option<Exit>>), SandboxError> {
        let id = ExecId(self.next.fetch_add(1, Ordering::Relaxed));
        let (exit, receiver) = watch::channel(None);
        let awaited = Awaited { exit, oom };
        lock(&self.ends)
            .as_mut()
            .ok_or(SandboxError::Ended)?
            .insert(id, awaited);
        Ok((id, receiver))
    }

    /// Never waits: what is sent is small, and the init process always listens.
    pub(crate) fn send(
        &self,
        request: &Request,
        fds: Vec<Arc<OwnedFd>>,
    ) -> Result<(), SandboxError> {
        self.messages
            .send(message(request, fds)?)
            .map_err(|_| SandboxError::Ended)
    }

    /// The init process sees the end of the socket and ends.
    pub(crate) fn close(&self) {
        if let Err(errno) = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both) {
            tracing::debug!(%errno, "the init process had closed the socket already");
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

fn spawn(init: &InitProgram) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let child = Command::new(&init.path)
        .args(&init.args)
        .arg("sandbox")
        .env_clear()
        .current_dir("/")
        // Ctrl-C is for the server, which then ends its sandboxes in order.
        .process_group(0)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    Ok((child, UnixStream::from_std(ours)?))
}

async fn complaint(init: &mut InitProcess) -> String {
    let mut text = Vec::new();
    if let Some(stderr) = init.child().and_then(|child| child.stderr.take())
        && let Err(error) = stderr.take(COMPLAINT).read_to_end(&mut text).await
    {
        tracing::debug!(%error, "reading what the init program complains about");
    }
    match String::from_utf8_lossy(&text).trim() {
        "" => "the init program ended without a word".into(),
        text => text.into(),
    }
}

fn message(request: &impl Serialize, fds: Vec<Arc<OwnedFd>>) -> Result<Message, SandboxError> {
    let bytes = wire::encode(request).map_err(SandboxError::io("cannot ask the init program"))?;
    Ok(Message { bytes, fds })
}

async fn write_all(socket: Arc<UnixStream>, mut messages: mpsc::UnboundedReceiver<Message>) {
    while let Some(message) = messages.recv().await {
        if let Err(error) = write(&socket, &message).await {
            tracing::debug!(%error, "the init process has ended");
            return;
        }
    }
}

async fn write(socket: &UnixStream, message: &Message) -> io::Result<()> {
    let fds: Vec<_> = message.fds.iter().map(|fd| fd.as_fd()).collect();
    let send = |from: usize| {
        let fds = if from == 0 { fds.as_slice() } else { &[] };
        socket.try_io(Interest::WRITABLE, || {
            wire::send_first(socket, &message.bytes[from..], fds)
        })
    };
    let mut sent = 0;
    while sent < message.bytes.len() {
        match send(sent) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Ends with the init process, and takes everybody's hope of an answer along.
async fn read_all(socket: Arc<UnixStream>, ends: Arc<Ends>) {
    loop {
        match read(&socket).await {
            Ok(Some(Reply::Exited { id, end })) => report(&ends, id, end),
            Ok(Some(reply)) => {
                tracing::error!(?reply, "the init process gave up");
                break;
            }
            Ok(None) => break,
            Err(error) => {
                tracing::debug!(%error, "the init process has ended");
                break;
            }
        }
    }
    lock(&ends).take();
}

fn report(ends: &Ends, id: ExecId, end: End) {
    let awaited = lock(ends).as_mut().and_then(|ends| ends.remove(&id));
    if let Some(Awaited { exit, oom }) = awaited {
        exit.send_replace(Some(to_exit(end, &oom)));
    }
}

/// At once, since the kernel's count goes with the sandbox.
fn to_exit(end: End, oom: &OomCount) -> Exit {
    match end {
        End::Code(0) => Exit::Code(0),
        // A shell turns the killed program's end into an exit code of its own.
        _ if oom.has_grown() => Exit::OutOfMemory,
        End::Code(code) => Exit::Code(code),
        End::Signal(signal) => Exit::Signal(signal),
    }
}

async fn read(socket: &UnixStream) -> io::Result<Option<Reply>> {
    let mut header = [0; 4];
    if !read_exact(socket, &mut header).await? {
        return Ok(None);
    }
    let mut body = vec![0; wire::body_length(header)?];
    if !read_exact(socket, &mut body).await? {
        return Ok(None);
    }
    wire::decode(&body).map(Some)
}

/// False at the end of the socket.
async fn read_exact(socket: &UnixStream, mut buffer: &mut [u8]) -> io::Result<bool> {
    while !buffer.is_empty() {
        socket.readable().await?;
        match socket.try_read(buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => buffer = &mut buffer[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
