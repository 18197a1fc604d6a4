use std::io::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::StreamExt;
use reqwest::header::HeaderMap;
use towpath_model::{ExecutionNumber, Status};
use towpath_web::api::wire::{ActionDocument, ExecutionDocument, StageDocument};

use super::number_or_latest;
use crate::cli::LogsOptions;
use crate::client::Client;
use crate::exit::Verdict;

/// How often it looks whether the next action has started.
const INTERVAL: Duration = Duration::from_millis(200);

/// Problems: the execution failed, or was cancelled.
pub async fn run(options: LogsOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let number = number_or_latest(&client, &options.project, options.execution).await?;
    let logs = Logs {
        client,
        options: &options,
        number,
    };
    let status = logs.print().await?;
    Ok(match status {
        Status::Failed | Status::Cancelled => Verdict::Problems,
        _ => Verdict::Fine,
    })
}

struct Logs<'o> {
    client: Client,
    options: &'o LogsOptions,
    number: ExecutionNumber,
}

impl Logs<'_> {
    /// Prints the logs of what has started, in order, and with `--follow` of what starts later.
    async fn print(&self) -> Result<Status> {
        let mut printed = Vec::new();
        loop {
            let execution: ExecutionDocument = self.client.get(&self.path("")).await?;
            let wanted: Vec<(&StageDocument, &ActionDocument)> = self.wanted(&execution);
            if wanted.is_empty() && !execution.stages.is_empty() {
                bail!("{}", self.no_such_action(&execution));
            }
            for (stage, action) in wanted {
                let name = format!("{}/{}", stage.name, action.name);
                if action.attempt > 0 && !printed.contains(&name) {
                    self.print_action(&name).await?;
                    printed.push(name);
                }
            }
            if !self.options.follow || execution.summary.status.is_final() {
                return Ok(execution.summary.status);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn path(&self, rest: &str) -> String {
        format!(
            "/projects/{}/executions/{}{rest}",
            self.options.project, self.number
        )
    }

    fn wanted<'e>(
        &self,
        execution: &'e ExecutionDocument,
    ) -> Vec<(&'e StageDocument, &'e ActionDocument)> {
        let all = execution
            .stages
            .iter()
            .flat_map(|stage| stage.actions.iter().map(move |action| (stage, action)));
        all.filter(|(stage, action)| match &self.options.action {
            None => true,
            Some(name) => {
                *name == action.name || *name == format!("{}/{}", stage.name, action.name)
            }
        })
        .collect()
    }

    fn no_such_action(&self, execution: &ExecutionDocument) -> String {
        let names: Vec<&str> = execution
            .stages
            .iter()
            .flat_map(|stage| &stage.actions)
            .map(|action| action.name.as_str())
            .collect();
        let wanted = self.options.action.as_deref().unwrap_or_default();
        format!(
            "no action {wanted:?}; this execution has {}",
            names.join(", ")
        )
    }

    async fn print_action(&self, name: &str) -> Result<()> {
        if self.options.action.is_none() {
            println!("{}", console::style(format!("── {name}")).dim());
        }
        let path = self.path(&format!("/actions/{name}/log"));
        match self.options.follow {
            true => self.copy(&format!("{path}?follow=true")).await.map(drop),
            false => self.print_as_far_as_it_goes(&path).await,
        }
    }

    /// A window at a time, up to what the log holds now.
    async fn print_as_far_as_it_goes(&self, path: &str) -> Result<()> {
        let mut offset = 0;
        loop {
            let headers = self.copy(&format!("{path}?offset={offset}")).await?;
            let header = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
            let (next, size) = (header("towpath-log-next"), header("towpath-log-size"));
            match next.filter(|next| *next > offset && size.is_some_and(|size| *next < size)) {
                Some(next) => offset = next,
                None => return Ok(()),
            }
        }
    }

    /// Copies an answer's body to standard output and gives its headers.
    async fn copy(&self, path: &str) -> Result<HeaderMap> {
        let response = self.client.stream(path).await?;
        let headers = response.headers().clone();
        let mut chunks = response.bytes_stream();
        let mut stdout = std::io::stdout().lock();
        while let Some(chunk) = chunks.next().await {
            stdout.write_all(&chunk?)?;
            stdout.flush()?;
        }
        Ok(headers)
    }
}
