use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use towpath_web::api::wire::ProjectList;

use crate::cli::LoginOptions;
use crate::client::Client;
use crate::credentials::{self, Credentials};
use crate::exit::Verdict;

/// Tries the token before it is stored.
pub async fn run(options: LoginOptions) -> Result<Verdict> {
    let server = Client::from_options(&options.server)?.server().clone();
    let token = read_token(&options)?;
    let client = Client::new(server.clone(), Some(token.clone()));
    let _: ProjectList = client
        .get("/projects")
        .await
        .context("the token was not accepted")?;
    let path = credentials::store(&Credentials {
        server: server.clone(),
        token,
    })?;
    println!("Logged in to {server}; the token is in {}", path.display());
    Ok(Verdict::Fine)
}

fn read_token(options: &LoginOptions) -> Result<String> {
    let token = match (&options.server.token, &options.token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(file)) => {
            std::fs::read_to_string(file).with_context(|| file.display().to_string())?
        }
        (None, None) => ask()?,
    };
    match token.trim() {
        "" => bail!("the token is empty"),
        token => Ok(token.to_owned()),
    }
}

/// From the terminal without echo, else from standard input.
fn ask() -> Result<String> {
    if std::io::stdin().is_terminal() {
        print!("Token: ");
        std::io::stdout().flush()?;
        return Ok(console::Term::stdout().read_secure_line()?);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}
