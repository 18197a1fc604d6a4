use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::WorkTree;

/// A web server that answers what the file `/page` holds.
const SERVER: &str = r#"
use std::io::{BufRead, BufReader, Write};
fn main() {
    let listener = std::net::TcpListener::bind("0.0.0.0:8080").unwrap();
    for mut stream in listener.incoming().flatten() {
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let page = std::fs::read_to_string("/page").unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.len());
            let _ = stream.write_all((head + &page).as_bytes());
        });
    }
}
"#;

const DOCKERFILE: &str = "FROM scratch
COPY server /server
COPY page /page
ENTRYPOINT [\"/server\"]
";

impl WorkTree {
    /// A project whose program is compiled already, so that its build has nothing to do but `command`. Its
    /// page is the file `page`; its Service is of type LoadBalancer. Nothing is committed yet.
    pub fn prebuilt(project: &str, replicas: u32, command: &str) -> Result<Self> {
        let tree = Self::new()?;
        compile(tree.path())?;
        tree.write("Dockerfile", DOCKERFILE)?;
        tree.write("page", "version 0")?;
        tree.write("buildspec.yml", buildspec(command))?;
        tree.write("k8s/app.yml", manifests(project, replicas))?;
        Ok(tree)
    }
}

fn compile(folder: &Path) -> Result<()> {
    let source = tempfile::tempdir()?;
    let file = source.path().join("server.rs");
    std::fs::write(&file, SERVER)?;
    let status = Command::new("rustc")
        .args([
            "--edition",
            "2021",
            "-O",
            "-C",
            "target-feature=+crt-static",
            "-C",
            "strip=symbols",
        ])
        .arg(&file)
        .arg("-o")
        .arg(folder.join("server"))
        .status()
        .context("cannot start rustc")?;
    ensure!(status.success(), "rustc: {status}");
    Ok(())
}

fn buildspec(command: &str) -> String {
    format!("version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        {command}\n")
}

fn manifests(project: &str, replicas: u32) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: Deployment
metadata: {{name: {project}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {project}}}}}
  template:
    metadata: {{labels: {{app: {project}}}}}
    spec:
      containers:
        - name: {project}
          image: {project}:latest
          ports: [{{containerPort: 8080}}]
          readinessProbe: {{httpGet: {{path: /, port: 8080}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {project}}}
spec:
  type: LoadBalancer
  selector: {{app: {project}}}
  ports: [{{port: 80, targetPort: 8080}}]
"#
    )
}
