//! A small evaluator of classic BPF, and the proof that the assembled program decides as the policy reads. The tests try the
//! worker's policy; the fuzz target tries others.

#[cfg(test)]
use super::assemble::assemble;
use super::assemble::{
    AND, ARCHITECTURE, Instruction, JUMP, JUMP_ANY_BIT, JUMP_AT_LEAST, JUMP_EQUAL, LOAD, RETURN, RETURN_ALLOW,
    RETURN_ERRNO, RETURN_KILL, RETURN_TRAP, X32,
};
#[cfg(test)]
use super::policy::{Writes, policy};
use super::rule::{Condition, Rule, Test};

fn low_half(value: u64) -> u32 {
    u32::try_from(value & 0xffff_ffff).expect("32 bits")
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) number: u32,
    pub(crate) architecture: u32,
    pub(crate) arguments: [u64; 6],
}

impl Call {
    /// The word of `struct seccomp_data` at an offset, on a little-endian machine.
    fn word(&self, offset: u32) -> u32 {
        let half = |value: u64, high: bool| low_half(if high { value >> 32 } else { value });
        match offset {
            0 => self.number,
            4 => self.architecture,
            16..64 if offset.is_multiple_of(4) => {
                half(self.arguments[(offset as usize - 16) / 8], (offset - 16) % 8 == 4)
            }
            _ => panic!("load of offset {offset}"),
        }
    }
}

/// Runs a program; also proves that it ends and never leaves itself.
pub(crate) fn evaluate(program: &[Instruction], call: &Call) -> u32 {
    let (mut at, mut accumulator) = (0, 0);
    loop {
        let Instruction { code, if_true, if_false, value } = program[at];
        let taken = match code {
            RETURN => return value,
            LOAD => {
                accumulator = call.word(value);
                0
            }
            AND => {
                accumulator &= value;
                0
            }
            JUMP => value as usize,
            JUMP_EQUAL => usize::from(if accumulator == value { if_true } else { if_false }),
            JUMP_AT_LEAST => usize::from(if accumulator >= value { if_true } else { if_false }),
            JUMP_ANY_BIT => usize::from(if accumulator & value != 0 { if_true } else { if_false }),
            _ => panic!("unknown instruction {code:#x}"),
        };
        at += 1 + taken;
    }
}

/// The same decision, read straight from the policy.
pub(crate) fn expected(policy: &[(u32, Rule)], call: &Call) -> u32 {
    if call.architecture != ARCHITECTURE || call.number >= X32 {
        return RETURN_KILL;
    }
    let passes = |test: &Test| {
        let value = call.arguments[usize::from(test.argument)];
        match test.condition {
            Condition::NoneOf(bits) => low_half(value) & bits == 0,
            Condition::AllOf(bits) => low_half(value) & bits == bits,
            Condition::OneOf(values) => values.contains(&low_half(value)),
            Condition::IsNull => value == 0,
        }
    };
    let holds = |clauses: &[&[Test]]| clauses.iter().any(|tests| tests.iter().all(passes));
    match policy.iter().find(|(number, _)| *number == call.number).map(|(_, rule)| rule) {
        Some(Rule::Allow) => RETURN_ALLOW,
        Some(Rule::Errno(errno)) => RETURN_ERRNO | errno.cast_unsigned(),
        Some(Rule::Kill) => RETURN_KILL,
        Some(Rule::AllowIf(clauses) | Rule::AllowOrPretend(clauses, _) | Rule::AllowOrTrap(clauses, _))
            if holds(clauses) =>
        {
            RETURN_ALLOW
        }
        Some(Rule::AllowOrPretend(_, clauses)) if holds(clauses) => RETURN_ERRNO,
        Some(Rule::AllowOrTrap(_, clauses)) if holds(clauses) => RETURN_TRAP,
        None | Some(Rule::AllowIf(_) | Rule::AllowOrPretend(..) | Rule::AllowOrTrap(..)) => RETURN_ERRNO | 1,
    }
}

