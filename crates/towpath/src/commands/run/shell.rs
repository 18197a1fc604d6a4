//! A shell where a build failed.

use anyhow::Result;
use towpath_model::ActionRunKey;
use towpath_pipeline::kept::{Guest, GuestTerminal};

use crate::server::Parts;
use crate::tty::{self, Event, Tty};

const CHUNK: usize = 16 << 10;

/// Opens the shell and returns when it has been left.
pub async fn visit(parts: &Parts, run: &ActionRunKey) -> Result<()> {
    let Some(guest) = parts.kept.enter(run) else {
        println!(
            "No shell: {} has no sandbox that stays; builds do.",
            run.action.action
        );
        return Ok(());
    };
    println!("A shell where it failed; leaving it ends the run.");
    sit_at(&guest).await
}

async fn sit_at(guest: &Guest) -> Result<()> {
    let terminal = guest.open_terminal(&[], &tty::kind(), tty::size()).await?;
    let mut tty = Tty::take()?;
    let mut typed: Vec<u8> = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        tokio::select! {
            read = terminal.read(&mut chunk) => match read? {
                0 => return Ok(()),
                count => tty::show(&chunk[..count])?,
            },
            written = terminal.write(&typed), if !typed.is_empty() => drop(typed.drain(..written?)),
            event = tty.next(), if typed.is_empty() => match event {
                Event::Typed(keys) => typed = keys,
                Event::Resized(size) => terminal.resize(size)?,
                Event::Gone => return hang_up(terminal),
            },
        }
    }
}

/// Whoever has gone leaves nothing running.
fn hang_up(terminal: GuestTerminal) -> Result<()> {
    drop(terminal);
    Ok(())
}
