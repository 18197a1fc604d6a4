//! Remotes over SSH: a real sshd on loopback, whose only command is git's.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use towpath_testkit::{WorkTree, eventually, eventually_async, free_port, require};

use crate::kube::{said, towpath};
use crate::program::{Running, assert_status};

/// A git host with one repository, which one key may read.
struct SshHost {
    program: PathBuf,
    sshd: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for SshHost {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

impl SshHost {
    /// None when a program is missing; says which.
    fn start() -> Option<Self> {
        let (sshd, shell) = (require("sshd")?, require("git-shell")?);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for key in ["host", "user", "stranger"] {
            make_key(&path.join(key));
        }
        let public = fs::read_to_string(path.join("user.pub")).unwrap();
        let command = format!("{} -c \\\"$SSH_ORIGINAL_COMMAND\\\"", shell.display());
        let line = format!("restrict,command=\"{command}\" {public}");
        fs::write(path.join("authorized"), line).unwrap();
        let port = free_port();
        fs::write(path.join("config"), config(path, port)).unwrap();
        let git = ["init", "--quiet", "--bare", "--initial-branch=main"];
        run(Command::new("git").args(git).arg(path.join("hello.git")));
        make_empty_folder_of_sshd();
        Some(Self {
            sshd: serve(&sshd, path, port),
            program: sshd,
            port,
            folder,
        })
    }

    fn url(&self) -> String {
        let user = String::from_utf8(run(Command::new("id").arg("-un"))).unwrap();
        let (user, port, repository) = (user.trim(), self.port, self.repository());
        format!("ssh://{user}@127.0.0.1:{port}{}", repository.display())
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("hello.git")
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A file of known hosts in which this host has that key.
    fn known_hosts(&self, name: &str, key: &str) -> String {
        let public = fs::read_to_string(self.file(&format!("{key}.pub"))).unwrap();
        let file = self.file(&format!("known-{key}"));
        fs::write(&file, format!("{name} {public}")).unwrap();
        file
    }

    fn serve_with_another_key(&mut self) {
        self.sshd.kill().unwrap();
        self.sshd.wait().unwrap();
        let folder = self.folder.path();
        fs::rename(folder.join("stranger"), folder.join("host")).unwrap();
        self.sshd = serve(&self.program, folder, self.port);
    }

    fn push_a_build(&self) {
        let tree = WorkTree::new().unwrap();
        for script in ["ci/build.sh", "ci/test.sh"] {
            tree.write(script, "#!/bin/sh\necho done\n").unwrap();
        }
        tree.commit("First").unwrap();
        tree.push(self.repository().to_str().unwrap()).unwrap();
    }
}

fn config(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n\
         PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    )
}

fn make_key(file: &Path) {
    let options = ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"];
    run(Command::new("ssh-keygen").args(options).arg(file));
}

fn serve(sshd: &Path, folder: &Path, port: u16) -> Child {
    let child = Command::new(sshd)
        .args(["-D", "-e", "-f"])
        .arg(folder.join("config"))
        .stdin(Stdio::null())
        .stderr(fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    eventually("sshd to listen", || {
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    child
}

/// Debian's service makes it at boot; without it sshd does not start as root.
fn make_empty_folder_of_sshd() {
    if rustix::process::geteuid().is_root() {
        fs::create_dir_all("/run/sshd").unwrap();
    }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output.stdout
}

/// Creates the project and gives the server.
async fn follow(host: &SshHost, options: &[&str]) -> Running {
    let running = Running::start().await;
    let url = host.url();
    let create = [
        "project", "create", "hello", "--poll", "10s", "--remote", &url,
    ];
    let created = towpath(&running.server, &[&create[..], options].concat());
    assert!(created.status.success(), "{}", said(&created));
    running
}

async fn error(running: &Running) -> String {
    eventually_async("the fetch to fail", || async {
        let project = running.server.get("/api/v1/projects/hello").await.unwrap();
        project["remote"]["error"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn a_key_opens_the_remote_and_the_hosts_first_key_is_kept() {
    let Some(mut host) = SshHost::start() else {
        return;
    };
    host.push_a_build();
    let running = follow(&host, &["--remote-ssh-key", &host.file("user")]).await;
    assert_status(&running.server.finished("hello", 1).await, "succeeded");

    host.serve_with_another_key();
    let look_again = ["project", "remote", "hello"];
    let asked = towpath(&running.server, &look_again);
    assert!(asked.status.success(), "{}", said(&asked));
    let error = error(&running).await;
    assert!(error.contains("another SSH host key"), "{error}");
    running.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_host_that_is_not_trusted_is_refused_until_its_key_is_given() {
    let Some(host) = SshHost::start() else { return };
    host.push_a_build();
    let key = host.file("user");
    let elsewhere = host.known_hosts("git.example.com", "host");
    let options = ["--remote-ssh-key", &key, "--known-hosts", &elsewhere];
    let running = follow(&host, &options).await;
    let error = error(&running).await;
    let scan = format!("`ssh-keyscan -p {} 127.0.0.1 > FILE`", host.port);
    assert!(error.contains(&scan), "{error}");
    assert!(error.contains("none of the trusted ones"), "{error}");

    let right = host.known_hosts(&format!("[127.0.0.1]:{}", host.port), "host");
    let trust = ["project", "remote", "hello", "--known-hosts", &right];
    let trusted = towpath(&running.server, &trust);
    assert!(trusted.status.success(), "{}", said(&trusted));
    assert_status(&running.server.finished("hello", 1).await, "succeeded");
    running.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_key_that_the_host_does_not_know_is_told() {
    let Some(host) = SshHost::start() else { return };
    let running = follow(&host, &["--remote-ssh-key", &host.file("stranger")]).await;
    let error = error(&running).await;
    assert!(error.contains("refuses the SSH key"), "{error}");
    running.server.stop().await.unwrap();
}