/// Values at the edges of the tests: each single bit, each listed value, and each a little off.
#[cfg(test)]
fn odd_values(policy: &[(u32, Rule)]) -> Vec<u64> {
    let mut values: Vec<u64> = (0..64).map(|bit| 1 << bit).collect();
    values.extend([0, u64::MAX, 1 << 32, 0xffff_ffff]);
    for (_, rule) in policy {
        let clauses = match rule {
            Rule::AllowIf(clauses) => clauses.to_vec(),
            Rule::AllowOrPretend(allowed, others) | Rule::AllowOrTrap(allowed, others) => [*allowed, *others].concat(),
            Rule::Allow | Rule::Errno(_) | Rule::Kill => continue,
        };
        for test in clauses.iter().flat_map(|tests| tests.iter()) {
            let own: Vec<u32> = match test.condition {
                Condition::NoneOf(bits) => vec![bits, !bits],
                Condition::AllOf(bits) => vec![bits, bits & bits.wrapping_sub(1), !bits],
                Condition::OneOf(listed) => listed.to_vec(),
                Condition::IsNull => vec![],
            };
            for value in own.into_iter().map(u64::from) {
                values.extend([value, value + 1, value.wrapping_sub(1), value | 1 << 40]);
            }
        }
    }
    values.sort_unstable();
    values.dedup();
    values
}

#[test]
fn program_decides_as_the_policy_reads() {
    for writes in [Writes::Denied, Writes::Scratch] {
        let policy = policy(writes);
        let program = assemble(&policy);
        assert!(program.len() < 600, "{} instructions", program.len());
        let odd = odd_values(&policy);
        for number in (0..600).chain([X32 - 1, X32, X32 + 1, u32::MAX]) {
            let mut tried = vec![[0; 6], [u64::MAX; 6]];
            let tested = policy
                .iter()
                .any(|(listed, rule)| *listed == number && !matches!(rule, Rule::Allow | Rule::Errno(_) | Rule::Kill));
            if tested {
                for value in &odd {
                    tried.push([*value; 6]);
                    for place in 0..6 {
                        let mut arguments = [0; 6];
                        arguments[place] = *value;
                        tried.push(arguments);
                    }
                }
                // Pairs decide for mmap, clone and socketpair.
                for first in &odd {
                    for second in &odd {
                        tried.push([*first, *second, *first, *second, *second, *first]);
                    }
                }
            }
            for arguments in tried {
                for architecture in [ARCHITECTURE, ARCHITECTURE ^ 1, 0x4000_0003] {
                    let call = Call { number, architecture, arguments };
                    assert_eq!(
                        evaluate(&program, &call),
                        expected(&policy, &call),
                        "call {number} of {architecture:#x} with {arguments:#x?}"
                    );
                }
            }
        }
    }
}

