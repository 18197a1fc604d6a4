//! One person, or program, in a kept sandbox.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use tokio::time::{Instant, Interval, timeout};
use towpath_model::workspace::Exit;
use towpath_pipeline::kept::{Guest, LONGEST_VISIT, TerminalSize};

use crate::api::wire::{ExecControl, ExecEnd, ExecStart, ExecTerminal};

const CHUNK: usize = 16 << 10;
/// How long the first message may take.
const GREETING: Duration = Duration::from_secs(10);
/// How often the client has to show that it is there, and after how long it is taken for gone.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(70);
/// A client that takes nothing for so long is gone, too.
const STUCK: Duration = Duration::from_secs(60);

/// Whatever happens, what runs for the client ends with it.
pub(super) async fn serve(guest: Guest, socket: WebSocket) {
    let mut session = Session::new(socket);
    let end = match timeout(LONGEST_VISIT, session.run(&guest)).await {
        Ok(Ok(exit)) => ExecEnd::Exited { code: code(exit) },
        Ok(Err(Broken::Command(message))) => ExecEnd::Failed { message },
        Ok(Err(Broken::Client(why))) => return tracing::debug!(%why, "a client of exec has gone"),
        Err(_) => ExecEnd::Failed {
            message: format!("a session ends after {} h", LONGEST_VISIT.as_secs() / 3600),
        },
    };
    if let Err(Broken::Client(why) | Broken::Command(why)) = session.finish(&end).await {
        tracing::debug!(%why, "a client of exec did not hear the end");
    }
}

struct Session {
    socket: WebSocket,
    pings: Interval,
    heard: Instant,
}

/// Why a session cannot go on.
enum Broken {
    /// Nobody is there to be told.
    Client(String),
    Command(String),
}

/// What the client does.
enum Ask {
    Type(Bytes),
    Resize(TerminalSize),
    Nothing,
}

impl Session {
    fn new(socket: WebSocket) -> Self {
        Self {
            socket,
            pings: tokio::time::interval(PING),
            heard: Instant::now(),
        }
    }

    async fn run(&mut self, guest: &Guest) -> Result<Exit, Broken> {
        let start = match timeout(GREETING, self.start()).await {
            Ok(start) => start?,
            Err(_) => return Err(Broken::Command("no first message came".to_owned())),
        };
        match (&start.terminal, start.argv.is_empty()) {
            (Some(terminal), _) => self.at_terminal(guest, &start.argv, terminal).await,
            (None, false) => self.without(guest, &start.argv).await,
            (None, true) => Err(Broken::Command("a shell takes a terminal".to_owned())),
        }
    }

    async fn start(&mut self) -> Result<ExecStart, Broken> {
        match self.socket.recv().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text)
                .map_err(|error| Broken::Command(format!("the first message: {error}"))),
            Some(Ok(_)) => Err(Broken::Command("the first message is not text".to_owned())),
            Some(Err(error)) => Err(Broken::Client(error.to_string())),
            None => Err(Broken::Client("closed".to_owned())),
        }
    }

    async fn at_terminal(
        &mut self,
        guest: &Guest,
        argv: &[String],
        wanted: &ExecTerminal,
    ) -> Result<Exit, Broken> {
        let size = TerminalSize {
            rows: wanted.rows,
            columns: wanted.columns,
        };
        let opened = guest.open_terminal(argv, &wanted.kind, size).await;
        let terminal = opened.map_err(ours)?;
        let mut typed = Bytes::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            tokio::select! {
                read = terminal.read(&mut chunk) => match read.map_err(ours)? {
                    0 => return terminal.wait().await.map_err(ours),
                    count => self.show(&chunk[..count]).await?,
                },
                written = terminal.write(&typed), if !typed.is_empty() => {
                    drop(typed.split_to(written.map_err(ours)?));
                }
                ask = self.next(), if typed.is_empty() => match ask? {
                    Ask::Type(keys) => typed = keys,
                    Ask::Resize(size) => terminal.resize(size).map_err(ours)?,
                    Ask::Nothing => {}
                },
            }
        }
    }

    async fn without(&mut self, guest: &Guest, argv: &[String]) -> Result<Exit, Broken> {
        let mut process = guest.start(argv).await.map_err(ours)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            tokio::select! {
                read = process.read(&mut chunk) => match read.map_err(ours)? {
                    0 => return process.wait().await.map_err(ours),
                    count => self.show(&chunk[..count]).await?,
                },
                ask = self.next() => drop(ask?),
            }
        }
    }

    async fn show(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.send(Message::Binary(Bytes::copy_from_slice(bytes)))
            .await
    }

    /// What the client does next, or that it is time to look again. Cancel safe.
    async fn next(&mut self) -> Result<Ask, Broken> {
        tokio::select! {
            message = self.socket.recv() => {
                self.heard = Instant::now();
                match message {
                    Some(Ok(message)) => asked(message),
                    Some(Err(error)) => Err(Broken::Client(error.to_string())),
                    None => Err(Broken::Client("closed".to_owned())),
                }
            }
            _ = self.pings.tick() => {
                if self.heard.elapsed() > SILENCE {
                    return Err(Broken::Client("silent".to_owned()));
                }
                self.send(Message::Ping(Bytes::new())).await?;
                Ok(Ask::Nothing)
            }
        }
    }

    async fn finish(&mut self, end: &ExecEnd) -> Result<(), Broken> {
        let text = serde_json::to_string(end).map_err(ours)?;
        self.send(Message::Text(text.into())).await?;
        self.send(Message::Close(None)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Broken> {
        match timeout(STUCK, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| Broken::Client(error.to_string())),
            Err(_) => Err(Broken::Client("takes nothing".to_owned())),
        }
    }
}

fn asked(message: Message) -> Result<Ask, Broken> {
    match message {
        Message::Binary(bytes) => Ok(Ask::Type(bytes)),
        Message::Text(text) => match serde_json::from_str(&text) {
            Ok(ExecControl::Resize { rows, columns }) => {
                Ok(Ask::Resize(TerminalSize { rows, columns }))
            }
            Err(error) => Err(Broken::Command(format!("a message: {error}"))),
        },
        Message::Ping(_) | Message::Pong(_) => Ok(Ask::Nothing),
        Message::Close(_) => Err(Broken::Client("closed".to_owned())),
    }
}

fn ours(error: impl std::fmt::Display) -> Broken {
    Broken::Command(error.to_string())
}

/// As a shell has it in `$?`.
fn code(exit: Exit) -> i32 {
    match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => 128 + signal,
        Exit::TimedOut | Exit::OutOfMemory => 128 + 9,
    }
}
