use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Capabilities;

/// Everything that makes one sandbox what it is.
#[derive(Clone, Debug)]
pub struct Spec {
    pub root: RootFs,
    /// Mounted over the root file system in this order, as the sandbox's own view of a path.
    pub mounts: Vec<Mount>,
    pub network: Network,
    pub limits: Limits,
    /// `None` keeps the machine's.
    pub hostname: Option<String>,
    /// Whom commands run as, in the sandbox's own ids.
    pub user: User,
    pub capabilities: Capabilities,
    /// The root file system may not be written; mounts may.
    pub read_only_root: bool,
    /// Where a command runs that names no folder of its own.
    pub working_dir: PathBuf,
}

impl Spec {
    /// The machine's network, no limits, root with Docker's capabilities, working in `/`.
    pub fn new(root: RootFs) -> Self {
        Self {
            root,
            mounts: Vec::new(),
            network: Network::Host,
            limits: Limits::default(),
            hostname: None,
            user: User::ROOT,
            capabilities: Capabilities::DOCKER,
            read_only_root: false,
            working_dir: PathBuf::from("/"),
        }
    }
}

/// What commands see as `/`. Each has its own `/proc`, a small `/dev`, and `/sys` read-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RootFs {
    Host(HostRoot),
    Layers(Layers),
}

/// The machine's own tools: everything can be read that the caller can read, save what is hidden, and
/// everything that is written is thrown away. `/tmp` and `/run` start empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRoot {
    /// The caller's home, in which [`HOME_CREDENTIALS`](crate::HOME_CREDENTIALS) are hidden.
    pub home: PathBuf,
    /// Files and folders that the sandbox must not see, such as the server's data folder.
    pub hide: Vec<PathBuf>,
    /// An empty folder on a real disk for what is written; the caller removes it after the sandbox has
    /// stopped. `None` keeps it in memory.
    pub scratch: Option<PathBuf>,
}

/// An image's layers as overlayfs joins them (kernel documentation, `filesystems/overlayfs`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// Unpacked layers, the top one first. None is an empty file system.
    pub lower: Vec<PathBuf>,
    /// Receives what is written: afterwards the difference, with whiteouts (character device 0/0) and the
    /// xattr `overlay.opaque` in `trusted.` or, when the server is not root, in `user.`.
    pub upper: PathBuf,
    /// An empty folder on the same file system as `upper`; see [`remove_tree`](crate::remove_tree).
    pub work: PathBuf,
}

/// One more thing in the sandbox's view. Missing folders on the way to `target` are made; links in
/// `target` are followed inside the sandbox's root only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    pub target: PathBuf,
    pub source: MountSource,
    pub read_only: bool,
}

impl Mount {
    /// A file or folder of the machine, with everything mounted below it.
    pub fn bind(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self {
            target: target.into(),
            source: MountSource::Bind(source.into()),
            read_only: false,
        }
    }

    /// An empty folder in memory, of at most `size` bytes (`None`: half of the machine's memory).
    pub fn tmpfs(target: impl Into<PathBuf>, size: Option<u64>) -> Self {
        Self {
            target: target.into(),
            source: MountSource::Tmpfs { size },
            read_only: false,
        }
    }

    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountSource {
    Bind(PathBuf),
    Tmpfs { size: Option<u64> },
}

/// Whom processes in the sandbox reach.
#[derive(Clone, Debug)]
pub enum Network {
    /// The machine's own. Includes its abstract unix sockets.
    Host,
    /// Only a loopback device.
    Isolated,
    /// A network namespace that exists, and the user namespace that owns it when that is not the machine's.
    Join {
        user: Option<Arc<OwnedFd>>,
        net: Arc<OwnedFd>,
    },
}

/// How much the sandbox as a whole may use; `None` is without limit. What cannot be limited on this
/// machine is said by [`Sandbox::notes`](crate::Sandbox::notes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// In bytes.
    pub memory: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
    /// In thousandths of a CPU.
    pub cpu_millis: Option<u64>,
}

/// As whom a command runs, in ids of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

impl User {
    pub const ROOT: User = User {
        uid: 0,
        gid: 0,
        groups: Vec::new(),
    };
}
