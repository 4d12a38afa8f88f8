//! Limits of one execution, set from outside before its program arrives.

use std::time::Duration;

use codemode_jail::{Ceilings, Layer, WaitStatus, WorkerLimits, ZygoteConfig, ZygoteEvent};

use crate::harness::{Jail, config, profiles, standard};

const LIMITS: WorkerLimits = WorkerLimits { memory: 32 << 20, cpu_seconds: 30, open_files: 16, tasks: 8 };

#[test]
fn memory_limit_raises_memory_error_and_counts_from_the_fork() {
    for layers in profiles() {
        let mut jail = Jail::start(layers);
        let mut worker = jail.ready_worker();
        worker.process.set_limits(&LIMITS).unwrap();
        worker.send("bytearray(24 << 20)\ntry: bytearray(40 << 20)\nexcept MemoryError: answer = 'stopped'");
        assert_eq!(worker.answer(), "stopped");
        assert_eq!(jail.ended(&worker), WaitStatus::Exited(0));
    }
}

/// Without a control group, too: the kernel would keep it as a file, which no limit counts.
#[test]
fn memory_limit_counts_shared_anonymous_memory() {
    let map = "
import ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
def map(size):
    address = libc.mmap(None, ctypes.c_size_t(size), 3, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, -1, ctypes.c_long(0))
    return None if address == ctypes.c_size_t(-1).value else address
";
    for layers in profiles() {
        let mut jail = Jail::start(layers);
        let mut worker = jail.ready_worker();
        worker.process.set_limits(&LIMITS).unwrap();
        worker.send("import mmap\nsmall = mmap.mmap(-1, 1 << 20)\nmmap.mmap(-1, 40 << 20)");
        assert_eq!(worker.answer(), "OSError: [Errno 12] Cannot allocate memory");
        assert_eq!(jail.ended(&worker), WaitStatus::Exited(0));

        let mut worker = jail.ready_worker();
        worker.process.set_limits(&LIMITS).unwrap();
        worker.send(&format!(
            "{map}\nctypes.memset(map(1 << 20), 1, 1 << 20)\nanswer = map(40 << 20), ctypes.get_errno(), map(0), ctypes.get_errno()"
        ));
        assert_eq!(worker.answer(), "(None, 12, None, 22)");
        assert_eq!(jail.ended(&worker), WaitStatus::Exited(0));
    }
}

#[test]
fn processor_limit_kills_a_program_that_ignores_signals() {
    let Some(layers) = standard() else { return };
    let mut jail = Jail::start(layers);
    let mut worker = jail.ready_worker();
    worker.process.set_limits(&WorkerLimits { cpu_seconds: 1, ..LIMITS }).unwrap();
    worker.send("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass");
    assert_eq!(worker.answer(), "");
    // Of the processor's time: how long that takes is the machine's affair.
    let event = jail.event();
    let ZygoteEvent::Exited { pid, status, user, system, .. } = event else { panic!("{event:?} is no end") };
    assert_eq!((pid, status), (worker.process.zygote_pid(), WaitStatus::Signaled(libc::SIGKILL)));
    assert!(user + system < Duration::from_secs(3), "{user:?} and {system:?}");
}

#[test]
fn descriptor_limit_holds_and_cannot_be_raised() {
    let Some(layers) = standard() else { return };
    let mut jail = Jail::start(layers);
    let mut worker = jail.ready_worker();
    worker.process.set_limits(&LIMITS).unwrap();
    worker.send(
        "import os, resource\nfds = []\ntry:\n  while True: fds.append(os.dup(0))\nexcept OSError: count = len(fds)\n\
         for fd in fds: os.close(fd)\n\
         try: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\nexcept (OSError, ValueError) as error: answer = count, type(error).__name__",
    );
    assert_eq!(worker.answer(), "(12, 'ValueError')");
}

#[test]
fn threads_are_limited_per_worker() {
    let Some(layers) = standard() else { return };
    // A thread's stack of 8 MiB counts as memory.
    let ceilings = Ceilings { memory: 1 << 30, ..Ceilings::default() };
    let mut jail = Jail::with(&ZygoteConfig { ceilings, ..config(layers) });
    let bystander = jail.ready_worker();
    let program = "
import threading
gate = threading.Event()
count = 0
try:
    while True:
        threading.Thread(target=gate.wait, daemon=True).start()
        count += 1
except RuntimeError as error:
    answer = count, str(error)
gate.set()";
    // 64 tasks less the main thread; another worker's do not count.
    assert_eq!(jail.answer(program), "(63, \"can't start new thread\")");
    let mut limited = jail.ready_worker();
    limited.process.set_limits(&WorkerLimits { memory: 1 << 30, ..LIMITS }).unwrap();
    limited.send(program);
    assert_eq!(limited.answer(), "(7, \"can't start new thread\")");
    // Not before: its end would be an event among the others.
    drop(bystander);
}

#[test]
fn limits_of_a_worker_that_ended_are_an_error() {
    let Some(layers) = standard() else { return };
    let mut jail = Jail::start(layers.without(Layer::Landlock));
    let worker = jail.ready_worker();
    worker.process.kill().unwrap();
    jail.ended(&worker);
    assert_eq!(worker.process.set_limits(&LIMITS).unwrap_err().raw_os_error(), Some(libc::ESRCH));
    worker.process.kill().unwrap();
}
