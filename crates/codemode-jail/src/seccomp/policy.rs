//! The policy: which system calls a Python program needs, each with the reason, and which only an attack makes.
//!
//! Whatever is not named here fails with `EPERM`, which Python raises as a clean `PermissionError`.

use std::collections::BTreeMap;

use libc::c_long;

use super::rule::{Rule, Test, all_of, is_null, none_of, one_of};

/// Whether a worker may change files. The scratch file system is then the only place where it can: the root is read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// No file system that a worker may write.
    Denied,
    /// A scratch file system of the worker's own.
    Scratch,
}

/// Calls that share a rule and the reason for it.
struct Group {
    #[expect(dead_code, reason = "the reason stands beside the calls for whoever changes the list")]
    reason: &'static str,
    rule: Rule,
    calls: &'static [c_long],
}

const fn allow(reason: &'static str, calls: &'static [c_long]) -> Group {
    Group { reason, rule: Rule::Allow, calls }
}

const fn when(reason: &'static str, call: &'static [c_long], clauses: &'static [&'static [Test]]) -> Group {
    Group { reason, rule: Rule::AllowIf(clauses), calls: call }
}

const PROT_WRITE: u32 = libc::PROT_WRITE.cast_unsigned();
const PROT_EXEC: u32 = libc::PROT_EXEC.cast_unsigned();
const MAP_ANONYMOUS: u32 = libc::MAP_ANONYMOUS.cast_unsigned();
/// Also a bit of `MAP_SHARED_VALIDATE`.
const MAP_SHARED: u32 = libc::MAP_SHARED.cast_unsigned();
/// Memory of which `RLIMIT_DATA` knows nothing.
const UNCOUNTED: u32 = (libc::MAP_GROWSDOWN | libc::MAP_HUGETLB).cast_unsigned();
/// What glibc and musl pass for a thread, and no more: no namespace, no vfork, no parent, no pidfd.
const THREAD_FLAGS: u32 = (libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID
    | libc::CLONE_DETACHED)
    .cast_unsigned();
const THREAD: u32 = (libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD).cast_unsigned();
/// What allocators and numeric libraries advise. `MADV_GUARD_INSTALL` and `_REMOVE` (102, 103) are newer than the crate.
const ADVICE: &[u32] = &[
    libc::MADV_NORMAL.cast_unsigned(),
    libc::MADV_RANDOM.cast_unsigned(),
    libc::MADV_SEQUENTIAL.cast_unsigned(),
    libc::MADV_WILLNEED.cast_unsigned(),
    libc::MADV_DONTNEED.cast_unsigned(),
    libc::MADV_FREE.cast_unsigned(),
    libc::MADV_DONTFORK.cast_unsigned(),
    libc::MADV_DOFORK.cast_unsigned(),
    libc::MADV_HUGEPAGE.cast_unsigned(),
    libc::MADV_NOHUGEPAGE.cast_unsigned(),
    libc::MADV_DONTDUMP.cast_unsigned(),
    libc::MADV_DODUMP.cast_unsigned(),
    libc::MADV_WIPEONFORK.cast_unsigned(),
    libc::MADV_KEEPONFORK.cast_unsigned(),
    libc::MADV_POPULATE_READ.cast_unsigned(),
    libc::MADV_POPULATE_WRITE.cast_unsigned(),
    102,
    103,
];
/// Waiting, waking and moving waiters (0, 1, 3, 4, 5, 9, 10), plain and private (128), and waiting by the wall clock (256).
const FUTEX_OPERATIONS: &[u32] = &[0, 1, 3, 4, 5, 9, 10, 128, 129, 131, 132, 133, 137, 138, 265, 393];
/// The kernel's numbers for the processor clocks of the calling process and thread.
const OWN_CLOCKS: &[u32] = &[(-6_i32).cast_unsigned(), (-2_i32).cast_unsigned()];
const OPEN_TO_WRITE: u32 =
    (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND | libc::O_TMPFILE).cast_unsigned()
        & !(libc::O_DIRECTORY.cast_unsigned());

