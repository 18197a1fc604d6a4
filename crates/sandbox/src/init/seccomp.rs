//! Which system calls a command may not make (seccomp(2)): those that Docker's default profile denies for
//! their danger ("Seccomp security profiles for Docker", "Significant syscalls blocked by the default
//! profile"), nested namespaces among them. A capability that the command has frees the calls that need it.

use nix::libc::{self, c_long, sock_filter};

use crate::{Capabilities, Capability};

/// A call's number, here and for 32-bit x86 programs (`arch/x86/entry/syscalls/*.tbl`).
type Call = (c_long, u32);

/// The newer calls have one number everywhere.
const fn newer(number: c_long) -> Call {
    (number, number.cast_unsigned() as u32)
}

/// Where there is no such call.
const NO: c_long = -1;
const NO_32: u32 = u32::MAX;

const DENIED: [(Option<Capability>, &[Call]); 9] = [
    (
        None,
        &[
            (libc::SYS_add_key, 286),
            (libc::SYS_keyctl, 288),
            (libc::SYS_request_key, 287),
            newer(libc::SYS_io_uring_enter),
            newer(libc::SYS_io_uring_register),
            newer(libc::SYS_io_uring_setup),
            (libc::SYS_kexec_file_load, NO_32),
            (libc::SYS_kexec_load, 283),
            (libc::SYS_swapoff, 115),
            (libc::SYS_swapon, 87),
            (libc::SYS_userfaultfd, 374),
        ],
    ),
    (
        Some(Capability::SYS_ADMIN),
        &[
            (libc::SYS_bpf, 357),
            (libc::SYS_fanotify_init, 338),
            newer(libc::SYS_fsconfig),
            newer(libc::SYS_fsmount),
            newer(libc::SYS_fsopen),
            newer(libc::SYS_fspick),
            (libc::SYS_lookup_dcookie, 253),
            (libc::SYS_mount, 21),
            newer(libc::SYS_mount_setattr),
            newer(libc::SYS_move_mount),
            newer(libc::SYS_open_tree),
            (libc::SYS_perf_event_open, 336),
            (libc::SYS_pivot_root, 217),
            (libc::SYS_quotactl, 131),
            newer(libc::SYS_quotactl_fd),
            (libc::SYS_setdomainname, 121),
            (libc::SYS_sethostname, 74),
            (libc::SYS_setns, 346),
            (libc::SYS_umount2, 52),
            (NO, 22), // umount
            (libc::SYS_unshare, 310),
        ],
    ),
    (
        Some(Capability::SYS_MODULE),
        &[
            (libc::SYS_delete_module, 129),
            (libc::SYS_finit_module, 350),
            (libc::SYS_init_module, 128),
        ],
    ),
    (
        Some(Capability::SYS_TIME),
        &[
            (libc::SYS_clock_settime, 264),
            (NO, 404), // clock_settime64
            (libc::SYS_settimeofday, 79),
            (NO, 25), // stime
        ],
    ),
    (
        Some(Capability::SYS_PTRACE),
        &[(libc::SYS_kcmp, 349), newer(libc::SYS_pidfd_getfd)],
    ),
    (
        Some(Capability::DAC_READ_SEARCH),
        &[(libc::SYS_open_by_handle_at, 342)],
    ),
    (Some(Capability::SYS_PACCT), &[(libc::SYS_acct, 51)]),
    (Some(Capability::SYS_BOOT), &[(libc::SYS_reboot, 88)]),
    (Some(Capability::SYSLOG), &[(libc::SYS_syslog, 103)]),
];

/// A kind of program that the kernel runs (`include/uapi/linux/audit.h`, `AUDIT_ARCH_*`).
struct Abi {
    audit: u32,
    clone: u32,
    number: fn(&Call) -> u32,
}

#[cfg(target_arch = "x86_64")]
const ABIS: &[Abi] = &[native(0xc000_003e), X86];
#[cfg(target_arch = "aarch64")]
const ABIS: &[Abi] = &[native(0xc000_00b7)];
#[cfg(target_arch = "x86_64")]
const X86: Abi = Abi {
    audit: 0x4000_0003,
    clone: 120,
    number: |call| call.1,
};

const fn native(audit: u32) -> Abi {
    Abi {
        audit,
        clone: libc::SYS_clone.cast_unsigned() as u32,
        number: |call| u32::try_from(call.0).unwrap_or(NO_32),
    }
}

