//! A workspace of plain processes in a temporary folder.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use towpath_model::workspace::{
    Command, Exit, Output, Packed, Selection, Workspace, WorkspaceError,
};

pub(crate) struct TestWorkspace {
    _folder: TempDir,
    source: PathBuf,
    private: PathBuf,
}

impl TestWorkspace {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (source, private) = (root.join("src"), root.join("private"));
        std::fs::create_dir(&source).unwrap();
        std::fs::create_dir(&private).unwrap();
        Self {
            _folder: folder,
            source,
            private,
        }
    }

    pub(crate) fn write_source(&self, path: &str, content: &str) {
        let path = self.source.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read_source(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.source.join(path)).ok()
    }
}

fn io(context: &str) -> impl FnOnce(std::io::Error) -> WorkspaceError {
    let context = context.to_owned();
    move |source| WorkspaceError::Io { context, source }
}

impl Workspace for TestWorkspace {
    fn source_dir(&self) -> &Path {
        &self.source
    }

    async fn exec(
        &self,
        command: &Command,
        output: &mut (dyn Output + Send),
    ) -> Result<Exit, WorkspaceError> {
        let (sender, mut receiver) = pipe::pipe().map_err(io("pipe"))?;
        let out: OwnedFd = sender.into_blocking_fd().map_err(io("pipe"))?;
        let err = out.try_clone().map_err(io("pipe"))?;
        let mut process = tokio::process::Command::new(&command.argv[0]);
        process
            .args(&command.argv[1..])
            .env_clear()
            .envs(&command.env)
            .current_dir(command.working_dir.as_deref().unwrap_or(&self.source))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .kill_on_drop(true);
        let mut child = process.spawn().map_err(io(&command.argv[0]))?;
        drop(process);
        let run = async {
            let mut buffer = [0; 4096];
            loop {
                match receiver.read(&mut buffer).await.map_err(io("read"))? {
                    0 => break,
                    length => output.write(&buffer[..length]),
                }
            }
            child.wait().await.map_err(io("wait"))
        };
        let Ok(status) = tokio::time::timeout(command.timeout.unwrap(), run).await else {
            return Ok(Exit::TimedOut);
        };
        let status = status?;
        Ok(match status.code() {
            Some(code) => Exit::Code(code),
            None => Exit::Signal(std::os::unix::process::ExitStatusExt::signal(&status).unwrap()),
        })
    }

    async fn write(
        &self,
        path: &str,
        mode: u32,
        content: &[u8],
    ) -> Result<PathBuf, WorkspaceError> {
        let path = self.private.join(path);
        std::fs::write(&path, content).map_err(io("write"))?;
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&path, permissions).map_err(io("chmod"))?;
        Ok(path)
    }

    async fn read(&self, path: &str, _limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
        Ok(std::fs::read(self.private.join(path)).ok())
    }

    /// The tests put files where they want them.
    async fn unpack(&self, _archive: &Path) -> Result<(), WorkspaceError> {
        Ok(())
    }

    async fn pack(&self, selection: &Selection, _archive: &Path) -> Result<Packed, WorkspaceError> {
        let base = self
            .source
            .join(selection.base_dir.as_deref().unwrap_or("."));
        let files = selection
            .files
            .iter()
            .filter(|file| *file == "**/*" || base.join(file).is_file())
            .count() as u64;
        match files {
            0 => Err(WorkspaceError::Refused(
                "no matching artifact paths found".to_owned(),
            )),
            files => Ok(Packed { files, bytes: 0 }),
        }
    }
}
