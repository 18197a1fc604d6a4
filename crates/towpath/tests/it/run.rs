//! `towpath run`: real runs of real working trees.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use towpath_testkit::WorkTree;

use crate::program::program;

/// A cache of one's own: what is in it is known.
struct Place {
    cache: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            cache: TempDir::new_in("/var/tmp").unwrap(),
        }
    }

    fn command(&self, folder: &Path, options: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .arg("run")
            .args(options)
            .current_dir(folder)
            .env("XDG_CACHE_HOME", self.cache.path());
        command
    }

    #[track_caller]
    fn run(&self, folder: &Path, options: &[&str], code: i32) -> String {
        let output = self.command(folder, options).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        said(&output)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn buildspec(commands: &[&str]) -> String {
    let lines: String = commands
        .iter()
        .map(|command| format!("      - {command}\n"))
        .collect();
    format!("version: 0.2\nphases:\n  build:\n    commands:\n{lines}")
}

fn tree(commands: &[&str]) -> WorkTree {
    let tree = WorkTree::new().unwrap();
    tree.write("buildspec.yml", buildspec(commands)).unwrap();
    tree
}

/// Every file of the repository's own folder with its content.
fn repository(tree: &WorkTree) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut waiting = vec![tree.path().join(".git")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => waiting.push(path),
                false => files.push((path.clone(), fs::read(&path).unwrap())),
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_makefile_may_hold_other_bytes_than_utf_8() {
    let tree = WorkTree::new().unwrap();
    let makefile = b"# caf\xe9\nbuild:\n\techo made\ntest:\n\techo tried\n";
    tree.write("Makefile", makefile).unwrap();
    let said = Place::new().run(tree.path(), &["--verbose"], 0);
    assert!(said.contains("made") && said.contains("tried"), "{said}");
}

#[test]
fn the_working_tree_runs_as_it_is_and_the_repository_stays_as_it_was() {
    let place = Place::new();
    let tree = tree(&["sort committed changed new 2>&1; ls -A"]);
    tree.write(".gitignore", "ignored\n").unwrap();
    tree.write("committed", "committed\n").unwrap();
    tree.write("changed", "old\n").unwrap();
    tree.commit("First").unwrap();
    tree.write("changed", "changed\n").unwrap();
    tree.write("new", "new\n").unwrap();
    tree.write("ignored", "ignored\n").unwrap();
    tree.git(&["add", "new"]).unwrap();
    let before = repository(&tree);
    let said = place.run(tree.path(), &["-v"], 0);
    assert!(said.contains("changed\ncommitted\nnew\n"), "{said}");
    assert!(!said.contains("\nignored\n"), "{said}");
    assert!(said.contains("with uncommitted changes"), "{said}");
    assert_eq!(repository(&tree), before);
}

#[test]
fn a_tree_without_changes_is_its_commit() {
    let place = Place::new();
    let tree = tree(&["echo commit $CODEBUILD_RESOLVED_SOURCE_VERSION"]);
    let commit = tree.commit("First").unwrap();
    fs::create_dir(tree.path().join("sub")).unwrap();
    // From a folder inside, too.
    let said = place.run(&tree.path().join("sub"), &["-v"], 0);
    assert!(said.contains(&format!("commit {commit}\n")), "{said}");
    assert!(!said.contains("uncommitted"), "{said}");
}

#[test]
fn a_folder_that_is_no_repository_runs_and_says_so() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    fs::write(
        folder.path().join("buildspec.yml"),
        buildspec(&["echo found $(ls)"]),
    )
    .unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let said = place.run(folder.path(), &["-v", "--project", "hello"], 0);
    assert!(said.contains("is no git repository"), "{said}");
    assert!(said.contains("found buildspec.yml file\n"), "{said}");
    assert!(!folder.path().join(".git").exists());
    let home = Command::new(program())
        .arg("run")
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .unwrap();
    assert_eq!(home.status.code(), Some(2));
}

#[test]
fn a_failure_shows_the_command_that_failed_and_not_the_others() {
    let place = Place::new();
    let tree = tree(&["echo fine", "echo bad news; exit 7", "echo never"]);
    let said = place.run(tree.path(), &[], 1);
    assert!(
        said.contains("$ echo bad news; exit 7\nbad news\n[exit code 7]"),
        "{said}"
    );
    assert!(
        said.contains("(buildspec.yml:6:9) failed: exit code 7"),
        "{said}"
    );
    assert!(
        !said.contains("$ echo fine") && !said.contains("$ echo never"),
        "{said}"
    );
    assert!(
        !said.contains('\x1b'),
        "no colours but at a terminal: {said:?}"
    );
}

#[test]
fn what_cannot_run_is_2() {
    let (place, tree) = (Place::new(), WorkTree::new().unwrap());
    let said = place.run(tree.path(), &[], 2);
    assert!(
        said.contains("nothing to build, package or deploy"),
        "{said}"
    );
    tree.write("buildspec.yml", buildspec(&["true"])).unwrap();
    let said = place.run(tree.path(), &["--stage", "Test"], 2);
    assert!(said.contains("there are Source, Build"), "{said}");
    let said = place.run(tree.path(), &["--shell-on-failure"], 2);
    assert!(said.contains("needs a terminal"), "{said}");
    let said = place.run(tree.path(), &["/does/not/exist"], 2);
    assert!(said.contains("/does/not/exist"), "{said}");
}

#[test]
fn layers_are_kept_between_runs_and_stages_can_be_chosen() {
    let place = Place::new();
    let tree = WorkTree::new().unwrap();
    tree.write("Dockerfile", "FROM scratch\nCOPY page /page\n")
        .unwrap();
    tree.write("page", "one").unwrap();
    tree.write(
        "k8s/app.yml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n",
    )
    .unwrap();
    let said = place.run(tree.path(), &["-v"], 0);
    assert!(!said.contains("CACHED"), "{said}");
    assert!(said.contains("not deployed: that takes --deploy"), "{said}");
    let said = place.run(tree.path(), &["-v", "--stage", "Image"], 0);
    assert!(said.contains("CACHED"), "{said}");
    let said = place.run(tree.path(), &["--stage", "Deploy"], 2);
    assert!(said.contains("only with --deploy"), "{said}");
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    // Both have to be in their builds at the same time, or neither ends.
    let wait = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; read -u 3'");
    let trees = [tree(&[&wait, "echo one"]), tree(&[&wait, "echo two"])];
    let runs = trees.each_ref().map(|tree| {
        let log = fs::File::create(folder.path().join(tree.path().file_name().unwrap())).unwrap();
        let mut command = place.command(tree.path(), &["-v"]);
        command.stdout(log).spawn().unwrap()
    });
    let visitors = [door.accept().unwrap(), door.accept().unwrap()];
    for (mut visitor, _) in visitors {
        std::io::Write::write_all(&mut visitor, b"go\n").unwrap();
    }
    for (mut run, tree) in runs.into_iter().zip(&trees) {
        let log = folder.path().join(tree.path().file_name().unwrap());
        assert!(
            run.wait().unwrap().success(),
            "{:?}",
            fs::read_to_string(log)
        );
    }
}

#[test]
fn ctrl_c_cancels_and_leaves_nothing_running() {
    let place = Place::new();
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    let tree = tree(&[&format!(
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; sleep 600'"
    )]);
    let run = place
        .command(tree.path(), &[])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (mut visitor, _) = door.accept().unwrap();
    let interrupted = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    // The end of the connection is the end of what ran.
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut visitor, &mut rest).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("cancelled"), "{}", said(&output));
}

#[tokio::test]
async fn a_deployed_app_answers_until_ctrl_c() {
    let place = Place::new();
    let tree = WorkTree::prebuilt("shop", 1, "true").unwrap();
    tree.write("page", "from the laptop").unwrap();
    let mut run = place
        .command(tree.path(), &["--deploy", "--project", "shop"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(run.stdout.take().unwrap()));
    let url = lines
        .find_map(|line| Some(line.unwrap().split_once("shop is at ")?.1.to_owned()))
        .unwrap();
    towpath_testkit::answers(&url, "from the laptop")
        .await
        .unwrap();
    let interrupted = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    assert_eq!(run.wait().unwrap().code(), Some(0));
    assert!(reqwest::get(&url).await.is_err(), "the app has ended, too");
}