const CLONE3: u32 = libc::SYS_clone3.cast_unsigned() as u32;
/// From here on: x86-64's x32, which hardly a kernel has and which would be a way past the list.
const X32: u32 = 0x4000_0000;
const NEW_NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWCGROUP)
    .cast_unsigned();

/// Offsets in `struct seccomp_data`; of the argument the half with all of clone's flags.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const DENY: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();
/// Makes a libc do without: of clone3, no filter can read the flags.
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();

/// The filter for a command with these capabilities. A program of another kind than [`ABIS`] finds no calls.
pub(super) fn filter(capabilities: Capabilities) -> Vec<sock_filter> {
    let mut program = vec![load(ARCHITECTURE)];
    for abi in ABIS {
        let checks = checks(abi, capabilities);
        program.push(jump(libc::BPF_JEQ, abi.audit, 1, 0));
        program.push(jump(libc::BPF_JA, checks.len() as u32, 0, 0));
        program.extend(checks);
    }
    program.push(answer(UNKNOWN));
    program
}

fn checks(abi: &Abi, capabilities: Capabilities) -> Vec<sock_filter> {
    let mut program = vec![load(NUMBER)];
    program.extend(when(libc::BPF_JGE, X32, UNKNOWN));
    for (freed_by, calls) in &DENIED {
        if !freed_by.is_some_and(|capability| capabilities.contains(capability)) {
            let denied = calls.iter().map(abi.number).filter(|call| *call != NO_32);
            program.extend(denied.flat_map(|call| when(libc::BPF_JEQ, call, DENY)));
        }
    }
    if !capabilities.contains(Capability::SYS_ADMIN) {
        program.extend(when(libc::BPF_JEQ, CLONE3, UNKNOWN));
        program.push(jump(libc::BPF_JEQ, abi.clone, 1, 0));
        program.push(answer(ALLOW));
        program.push(load(FIRST_ARGUMENT));
        program.extend(when(libc::BPF_JSET, NEW_NAMESPACES, DENY));
    }
    program.push(answer(ALLOW));
    program
}

fn when(test: u32, value: u32, then: u32) -> [sock_filter; 2] {
    [jump(test, value, 0, 1), answer(then)]
}

fn load(offset: u32) -> sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0)
}

fn jump(test: u32, value: u32, if_true: u8, if_false: u8) -> sock_filter {
    instruction(libc::BPF_JMP | test, value, if_true, if_false)
}

fn answer(value: u32) -> sock_filter {
    instruction(libc::BPF_RET, value, 0, 0)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter answers; only the instructions that it uses are known.
    fn run(program: &[sock_filter], audit: u32, number: u32, argument: u32) -> u32 {
        let (mut at, mut value) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            let branch = |yes| usize::from(if yes { jt } else { jf });
            match u32::from(code) {
                0x20 => value = [number, audit, 0, 0, argument][k as usize / 4],
                0x05 => at += k as usize,
                0x15 => at += branch(value == k),
                0x35 => at += branch(value >= k),
                0x45 => at += branch(value & k != 0),
                0x06 => return k,
                other => panic!("{other:#x}"),
            }
        }
    }

    #[test]
    fn each_kind_of_program_is_denied_the_same() {
        let docker = filter(Capabilities::DOCKER);
        let admin = filter(Capabilities::DOCKER.with(Capability::SYS_ADMIN));
        for abi in ABIS {
            let ask =
                |filter: &[sock_filter], number, argument| run(filter, abi.audit, number, argument);
            for (_, calls) in DENIED {
                for number in calls.iter().map(abi.number).filter(|call| *call != NO_32) {
                    assert_eq!(ask(&docker, number, 0), DENY, "{number}");
                }
            }
            let unshare = (abi.number)(&(libc::SYS_unshare, 310));
            let keyctl = (abi.number)(&(libc::SYS_keyctl, 288));
            let new_user = libc::CLONE_NEWUSER.cast_unsigned() | 17;
            assert_eq!(ask(&docker, abi.clone, new_user), DENY);
            assert_eq!(ask(&docker, abi.clone, 17), ALLOW);
            assert_eq!(ask(&docker, CLONE3, 0), UNKNOWN);
            assert_eq!(ask(&docker, X32 + 1, 0), UNKNOWN);
            assert_eq!(ask(&docker, 1, 0), ALLOW);
            for freed in [abi.clone, CLONE3, unshare] {
                assert_eq!(ask(&admin, freed, new_user), ALLOW);
            }
            assert_eq!(ask(&admin, keyctl, 0), DENY);
        }
        assert_eq!(run(&docker, 0xc000_0015, 1, 0), UNKNOWN);
    }
}
