//! The working tree as a commit, made beside the user's repository and not in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use towpath_model::{CommitId, ProjectName};

use super::git::{Git, Repository};

/// Of every commit made here, so that the same files give the same commit.
const IDENTITY: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "towpath run"),
    ("GIT_AUTHOR_EMAIL", "run@towpath.localhost"),
    ("GIT_AUTHOR_DATE", "1970-01-01T00:00:00Z"),
    ("GIT_COMMITTER_NAME", "towpath run"),
    ("GIT_COMMITTER_EMAIL", "run@towpath.localhost"),
    ("GIT_COMMITTER_DATE", "1970-01-01T00:00:00Z"),
];

/// Objects written here last as long as the run: nothing has to reach the disk. The user's fsmonitor and split
/// index would write into the user's repository.
const OPTIONS: [&str; 8] = [
    "-c",
    "core.fsync=none",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.splitIndex=false",
    "-c",
    "advice.addEmbeddedRepo=false",
];

const CONFIG: &str =
    "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tattributesFile = /dev/null\n";

/// What runs.
pub struct Tree {
    /// The folder whose files run: the top of the repository.
    pub folder: PathBuf,
    repository: Option<Repository>,
}

impl Tree {
    pub async fn find(folder: &Path) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .with_context(|| folder.display().to_string())?;
        if !folder.is_dir() {
            bail!("{} is not a folder", folder.display());
        }
        let repository = Repository::find(&folder).await?;
        if repository.is_none() && (folder.parent().is_none() || Some(&folder) == home().as_ref()) {
            bail!(
                "{} is no git repository, and taking all of it cannot be meant: name the project's folder",
                folder.display()
            );
        }
        Ok(Self {
            folder: repository
                .as_ref()
                .map_or(folder, |repository| repository.top.clone()),
            repository,
        })
    }

    pub fn is_repository(&self) -> bool {
        self.repository.is_some()
    }

    pub fn branch(&self) -> &str {
        let branch = self
            .repository
            .as_ref()
            .and_then(|repository| repository.branch.as_deref());
        branch.unwrap_or("main")
    }

    /// The name under which the project is pushed: that of a Towpath remote, else of `origin`, else the folder's.
    pub fn project(&self) -> Result<ProjectName> {
        let repository = self.repository.as_ref();
        let remotes = repository.map_or("", |repository| &repository.remotes);
        let folder = self
            .folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = remote_name(remotes).or(folder).unwrap_or_default();
        let named = as_project(&name).parse().ok();
        named.with_context(|| {
            format!("no project name can be made of {name:?}: give one with --project")
        })
    }

    /// Writes the files as they are, without those that git ignores, as a commit into a bare repository that it
    /// makes at `private`. When nothing differs from HEAD, it is HEAD.
    pub async fn commit(&self, private: &Path) -> Result<Snapshot> {
        make_private(private)?;
        match &self.repository {
            Some(repository) => of_repository(repository, private).await,
            None => of_folder(&self.folder, private).await,
        }
    }
}

/// The commit, and how it came about.
pub struct Snapshot {
    pub commit: CommitId,
    /// For people: `3f2a1c9`, `3f2a1c9 with uncommitted changes`.
    pub title: String,
}

async fn of_repository(repository: &Repository, private: &Path) -> Result<Snapshot> {
    borrow_objects(&repository.objects, private)?;
    let index = private.join("index");
    copy_index(&repository.index, &index)?;
    let git = || {
        Git::at(&repository.top)
            .env("GIT_OBJECT_DIRECTORY", private.join("objects"))
            .env("GIT_INDEX_FILE", &index)
            .args(OPTIONS)
    };
    let tree = write_tree(git).await?;
    if let Some(head) = repository.head.as_ref().filter(|head| head.tree == tree) {
        return Ok(Snapshot {
            commit: head.commit.parse()?,
            title: short(&head.commit).to_owned(),
        });
    }
    let (parent, title) = match &repository.head {
        Some(head) => (
            Some(head.commit.as_str()),
            format!("{} with uncommitted changes", short(&head.commit)),
        ),
        None => (None, "uncommitted files".to_owned()),
    };
    Ok(Snapshot {
        commit: write_commit(git, &tree, parent, &title).await?,
        title,
    })
}

