use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use towpath_model::{ClusterName, Namespace, ProjectName, Provider, TopicArn};

use super::ServerOptions;

/// Where a project's repository lives, and with what it is reached.
#[derive(Debug, Clone, Args)]
pub struct RemoteOptions {
    /// Which git host it is, when the URL's host does not say: github, gitlab, gitea, bitbucket, codecommit, generic.
    #[arg(long, value_name = "HOST")]
    pub provider: Option<Provider>,
    /// The user of the token; most git hosts take any.
    #[arg(long, value_name = "USER")]
    pub remote_user: Option<String>,
    /// A token or password to fetch with by HTTPS.
    #[arg(long, value_name = "FILE")]
    pub remote_token_file: Option<PathBuf>,
    /// A private SSH key to fetch with, without passphrase.
    #[arg(long, value_name = "FILE", conflicts_with = "remote_token_file")]
    pub remote_ssh_key: Option<PathBuf>,
    /// The SSH hosts to trust, as ssh-keyscan prints them; else the first key that the host shows is kept.
    #[arg(long, value_name = "FILE")]
    pub known_hosts: Option<PathBuf>,
    /// A token for the git host's API: commit statuses go there, and the webhook is registered.
    #[arg(long, value_name = "FILE")]
    pub api_token_file: Option<PathBuf>,
    /// Registers no webhook although there is a token for it.
    #[arg(long)]
    pub no_webhook: bool,
    /// The secret that the git host signs with; else one is made.
    #[arg(long, value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,
    /// The Amazon SNS topic whose signed messages alone are taken, and whose subscription is confirmed; for
    /// CodeCommit. Empty for none any more.
    #[arg(long, value_name = "ARN")]
    pub sns_topic: Option<String>,
    /// How often the remote is looked at without being called, such as 60s or 10m, or `off`; by default 60s.
    #[arg(long, value_name = "INTERVAL")]
    pub poll: Option<Poll>,
}

#[derive(Debug, Args)]
pub struct ProjectRemoteOptions {
    pub name: ProjectName,
    /// Another address.
    #[arg(long)]
    pub url: Option<String>,
    #[command(flatten)]
    pub remote: RemoteOptions,
    #[command(flatten)]
    pub server: ServerOptions,
}

/// How often to poll; none is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll(pub Option<Duration>);

impl std::str::FromStr for Poll {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let factor = match unit {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => 0,
        };
        let number: Option<u64> = text[..text.len() - unit.len()].parse().ok();
        match number.and_then(|number| number.checked_mul(factor)) {
            Some(seconds) if seconds > 0 => Ok(Self(Some(Duration::from_secs(seconds)))),
            _ => Err("expected an interval such as 60s, 10m or 1h, or `off`".to_owned()),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Shows where the git host of a project is to call, and how that goes.
    Show(WebhookOptions),
    /// Makes a new secret for a project's webhook and shows it once; the old one ends.
    Secret(WebhookOptions),
    /// Registers the webhook at the git host; the project needs an API token.
    Register(WebhookOptions),
    /// Removes the webhook that was registered at the git host.
    Remove(WebhookOptions),
    /// Lets repositories make projects of themselves by their first push to one URL.
    Allow(Box<WebhookAllowOptions>),
    /// Lists which repositories may make projects of themselves.
    Allowed(ServerOptions),
    /// Ends that; projects that came of it stay.
    Disallow(WebhookDisallowOptions),
}

#[derive(Debug, Args)]
pub struct WebhookOptions {
    pub project: ProjectName,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct WebhookAllowOptions {
    /// HOST/OWNER/* or HOST/OWNER/NAME, such as github.com/acme/*
    pub pattern: String,
    /// Which git host it is, when its name does not say.
    #[arg(long, value_name = "HOST")]
    pub provider: Option<Provider>,
    /// The branch of the projects; by default each repository's own.
    #[arg(long)]
    pub branch: Option<String>,
    /// Where the projects are deployed.
    #[arg(long, default_value = "local")]
    pub cluster: ClusterName,
    /// Where their objects go that name no namespace; by default each project's name.
    #[arg(long)]
    pub namespace: Option<Namespace>,
    /// The user of the token; most git hosts take any.
    #[arg(long, value_name = "USER")]
    pub remote_user: Option<String>,
    /// A token with which the repositories are fetched.
    #[arg(long, value_name = "FILE")]
    pub remote_token_file: Option<PathBuf>,
    /// A token with which commit statuses are told.
    #[arg(long, value_name = "FILE")]
    pub api_token_file: Option<PathBuf>,
    /// The secret that the git host signs with; else one is made the first time.
    #[arg(long, value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,
    /// The Amazon SNS topic whose signed messages alone are taken, and whose subscription is confirmed; for CodeCommit.
    #[arg(long, value_name = "ARN")]
    pub sns_topic: Option<TopicArn>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct WebhookDisallowOptions {
    pub pattern: String,
    #[arg(long, value_name = "HOST")]
    pub provider: Option<Provider>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Subcommand)]
pub enum DeliveryCommand {
    /// Lists what git hosts sent, newest first.
    List(DeliveryListOptions),
    /// Shows one delivery with the beginning of its body.
    Show(DeliveryOptions),
    /// Does a delivery again: the remote is looked at.
    Replay(DeliveryOptions),
}

#[derive(Debug, Args)]
pub struct DeliveryListOptions {
    /// Without one, of all projects, and what was refused.
    pub project: Option<ProjectName>,
    /// Only pending, done, ignored, failed or refused ones.
    #[arg(long)]
    pub state: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Only those below this id.
    #[arg(long, value_name = "ID")]
    pub before: Option<i64>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct DeliveryOptions {
    pub id: i64,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        let poll = |text: &str| {
            text.parse::<Poll>()
                .map(|poll| poll.0.map(|poll| poll.as_secs()))
        };
        assert_eq!(poll("90"), Ok(Some(90)));
        assert_eq!(poll("10m"), Ok(Some(600)));
        assert_eq!(poll("off"), Ok(None));
        for bad in ["", "0", "m", "5d", "-1s", "99999999999999999999h"] {
            assert!(poll(bad).is_err(), "{bad}");
        }
    }
}