/// Decisions that must not follow from the policy's text alone.
#[test]
fn attacks_are_refused_and_ordinary_calls_pass() {
    let decide = |writes, number: i64, arguments: [u64; 6]| {
        let number = u32::try_from(number).expect("a call number");
        evaluate(&assemble(&policy(writes)), &Call { number, architecture: ARCHITECTURE, arguments })
    };
    let denied = |number, arguments| decide(Writes::Denied, number, arguments);
    let scratch = |number, arguments| decide(Writes::Scratch, number, arguments);
    let eperm = RETURN_ERRNO | 1;

    assert_eq!(denied(libc::SYS_read, [0; 6]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_execve, [0; 6]), RETURN_KILL);
    assert_eq!(denied(libc::SYS_ptrace, [0; 6]), RETURN_KILL);
    assert_eq!(denied(libc::SYS_socket, [2, 1, 0, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_clone3, [0; 6]), RETURN_ERRNO | libc::ENOSYS.cast_unsigned());
    // open for reading, for writing, with creation
    assert_eq!(denied(libc::SYS_openat, [0, 0, 0o2_000_000, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_openat, [0, 0, 1, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_openat, [0, 0, 0o100, 0, 0, 0]), eperm);
    assert_eq!(scratch(libc::SYS_openat, [0, 0, 0o101, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_unlinkat, [0; 6]), eperm);
    // a library's text, and code made at run time
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 5, 2, 5, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 7, 2, 5, 0]), eperm);
    // anonymous: private, growing by itself, of huge pages; a file, shared
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 3, 0x22, u64::MAX, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 3, 0x122, u64::MAX, 0]), eperm);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 3, 0x40022, u64::MAX, 0]), eperm);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 3, 1, 5, 0]), RETURN_ALLOW);
    // anonymous and shared: made private by the worker; with code, or growing, refused like any other
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 3, 0x21, u64::MAX, 0]), RETURN_TRAP);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 0, 0x23, u64::MAX, 0]), RETURN_TRAP);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 7, 0x21, u64::MAX, 0]), eperm);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 3, 0x40021, u64::MAX, 0]), eperm);
    assert_eq!(denied(libc::SYS_mmap, [0, 4096, 5, 0x22, u64::MAX, 0]), eperm);
    assert_eq!(denied(libc::SYS_mprotect, [0, 4096, 5, 0, 0, 0]), eperm);
    // a thread of glibc, a fork, a thread in a new user namespace
    assert_eq!(denied(libc::SYS_clone, [0x3d_0f00, 0, 0, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_clone, [0x0120_0011, 0, 0, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_clone, [0x103d_0f00, 0, 0, 0, 0, 0]), eperm);
    // a pair of stream sockets; a datagram pair could be addressed elsewhere
    assert_eq!(denied(libc::SYS_socketpair, [1, 0o2_004_001, 0, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_socketpair, [1, 2, 0, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_socketpair, [2, 1, 0, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_sendto, [3, 0, 0, 0, 1 << 33, 0]), eperm);
    // a socket's type, and the pidfd of the executor at its other end
    assert_eq!(denied(libc::SYS_getsockopt, [3, 1, 3, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_getsockopt, [3, 1, 77, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_prlimit64, [0, 0, 0, 1, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_prlimit64, [0, 0, 1, 0, 0, 0]), eperm);
    // limits, group, affinity and clock of itself, and those of process 7
    assert_eq!(denied(libc::SYS_prlimit64, [7, 0, 0, 1, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_getpgid, [0; 6]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_getpgid, [7, 0, 0, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_sched_getaffinity, [7, 128, 8, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_clock_gettime, [2, 8, 0, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_clock_gettime, [(-6_i64).cast_unsigned(), 8, 0, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_clock_gettime, [(!7_i64 << 3 | 2).cast_unsigned(), 8, 0, 0, 0, 0]), eperm);
    // an urgent byte, a lock that lends its priority, merging and poisoning memory, dropping pages that all share
    assert_eq!(denied(libc::SYS_sendto, [3, 0, 0, 1, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_recvfrom, [3, 0, 0, 1, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_futex, [8, 128, 0, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_futex, [8, 134, 0, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_madvise, [0, 4096, 4, 0, 0, 0]), RETURN_ALLOW);
    assert_eq!(denied(libc::SYS_madvise, [0, 4096, 12, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_madvise, [0, 4096, 101, 0, 0, 0]), eperm);
    assert_eq!(denied(libc::SYS_fadvise64, [3, 0, 0, 4, 0, 0]), eperm);
    // locks of the worker's own, which nobody else may see
    assert_eq!(denied(libc::SYS_fcntl, [3, libc::F_SETLK as u64, 8, 0, 0, 0]), RETURN_ERRNO);
    assert_eq!(denied(libc::SYS_fcntl, [3, libc::F_OFD_SETLK as u64, 8, 0, 0, 0]), eperm);
    assert_eq!(scratch(libc::SYS_fsync, [3, 0, 0, 0, 0, 0]), RETURN_ERRNO);
    assert_eq!(denied(libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0]), eperm); // TIOCSTI
}
