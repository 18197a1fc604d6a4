//! `towpath exec`: a shell, or a command, in the sandbox of a failed build.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use reqwest::Upgraded;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use towpath_web::api::wire::{ExecControl, ExecEnd, ExecStart, ExecTerminal, ExecutionDocument};

use crate::cli::ExecOptions;
use crate::client::Client;
use crate::exit::Verdict;
use crate::tty::{self, Event, Tty};

type Socket = WebSocketStream<Upgraded>;

pub async fn run(options: ExecOptions) -> Result<Verdict> {
    let at_terminal = tty::is_there();
    if options.command.is_empty() && !at_terminal {
        bail!("a shell needs a terminal to sit at; give a command instead: -- CMD ...");
    }
    let client = Client::from_options(&options.server)?;
    let path = path(&client, &options).await?;
    let mut socket = client.web_socket(&path).await?;
    let start = ExecStart {
        argv: options.command,
        terminal: at_terminal.then(terminal),
    };
    say(&mut socket, &serde_json::to_string(&start)?).await?;
    let end = match at_terminal {
        true => sit_at(&mut socket).await?,
        false => listen(&mut socket).await?,
    };
    match end {
        ExecEnd::Exited { code } => Ok(Verdict::Code(u8::try_from(code).unwrap_or(u8::MAX))),
        ExecEnd::Failed { message } => bail!("{message}"),
    }
}

fn terminal() -> ExecTerminal {
    let size = tty::size();
    ExecTerminal {
        kind: tty::kind(),
        rows: size.rows,
        columns: size.columns,
    }
}

/// `ACTION` alone is looked up in the execution.
async fn path(client: &Client, options: &ExecOptions) -> Result<String> {
    let execution = format!(
        "/projects/{}/executions/{}",
        options.project, options.execution
    );
    let document: ExecutionDocument = client.get(&execution).await?;
    let names: Vec<String> = document
        .stages
        .iter()
        .flat_map(|stage| {
            let name = move |action: &towpath_web::api::wire::ActionDocument| {
                format!("{}/{}", stage.name, action.name)
            };
            stage.actions.iter().map(name)
        })
        .collect();
    let asked = &options.action;
    let is_asked = |name: &&String| {
        *name == asked
            || name
                .split_once('/')
                .is_some_and(|(_, action)| action == asked)
    };
    let name = names.iter().find(is_asked).with_context(|| {
        format!(
            "execution {} of {} has no action {asked}; it has {}",
            options.execution,
            options.project,
            names.join(", ")
        )
    })?;
    Ok(format!("{execution}/actions/{name}/exec"))
}

/// Hands what is typed on and shows what comes, until the command has ended.
async fn sit_at(socket: &mut Socket) -> Result<ExecEnd> {
    let mut tty = Tty::take()?;
    loop {
        tokio::select! {
            message = socket.next() => {
                if let Some(end) = shown(message)? {
                    return Ok(end);
                }
            }
            event = tty.next() => match event {
                Event::Typed(keys) => socket.send(Message::Binary(keys.into())).await?,
                Event::Resized(size) => {
                    let resize = ExecControl::Resize { rows: size.rows, columns: size.columns };
                    say(socket, &serde_json::to_string(&resize)?).await?;
                }
                Event::Gone => bail!("hung up"),
            },
        }
    }
}

async fn listen(socket: &mut Socket) -> Result<ExecEnd> {
    loop {
        let message = socket.next().await;
        if let Some(end) = shown(message)? {
            return Ok(end);
        }
    }
}

/// The server's last word, if it is that; all else is shown.
fn shown(
    message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
) -> Result<Option<ExecEnd>> {
    match message.context("the server closed the connection")? {
        Ok(Message::Binary(bytes)) => tty::show(&bytes).map(|()| None),
        Ok(Message::Text(text)) => Ok(Some(
            serde_json::from_str(&text).context("not what this version's server says")?,
        )),
        Ok(Message::Close(_)) => bail!("the server ended the session"),
        Ok(_) => Ok(None),
        Err(error) => Err(error).context("the connection to the server broke"),
    }
}

async fn say(socket: &mut Socket, text: &str) -> Result<()> {
    Ok(socket.send(Message::Text(text.into())).await?)
}
