use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::eventually_async;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(60);

/// The real program, `towpath serve`, on a free port of loopback. Killed when dropped.
pub struct TowpathServer {
    child: Child,
    url: String,
    token: String,
    client: reqwest::Client,
}

impl TowpathServer {
    /// Starts `program` on `data` and waits until it listens. With the option `--tls-cert` the test's own calls trust
    /// that certificate.
    pub async fn start(program: &Path, data: &Path, options: &[&str]) -> Result<Self> {
        Self::start_at(program, data, "127.0.0.1:0", options).await
    }

    /// [`TowpathServer::start`] on an address of one's own. There it is called, whatever its public URL.
    pub async fn start_at(
        program: &Path,
        data: &Path,
        listen: &str,
        options: &[&str],
    ) -> Result<Self> {
        let token_file = token_file(data);
        let mut child = Command::new(program)
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", listen])
            .arg("--token-file")
            .arg(&token_file)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let url = tokio::time::timeout(START, listening_url(stdout))
            .await
            .context("the server did not listen in time")??;
        let url = match listen.ends_with(":0") {
            true => url,
            false => format!("{}://{listen}", scheme(options)),
        };
        let token = std::fs::read_to_string(&token_file)
            .with_context(|| token_file.display().to_string())?;
        Ok(Self {
            child,
            url,
            token: token.trim().to_owned(),
            client: client(options)?,
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        self.url
            .split_once("://")
            .map_or("", |(_, address)| address)
    }

    /// For requests of one's own.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, and waits for its own end.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().context("the server runs")?;
        let status = Command::new("kill").arg(pid.to_string()).status().await?;
        ensure!(status.success(), "kill {pid}: {status}");
        let status = self.child.wait().await?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Where git pushes a project to, the token included.
    pub fn git_url(&self, project: &str) -> String {
        let scheme = self.url.split(':').next().unwrap_or_default();
        format!(
            "{scheme}://admin:{}@{}/git/{project}.git",
            self.token,
            self.address()
        )
    }

    pub async fn create_project(&self, name: &str) -> Result<Value> {
        self.call(
            Method::POST,
            "/api/v1/projects",
            Some(&json!({ "name": name })),
        )
        .await
    }

    /// An API call with the token; any answer but 2xx is an error with the answer's text.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("{method} {path}: {status}: {text}");
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: {text}"))
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// Waits until the execution has ended and gives it.
    pub async fn finished(&self, project: &str, number: u64) -> Value {
        let path = format!("/api/v1/projects/{project}/executions/{number}");
        eventually_async(&format!("{project} #{number} to end"), || async {
            let execution = self.get(&path).await.ok()?;
            let ended = execution["finished_at"].is_string();
            ended.then_some(execution)
        })
        .await
    }
}

fn scheme(options: &[&str]) -> &'static str {
    match options.contains(&"--tls-cert") {
        true => "https",
        false => "http",
    }
}

fn client(options: &[&str]) -> Result<reqwest::Client> {
    let mut words = options.iter().skip_while(|word| **word != "--tls-cert");
    let Some(file) = words.nth(1) else {
        return Ok(reqwest::Client::new());
    };
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(file)?)?;
    let client = reqwest::Client::builder().tls_certs_only([certificate]);
    Ok(client.build()?)
}

fn token_file(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".token");
    PathBuf::from(name)
}

async fn listening_url(stdout: tokio::process::ChildStdout) -> Result<String> {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://") || word.starts_with("https://"));
        if let Some(url) = url.filter(|_| line.starts_with("Listening")) {
            let url = url.trim_end_matches('/').to_owned();
            // The rest of what it prints must not fill the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(url);
        }
    }
    bail!("the server ended before it listened")
}
