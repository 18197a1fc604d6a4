//! What every sandbox has: /proc, /sys and /dev.

use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::mount::{MsFlags, mount as mount_fs};

use super::super::failure::Failure;
use super::stage::open_path;
use super::target;

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
    ("pts/ptmx", "/dev/ptmx"),
];

/// Through these, root changes or reads the machine itself, capabilities or not (as in Docker's default).
const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// What the machine provides, opened while it can be reached.
pub(super) struct Sources {
    devices: Vec<(&'static str, OwnedFd)>,
    sys: OwnedFd,
}

impl Sources {
    pub(super) fn open() -> Result<Self, Failure> {
        let device = |name| open_path(&Path::new("/dev").join(name)).map(|device| (name, device));
        Ok(Self {
            devices: DEVICES.into_iter().map(device).collect::<Result<_, _>>()?,
            sys: open_path(Path::new("/sys"))?,
        })
    }
}

/// Shows the processes of this pid namespace only.
pub(super) fn mount_proc() -> Result<(), Failure> {
    let target = Path::new("/proc");
    target::ensure(target, true)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_fs(Some("proc"), target, Some("proc"), flags, None::<&str>).map_err(Failure::of(
        "mount /proc (inside a container it has to be started with its whole /proc visible)",
    ))
}

pub(super) fn mount(sources: &Sources, rootless: bool) -> Result<(), Failure> {
    let sys = Path::new("/sys");
    target::ensure(sys, true)?;
    target::bind(&sources.sys, sys, true)?;
    mount_dev(sources)?;
    if !rootless {
        // In a user namespace the kernel itself refuses.
        protect()?;
    }
    Ok(())
}

fn mount_dev(sources: &Sources) -> Result<(), Failure> {
    target::tmpfs(Path::new("/dev"), MsFlags::MS_NOEXEC, "mode=0755,size=1m")?;
    for (name, device) in &sources.devices {
        let target = Path::new("/dev").join(name);
        target::ensure(&target, false)?;
        target::bind_device(device, &target)?;
    }
    for (leads_to, link) in LINKS {
        symlink(leads_to, link).map_err(Failure::of(format!("make the link {link}")))?;
    }
    target::tmpfs(Path::new("/dev/shm"), MsFlags::empty(), "mode=1777")?;
    mount_terminals()
}

fn mount_terminals() -> Result<(), Failure> {
    let target = Path::new("/dev/pts");
    target::ensure(target, true)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let devpts = |options: &str| {
        let options = format!("newinstance,ptmxmode=0666,mode=0620{options}");
        mount_fs(
            Some("devpts"),
            target,
            Some("devpts"),
            flags,
            Some(options.as_str()),
        )
    };
    // Group tty is not there where only one id is mapped.
    devpts(",gid=5")
        .or_else(|_| devpts(""))
        .map_err(Failure::of("mount /dev/pts"))
}

fn protect() -> Result<(), Failure> {
    for path in READ_ONLY.map(Path::new) {
        if path.exists() {
            target::bind(&open_path(path)?, path, true)?;
        }
    }
    MASKED.map(Path::new).into_iter().try_for_each(mask)
}

/// Covers a file or folder with an empty one that cannot be written.
pub(super) fn mask(path: &Path) -> Result<(), Failure> {
    match path.metadata() {
        Err(_) => Ok(()),
        Ok(metadata) if metadata.is_dir() => {
            target::tmpfs(path, MsFlags::MS_RDONLY, "mode=0755,size=0")
        }
        Ok(_) => target::bind_device(&open_path(Path::new("/dev/null"))?, path),
    }
}