async fn of_folder(folder: &Path, private: &Path) -> Result<Snapshot> {
    let index = private.join("index");
    let git = || {
        Git::at(folder)
            .env("GIT_INDEX_FILE", &index)
            .env("GIT_DIR", private)
            .env("GIT_WORK_TREE", folder)
            .args(OPTIONS)
    };
    let title = "files of a folder".to_owned();
    let tree = write_tree(git).await?;
    Ok(Snapshot {
        commit: write_commit(git, &tree, None, &title).await?,
        title,
    })
}

async fn write_tree(git: impl Fn() -> Git) -> Result<String> {
    git().args(["add", "--all", "."]).run().await?;
    git().args(["write-tree"]).run().await
}

async fn write_commit(
    git: impl Fn() -> Git,
    tree: &str,
    parent: Option<&str>,
    title: &str,
) -> Result<CommitId> {
    let mut command = git().args(["commit-tree", "--no-gpg-sign", "-m", title, tree]);
    if let Some(parent) = parent {
        command = command.args(["-p", parent]);
    }
    for (name, value) in IDENTITY {
        command = command.env(name, value);
    }
    Ok(command.run().await?.parse()?)
}

/// What git takes for a repository (gitrepository-layout(5)).
fn make_private(path: &Path) -> Result<()> {
    let make = || {
        for folder in ["objects/info", "objects/pack", "refs/heads"] {
            fs::create_dir_all(path.join(folder))?;
        }
        fs::write(path.join("HEAD"), "ref: refs/heads/main\n")?;
        fs::write(path.join("config"), CONFIG)
    };
    make().with_context(|| path.display().to_string())
}

/// Objects that the user has are read where they are (gitrepository-layout(5), `objects/info/alternates`).
fn borrow_objects(objects: &Path, private: &Path) -> Result<()> {
    let path = objects
        .to_str()
        .filter(|path| !path.contains('\n'))
        .with_context(|| format!("{objects:?}: a path that git cannot be told"))?;
    let file = private.join("objects/info/alternates");
    fs::write(&file, format!("{path}\n")).with_context(|| file.display().to_string())
}

/// The index knows which files have not changed. Without one git looks into all of them.
fn copy_index(from: &Path, to: &Path) -> Result<()> {
    match fs::copy(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        copied => copied.map(drop).with_context(|| from.display().to_string()),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

fn home() -> Option<PathBuf> {
    std::env::home_dir()?.canonicalize().ok()
}

/// From lines of `remote.<name>.url <url>`.
fn remote_name(remotes: &str) -> Option<String> {
    let urls: Vec<(&str, &str)> = remotes
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let ours = urls.iter().find(|(_, url)| is_ours(url));
    let origin = urls.iter().find(|(key, _)| *key == "remote.origin.url");
    let (_, url) = ours.or(origin)?;
    let last = url.trim_end_matches('/').rsplit(['/', ':']).next()?;
    let name = last.strip_suffix(".git").unwrap_or(last);
    (!name.is_empty()).then(|| name.to_owned())
}

/// `http(s)://<server>/git/<project>.git`.
fn is_ours(url: &str) -> bool {
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or("", |(_, path)| path);
    let mut parts = path.split('/');
    url.starts_with("http") && parts.next() == Some("git") && parts.count() == 1
}

/// The nearest project name: lower case, everything else a hyphen.
fn as_project(name: &str) -> String {
    let lower = name.to_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let words: Vec<&str> = lower
        .split(|c| !allowed(c))
        .filter(|word| !word.is_empty())
        .collect();
    words
        .join("-")
        .chars()
        .take(63)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_named_by_where_it_is_pushed() {
        let origin = "remote.origin.url git@github.com:acme/Shop.git";
        let towpath = "remote.deploy.url http://t.example:8480/git/hello.git";
        assert_eq!(remote_name(origin).as_deref(), Some("Shop"));
        assert_eq!(
            remote_name(&format!("{origin}\n{towpath}")).as_deref(),
            Some("hello")
        );
        assert_eq!(
            remote_name("remote.origin.url https://h/git/acme/x").as_deref(),
            Some("x")
        );
        assert_eq!(remote_name("remote.up.url /srv/x.git"), None);
        assert_eq!(remote_name(""), None);
    }

    #[test]
    fn any_name_becomes_a_project_name() {
        for (name, expected) in [
            ("hello", "hello"),
            ("My Shop_v2", "my-shop-v2"),
            ("--x--", "x"),
            ("ÄÖ", ""),
        ] {
            assert_eq!(as_project(name), expected);
        }
        assert_eq!(as_project(&"a-".repeat(60)).len(), 63);
    }
}
