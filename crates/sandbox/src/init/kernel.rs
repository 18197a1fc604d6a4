//! What the kernel offers and safe Rust does not.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{ForkResult, Pid};

use super::failure::Failure;

/// Runs `child` in a new process, which ends when it returns.
pub(crate) fn fork(child: impl FnOnce() -> i32) -> Result<Pid, Failure> {
    // SAFETY: the init program has one thread, so the child finds every lock free.
    #[allow(unsafe_code)]
    let forked = unsafe { nix::unistd::fork() };
    match forked.map_err(Failure::of("start a process"))? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => exit(child()),
    }
}

/// Ends this process at once, without what a program registers to run at its end: that is the parent's.
pub(crate) fn exit(code: i32) -> ! {
    // SAFETY: always sound; nothing runs afterwards.
    #[allow(unsafe_code)]
    unsafe {
        libc::_exit(code)
    }
}

/// Undoes what Rust's start-up, [`super::serve`] and the server's own parents did to signals, which a command
/// would inherit.
pub(crate) fn reset_signals() -> nix::Result<()> {
    // All zeroes is the default action without flags, in the kernel's own form of sigaction: libc's refuses
    // to touch the two signals that it uses itself.
    let default = [0u64; 4];
    for number in 1..=libc::SIGRTMAX() {
        // SAFETY: the kernel reads the action, which is larger than it needs, and writes nothing. The default
        // action runs none of our code. SIGKILL and SIGSTOP are refused, which is as good.
        #[allow(unsafe_code)]
        unsafe {
            let nothing = std::ptr::null_mut::<u64>();
            libc::syscall(
                libc::SYS_rt_sigaction,
                number,
                default.as_ptr(),
                nothing,
                8usize,
            )
        };
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
}

/// Closes every descriptor from 3 on.
pub(crate) fn close_all_but_standard() -> Result<(), Failure> {
    // SAFETY: called first of all in main: no descriptor above 2 has an owner yet.
    #[allow(unsafe_code)]
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    check(result).map_err(Failure::of(
        "close inherited descriptors (Linux 5.9 is needed)",
    ))
}

/// Closes every descriptor from 3 on but one. For a process that does not touch the others any more.
pub(crate) fn close_all_but(kept: impl AsFd) -> Result<(), Failure> {
    let kept = kept.as_fd().as_raw_fd().cast_unsigned();
    for (first, last) in [(3, kept - 1), (kept + 1, u32::MAX)] {
        if first <= last {
            // SAFETY: the caller, a forked child that ends without dropping, does not use them again.
            #[allow(unsafe_code)]
            let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0u32) };
            check(result).map_err(Failure::of("close descriptors"))?;
        }
    }
    Ok(())
}

/// Makes a mount and all below it read-only, and its device files and set-id bits void (mount_setattr(2)).
pub(crate) fn restrict_mounts(folder: impl AsFd, read_only: bool) -> io::Result<()> {
    let mut attributes = libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOSUID;
    if read_only {
        attributes |= libc::MOUNT_ATTR_RDONLY;
    }
    set_attributes(folder, attributes, libc::AT_RECURSIVE)
}

/// Makes one mount read-only, not those below it.
pub(crate) fn read_only(folder: impl AsFd) -> io::Result<()> {
    set_attributes(folder, libc::MOUNT_ATTR_RDONLY, 0)
}

fn set_attributes(folder: impl AsFd, attributes: u64, flags: libc::c_int) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path is a C string, and the size is that of the struct, which is only read.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            folder.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result)
}

/// From now on this process and all that it starts may do what the filter allows (seccomp(2)); there is no way
/// back. `no_new_privs` has to be set.
pub(crate) fn filter_calls(filter: &mut [libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(io::Error::other)?,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the program points to as many instructions as it says, which the kernel only reads.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0u32,
            &raw const program,
        )
    };
    check(result)
}

/// Brings up `lo` in this network namespace (netdevice(7)).
pub(crate) fn loopback_up() -> Result<(), Failure> {
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    )
    .map_err(Failure::of("open a socket"))?;
    // SAFETY: all zeroes is a valid ifreq.
    #[allow(unsafe_code)]
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads an ifreq.
    #[allow(unsafe_code)]
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    check(result.into()).map_err(Failure::of("bring up the loopback device"))
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
