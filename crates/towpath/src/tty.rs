//! The terminal at which this program was started, for commands that hand it on to a shell elsewhere.

use std::io::{Read, Write};
use std::thread;

use anyhow::{Context, Result};
use console::Term;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use towpath_sandbox::TerminalSize;

const CHUNK: usize = 4096;
/// What is typed ahead, in chunks.
const AHEAD: usize = 16;

/// Keys come as they are typed, and what is printed is not changed, until this is dropped.
pub struct Tty {
    keys: mpsc::Receiver<Vec<u8>>,
    resized: Signal,
    terminated: Signal,
    before: Termios,
}

pub enum Event {
    Typed(Vec<u8>),
    Resized(TerminalSize),
    /// Nobody can type any more.
    Gone,
}

/// Whether somebody sits here: both ends are terminals.
pub fn is_there() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin()) && Term::stdout().is_term()
}

/// What kind it is (`TERM`).
pub fn kind() -> String {
    let kind = std::env::var("TERM").ok().filter(|kind| !kind.is_empty());
    kind.unwrap_or_else(|| "dumb".to_owned())
}

pub fn size() -> TerminalSize {
    match tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => TerminalSize {
            rows: size.ws_row,
            columns: size.ws_col,
        },
        _ => TerminalSize::default(),
    }
}

impl Tty {
    pub fn take() -> Result<Self> {
        let failed = "cannot take over this terminal";
        let before = tcgetattr(std::io::stdin()).context(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        let (resized, terminated) = (
            signal(SignalKind::window_change())?,
            signal(SignalKind::terminate())?,
        );
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).context(failed)?;
        Ok(Self {
            keys: keys(),
            resized,
            terminated,
            before,
        })
    }

    /// Cancel safe.
    pub async fn next(&mut self) -> Event {
        tokio::select! {
            typed = self.keys.recv() => typed.map_or(Event::Gone, Event::Typed),
            _ = self.resized.recv() => Event::Resized(size()),
            _ = self.terminated.recv() => Event::Gone,
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before) {
            tracing::error!(%error, "the terminal stays as it is; `reset` brings it back");
        }
    }
}

/// Shows bytes as they are.
pub fn show(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// From a thread of its own, which ends with the program: a read of a terminal cannot be called off.
fn keys() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        let mut chunk = [0; CHUNK];
        let mut stdin = std::io::stdin();
        while let Ok(count @ 1..) = stdin.read(&mut chunk) {
            if sender.blocking_send(chunk[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}