/// Allowed to every worker.
const BASE: &[Group] = &[
    allow(
        "memory: the interpreter's heap, stacks and mapped files",
        &[libc::SYS_brk, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_msync],
    ),
    when(
        "madvise: what allocators say of their own pages; not merging them with others', and not poisoning any",
        &[libc::SYS_madvise],
        &[&[one_of(2, ADVICE)]],
    ),
    Group {
        reason: "mmap: extension modules are mapped from files; memory that is written never runs, and memory that the limit \
                 on data does not count is not given: a stack that grows by itself, huge pages. Nor is anonymous memory that \
                 is shared, which Python's mmap.mmap(-1, n) asks for: the worker, who shares it with nobody, makes it private",
        rule: Rule::AllowOrTrap(
            &[
                &[none_of(2, PROT_EXEC), none_of(3, MAP_SHARED | UNCOUNTED)],
                &[none_of(2, PROT_EXEC), none_of(3, MAP_ANONYMOUS | UNCOUNTED)],
                &[none_of(2, PROT_WRITE), none_of(3, MAP_ANONYMOUS | UNCOUNTED)],
            ],
            &[&[none_of(2, PROT_EXEC), all_of(3, MAP_SHARED | MAP_ANONYMOUS), none_of(3, UNCOUNTED)]],
        ),
        calls: &[libc::SYS_mmap],
    },
    when(
        "mprotect: the loader seals relocations; nothing becomes executable",
        &[libc::SYS_mprotect],
        &[&[none_of(2, PROT_EXEC)]],
    ),
    allow(
        "descriptors: the worker's socket and files that Landlock and the root let it open",
        &[
            libc::SYS_read,
            libc::SYS_write,
            libc::SYS_readv,
            libc::SYS_writev,
            libc::SYS_pread64,
            libc::SYS_pwrite64,
            libc::SYS_preadv,
            libc::SYS_pwritev,
            libc::SYS_lseek,
            libc::SYS_close,
            libc::SYS_close_range,
            libc::SYS_dup,
            libc::SYS_dup3,
            libc::SYS_fstat,
            libc::SYS_getdents64,
        ],
    ),
    when(
        "fadvise64: how a file will be read; not that its pages, which all share, may go",
        &[libc::SYS_fadvise64],
        &[&[none_of(3, libc::POSIX_FADV_DONTNEED.cast_unsigned())]],
    ),
    Group {
        reason: "fcntl: flags and duplicates of own descriptors. A lock is said to be taken: nobody else opens the worker's \
                 files, SQLite asks for one, and on a file that all workers read it would be a signal to the others",
        rule: Rule::AllowOrPretend(
            &[&[one_of(
                1,
                &[
                    libc::F_DUPFD.cast_unsigned(),
                    libc::F_GETFD.cast_unsigned(),
                    libc::F_SETFD.cast_unsigned(),
                    libc::F_GETFL.cast_unsigned(),
                    libc::F_SETFL.cast_unsigned(),
                    libc::F_DUPFD_CLOEXEC.cast_unsigned(),
                    // Finds none.
                    libc::F_GETLK.cast_unsigned(),
                ],
            )]],
            &[&[one_of(1, &[libc::F_SETLK.cast_unsigned(), libc::F_SETLKW.cast_unsigned()])]],
        ),
        calls: &[libc::SYS_fcntl],
    },
    when(
        "ioctl: blocking mode, close-on-exec, bytes to read, is-a-terminal; no driver and no TIOCSTI",
        &[libc::SYS_ioctl],
        &[&[one_of(1, &[0x5421, 0x5450, 0x5451, 0x541b, 0x5401])]],
    ),
    allow(
        "names: looking files up; opening them is another matter",
        &[
            libc::SYS_newfstatat,
            libc::SYS_statx,
            libc::SYS_faccessat,
            libc::SYS_faccessat2,
            libc::SYS_readlinkat,
            libc::SYS_getcwd,
            libc::SYS_chdir,
            libc::SYS_fchdir,
            libc::SYS_statfs,
            libc::SYS_fstatfs,
            libc::SYS_umask,
        ],
    ),
    #[cfg(target_arch = "x86_64")]
    allow(
        "the older names of the same, which libc still uses",
        &[
            libc::SYS_stat,
            libc::SYS_lstat,
            libc::SYS_access,
            libc::SYS_readlink,
            libc::SYS_dup2,
            libc::SYS_pipe,
            libc::SYS_poll,
            libc::SYS_select,
            libc::SYS_epoll_wait,
            libc::SYS_getpgrp,
            libc::SYS_time,
            libc::SYS_pause,
        ],
    ),
    allow(
        "waiting: asyncio, select and pipes between threads",
        &[
            libc::SYS_epoll_create1,
            libc::SYS_epoll_ctl,
            libc::SYS_epoll_pwait,
            libc::SYS_ppoll,
            libc::SYS_pselect6,
            libc::SYS_eventfd2,
            libc::SYS_pipe2,
        ],
    ),
    when(
        "socketpair: asyncio wakes itself through one; stream only, since a datagram socket can be addressed elsewhere",
        &[libc::SYS_socketpair],
        &[&[
            one_of(0, &[libc::AF_UNIX.cast_unsigned()]),
            one_of(
                1,
                &[
                    libc::SOCK_STREAM.cast_unsigned(),
                    (libc::SOCK_STREAM | libc::SOCK_CLOEXEC).cast_unsigned(),
                    (libc::SOCK_STREAM | libc::SOCK_NONBLOCK).cast_unsigned(),
                    (libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK).cast_unsigned(),
                ],
            ),
        ]],
    ),
    when(
        "sendto: send() on own sockets, never to an address, and no urgent byte: that code has been a way out of a sandbox",
        &[libc::SYS_sendto],
        &[&[is_null(4), none_of(3, libc::MSG_OOB.cast_unsigned())]],
    ),
    when("recvfrom: recv(), likewise", &[libc::SYS_recvfrom], &[&[none_of(3, libc::MSG_OOB.cast_unsigned())]]),
    allow(
        "sockets: describing and closing the ones there are; none is made or connected",
        &[libc::SYS_shutdown, libc::SYS_getsockname, libc::SYS_getpeername],
    ),
    when(
        "getsockopt: what a socket object asks of itself; not the peer's pidfd, which would be the executor's",
        &[libc::SYS_getsockopt],
        &[&[
            one_of(1, &[libc::SOL_SOCKET.cast_unsigned()]),
            one_of(
                2,
                &[
                    libc::SO_TYPE.cast_unsigned(),
                    libc::SO_ERROR.cast_unsigned(),
                    libc::SO_PROTOCOL.cast_unsigned(),
                    libc::SO_DOMAIN.cast_unsigned(),
                ],
            ),
        ]],
    ),
    allow(
        "threads: locks and the bookkeeping of libc",
        &[
            libc::SYS_set_robust_list,
            libc::SYS_rseq,
            libc::SYS_set_tid_address,
            libc::SYS_gettid,
            libc::SYS_sched_yield,
            libc::SYS_exit,
            libc::SYS_exit_group,
            libc::SYS_getcpu,
        ],
    ),
    when(
        "futex: the locks of libc and CPython; not those that lend a priority, whose code has been a way out of a sandbox",
        &[libc::SYS_futex],
        &[&[one_of(1, FUTEX_OPERATIONS)]],
    ),
    when(
        "sched_getaffinity: how many processors there are, as numpy and pandas ask; of itself, since a number of another \
         process would tell that it exists",
        &[libc::SYS_sched_getaffinity],
        &[&[one_of(0, &[0])]],
    ),
    when(
        "clone: threads, with exactly the flags of a thread",
        &[libc::SYS_clone],
        &[&[all_of(0, THREAD), none_of(0, !THREAD_FLAGS)]],
    ),
    Group {
        reason: "clone3: its flags are in memory, out of a filter's sight; libc falls back to clone",
        rule: Rule::Errno(libc::ENOSYS),
        calls: &[libc::SYS_clone3],
    },
    allow(
        "signals: handlers and masks of the worker itself; it can send none",
        &[
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_rt_sigpending,
            libc::SYS_rt_sigsuspend,
            libc::SYS_rt_sigtimedwait,
            libc::SYS_sigaltstack,
            libc::SYS_restart_syscall,
        ],
    ),
    allow(
        "time: clocks and sleeping",
        &[libc::SYS_nanosleep, libc::SYS_gettimeofday, libc::SYS_times, libc::SYS_getrusage],
    ),
    when(
        "clocks: of the machine and of itself; a negative number is a clock of another process, or a device",
        &[libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep],
        &[&[none_of(0, 1 << 31)], &[one_of(0, OWN_CLOCKS)]],
    ),
    allow(
        "identity: numbers that are the same for every worker",
        &[
            libc::SYS_getpid,
            libc::SYS_getppid,
            libc::SYS_getuid,
            libc::SYS_geteuid,
            libc::SYS_getgid,
            libc::SYS_getegid,
            libc::SYS_getresuid,
            libc::SYS_getresgid,
            libc::SYS_getgroups,
            libc::SYS_uname,
        ],
    ),
    when(
        "prctl: the name of a thread",
        &[libc::SYS_prctl],
        &[&[one_of(0, &[libc::PR_SET_NAME.cast_unsigned(), libc::PR_GET_NAME.cast_unsigned()])]],
    ),
    when(
        "group and session: its own; to be told another's is to be told that it exists",
        &[libc::SYS_getpgid, libc::SYS_getsid],
        &[&[one_of(0, &[0])]],
    ),
    when(
        "prlimit64: reading its own limits; setting them is for the executor",
        &[libc::SYS_prlimit64],
        &[&[one_of(0, &[0]), is_null(2)]],
    ),
    #[cfg(target_arch = "x86_64")]
    allow("getrlimit: the older way to read limits", &[libc::SYS_getrlimit]),
    allow("getrandom: seeds, tokens and temporary names", &[libc::SYS_getrandom]),
    Group {
        reason: "extended attributes: `shutil.copy2` goes on at ENOTSUP and gives up at EPERM",
        rule: Rule::Errno(libc::EOPNOTSUPP),
        calls: &[libc::SYS_listxattr, libc::SYS_llistxattr, libc::SYS_flistxattr],
    },
    Group {
        reason: "no program of a user needs these; they are steps of an escape, so the worker ends at once",
        rule: Rule::Kill,
        calls: &[
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_process_madvise,
            libc::SYS_pidfd_getfd,
            libc::SYS_kcmp,
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_pivot_root,
            libc::SYS_chroot,
            libc::SYS_move_mount,
            libc::SYS_open_tree,
            libc::SYS_fsopen,
            libc::SYS_fsmount,
            libc::SYS_fsconfig,
            libc::SYS_fspick,
            libc::SYS_mount_setattr,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_io_uring_register,
            libc::SYS_keyctl,
            libc::SYS_add_key,
            libc::SYS_request_key,
            libc::SYS_memfd_secret,
            libc::SYS_personality,
            libc::SYS_init_module,
            libc::SYS_finit_module,
            libc::SYS_delete_module,
            libc::SYS_kexec_load,
            libc::SYS_reboot,
            libc::SYS_swapon,
            libc::SYS_swapoff,
            libc::SYS_open_by_handle_at,
            libc::SYS_name_to_handle_at,
            libc::SYS_seccomp,
            libc::SYS_syslog,
            libc::SYS_acct,
            libc::SYS_quotactl,
            libc::SYS_settimeofday,
            libc::SYS_clock_settime,
            libc::SYS_vhangup,
        ],
    },
];

