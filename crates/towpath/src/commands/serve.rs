use anyhow::Result;

use crate::cli::ServeOptions;
use crate::exit::Verdict;
use crate::server::{self, Server};

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(options: ServeOptions) -> Result<Verdict> {
    let server = server::start(options.into()).await?;
    greet(&server);
    let verdict = tokio::select! {
        interrupted = server::interrupted() => interrupted.map(|()| Verdict::Fine)?,
        () = server.failed() => Verdict::CouldNotRun,
    };
    server.shutdown().await;
    Ok(verdict)
}

/// The token is shown here once and never again.
fn greet(server: &Server) {
    if let Some(token) = server.admin_token() {
        println!("Admin token, shown only now: {token}");
        if let Some(file) = server.token_file() {
            println!("It is also in {}", file.display());
        }
    }
    for note in server.notes() {
        println!("Note: {note}");
    }
    println!("Listening on {}", server.url());
}