/// Where nothing may be written: opening for reading only.
const READ_ONLY: &[Group] = &[when("openat: reading files", &[libc::SYS_openat], &[&[none_of(2, OPEN_TO_WRITE)]])];

/// Where there is a scratch file system: its files, as `tempfile`, `shutil` and `sqlite3` use them.
const SCRATCH: &[Group] = &[
    allow("openat: reading files, and writing those of the scratch", &[libc::SYS_openat]),
    allow(
        "the scratch's files and directories; the root is read-only and Landlock allows no other",
        &[
            libc::SYS_mkdirat,
            libc::SYS_unlinkat,
            libc::SYS_renameat2,
            libc::SYS_linkat,
            libc::SYS_symlinkat,
            libc::SYS_ftruncate,
            libc::SYS_truncate,
            libc::SYS_fallocate,
            libc::SYS_fchmod,
            libc::SYS_fchmodat,
            libc::SYS_utimensat,
            libc::SYS_sendfile,
            libc::SYS_copy_file_range,
        ],
    ),
    Group {
        reason: "fsync: done, since the scratch is memory; on a file of the interpreter it would flush the host's disk",
        rule: Rule::Errno(0),
        calls: &[libc::SYS_fsync, libc::SYS_fdatasync],
    },
    // The C library's crate has no name for it here.
    #[cfg(target_arch = "aarch64")]
    allow("renameat: what rename() calls", &[38]),
    #[cfg(target_arch = "x86_64")]
    allow(
        "the older names of the same",
        &[
            libc::SYS_renameat,
            libc::SYS_open,
            libc::SYS_mkdir,
            libc::SYS_rmdir,
            libc::SYS_unlink,
            libc::SYS_rename,
            libc::SYS_link,
            libc::SYS_symlink,
            libc::SYS_chmod,
        ],
    ),
];

/// The policy as the assembler takes it: sorted, each call once.
pub(crate) fn policy(writes: Writes) -> Vec<(u32, Rule)> {
    let files = match writes {
        Writes::Denied => READ_ONLY,
        Writes::Scratch => SCRATCH,
    };
    let mut rules = BTreeMap::new();
    for group in BASE.iter().chain(files) {
        for call in group.calls {
            let number = u32::try_from(*call).expect("call numbers are small and positive");
            let before = rules.insert(number, group.rule);
            assert!(before.is_none(), "call {number} is in two groups of the policy");
        }
    }
    rules.into_iter().collect()
}
