//! Each layer alone, with the others off, against the attack that is its own.

use codemode_jail::{Layer, LayerSet, SpawnError, WaitStatus, Zygote};

use crate::harness::{Jail, config, standard};

fn only(layers: &[Layer]) -> Jail {
    Jail::start(layers.iter().copied().collect::<LayerSet>())
}

#[test]
fn without_a_layer_the_attacks_work() {
    let mut jail = Jail::start(LayerSet::empty());
    assert!(jail.answer("answer = open('/etc/passwd').read(5)").starts_with("root:"));
    assert_eq!(
        jail.answer(
            "import socket\nsocket.socket().close()\nanswer = os.path.isdir('/proc')\n"
                .replace("os.", "__import__('os').")
                .as_str()
        ),
        "True"
    );
    assert_eq!(jail.answer("import os\nif os.fork() == 0: os._exit(0)\nanswer = 'forked'"), "forked");
}

#[test]
fn no_new_privileges_is_set_and_stays() {
    let mut jail = only(&[Layer::NoNewPrivileges]);
    let program =
        "import ctypes\nlibc = ctypes.CDLL(None)\nanswer = libc.prctl(39, 0, 0, 0, 0), libc.prctl(38, 0, 0, 0, 0)";
    assert_eq!(jail.answer(program), "(1, -1)");
}

#[test]
fn capabilities_are_gone_even_for_root() {
    let mut jail = only(&[Layer::Capabilities]);
    assert_eq!(jail.answer("import os\nos.chroot('/')"), "PermissionError: [Errno 1] Operation not permitted: '/'");
    let sets = "answer = [l.split()[1] for l in open('/proc/self/status') if l.startswith(('CapInh', 'CapPrm', 'CapEff', 'CapAmb'))]";
    assert_eq!(jail.answer(sets), format!("{:?}", vec!["0".repeat(16); 4]).replace('"', "'"));
}

#[test]
fn only_the_socket_and_null_are_open() {
    let mut jail = only(&[Layer::Descriptors]);
    let program = "
import os
def name(number):
    try: return os.readlink(f'/proc/self/fd/{number}').split(':')[0]
    except OSError: return None
answer = [(n, name(n)) for n in range(256) if name(n)]";
    assert_eq!(jail.answer(program), "[(0, '/dev/null'), (1, '/dev/null'), (2, '/dev/null'), (3, 'socket')]");
}

#[test]
fn rlimits_stop_a_memory_bomb_and_a_descriptor_flood() {
    let mut jail = only(&[Layer::Rlimits]);
    assert_eq!(jail.answer("bytearray(1 << 30)"), "MemoryError: ");
    let flood = "import os\ntry:\n  while True: os.dup(0)\nexcept OSError as error: answer = error.strerror";
    assert_eq!(jail.answer(flood), "Too many open files");
    let file = std::env::temp_dir().join(format!("codemode-jail-test-{}", std::process::id()));
    assert_eq!(
        jail.answer(&format!("open('{}', 'wb', 0).write(b'x')", file.display())),
        "OSError: [Errno 27] File too large"
    );
    let _ = std::fs::remove_file(file);
    assert_eq!(jail.answer("import resource\nanswer = resource.getrlimit(resource.RLIMIT_CORE)"), "(0, 0)");
    // The executor's own may be unlimited.
    let stack = jail.answer("import resource\nanswer = resource.getrlimit(resource.RLIMIT_STACK)");
    assert_eq!(stack, "(8388608, 8388608)");
}

#[test]
fn seccomp_refuses_network_processes_files_and_code() {
    let mut jail = only(&[Layer::NoNewPrivileges, Layer::Seccomp]);
    let refused = "PermissionError: [Errno 1] Operation not permitted";
    assert_eq!(jail.answer("import socket\nsocket.socket()"), refused);
    assert_eq!(jail.answer("import os\nos.fork()"), refused);
    assert_eq!(jail.answer("open('/tmp/jail-x', 'w')"), format!("{refused}: '/tmp/jail-x'"));
    assert_eq!(jail.answer("import os, signal\nos.kill(os.getppid(), 0)"), refused);
    assert_eq!(jail.answer("import mmap\nmmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)"), refused);
    assert_eq!(jail.answer("import subprocess\nsubprocess.run(['true'])"), refused);
    // A call that only an attack makes ends the worker.
    let killed = (String::new(), WaitStatus::Signaled(libc::SIGSYS));
    assert_eq!(jail.run("import os\nos.execv('/bin/true', ['true'])"), killed);
    assert_eq!(jail.run("import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)"), killed);
    assert_eq!(jail.run("import ctypes\nctypes.CDLL(None).unshare(0x10000000)"), killed);
}

/// Memory shared with nobody is private; what takes it for more than that loses these calls and nothing else.
#[test]
fn seccomp_has_shared_anonymous_memory_made_private() {
    let mut jail = only(&[Layer::NoNewPrivileges, Layer::Seccomp]);
    let used = "
import mmap, threading
block = mmap.mmap(-1, 8192)
def write(): block[:6] = b'shared'
thread = threading.Thread(target=write)
thread.start()
thread.join()
block.resize(1 << 20)
block.flush()
answer = type(block) is mmap.mmap, block[:6], block[-1], len(block)
block.close()";
    assert_eq!(jail.answer(used), "(True, b'shared', 0, 1048576)");
    let kinds = "
import mmap
answer = [len(mmap.mmap(-1, 4096, access=access)) for access in (mmap.ACCESS_READ, mmap.ACCESS_WRITE, mmap.ACCESS_COPY)]";
    assert_eq!(jail.answer(kinds), "[4096, 4096, 4096]");
    let killed = (String::new(), WaitStatus::Signaled(libc::SIGSYS));
    let blocked = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGSYS])";
    for attempt in
        ["signal.signal(signal.SIGSYS, signal.SIG_DFL)", "signal.signal(signal.SIGSYS, signal.SIG_IGN)", blocked]
    {
        assert_eq!(jail.run(&format!("import mmap, signal\n{attempt}\nmmap.mmap(-1, 4096)")), killed, "{attempt}");
        assert_eq!(jail.answer(&format!("import signal\n{attempt}\nanswer = len(bytearray(1 << 24))")), "16777216");
    }
}

/// The zygote's directory is removed once it serves.
#[test]
fn current_directory_has_a_path_where_there_is_no_scratch() {
    for layer in [Layer::Rlimits, Layer::Namespaces] {
        if layer == Layer::Namespaces && standard().is_none() {
            continue;
        }
        let mut jail = only(&[layer]);
        assert_eq!(jail.answer("import os\nanswer = os.getcwd(), os.path.abspath('x')"), "('/', '/x')");
    }
}

#[test]
fn landlock_hides_files_and_stops_tcp_and_signals() {
    let mut jail = only(&[Layer::NoNewPrivileges, Layer::Landlock]);
    let refused = "PermissionError: [Errno 13] Permission denied";
    assert_eq!(jail.answer("open('/etc/passwd')"), format!("{refused}: '/etc/passwd'"));
    assert_eq!(jail.answer("import os\nos.listdir('/proc')"), format!("{refused}: '/proc'"));
    assert_eq!(jail.answer("open('/tmp/jail-x', 'w')"), format!("{refused}: '/tmp/jail-x'"));
    assert_eq!(jail.answer("import decimal, sqlite3\nanswer = decimal.Decimal(1) + 1"), "2");
    // Older kernels do not know these two; seccomp stops them there.
    let tcp = jail.answer("import socket\nsocket.create_connection(('127.0.0.1', 9))");
    let signal = jail.answer("import os\nos.kill(os.getppid(), 0)");
    if tcp.starts_with("ConnectionRefusedError") || signal == "None" {
        println!("skipped: this kernel's Landlock has no rules for TCP or signals");
    } else {
        assert_eq!(tcp, refused);
        assert_eq!(signal, "PermissionError: [Errno 1] Operation not permitted");
    }
}

#[test]
fn namespaces_hide_files_processes_and_the_network() {
    if standard().is_none() {
        return;
    }
    let mut jail = only(&[Layer::Namespaces]);
    assert!(jail.answer("import os\nanswer = os.listdir('/')").contains("'codemode'"));
    assert_eq!(
        jail.answer("import os\nanswer = os.listdir('/etc'), sorted(os.listdir('/dev'))"),
        "(['ld.so.cache'], ['null', 'urandom'])"
    );
    assert_eq!(
        jail.answer("open('/proc/self/status')"),
        "FileNotFoundError: [Errno 2] No such file or directory: '/proc/self/status'"
    );
    assert_eq!(jail.answer("open('/tmp/jail-x', 'w')"), "OSError: [Errno 30] Read-only file system: '/tmp/jail-x'");
    assert_eq!(
        jail.answer("import socket\nsocket.create_connection(('127.0.0.1', 9))"),
        "OSError: [Errno 101] Network is unreachable"
    );
    assert_eq!(jail.answer("import os\nanswer = os.getppid()"), "1");
    let executor = std::process::id();
    assert_eq!(
        jail.answer(&format!("import os\nos.kill({executor}, 0)")),
        "ProcessLookupError: [Errno 3] No such process"
    );
    assert_eq!(
        jail.answer("import os\nanswer = dict(os.environ)").replace(' ', ""),
        "{'LD_BIND_NOW':'1','PYTHONHASHSEED':'0','LC_ALL':'C.UTF-8','OPENBLAS_NUM_THREADS':'1','OMP_NUM_THREADS':'1','MKL_NUM_THREADS':'1'}"
    );
}

#[test]
fn worker_namespaces_give_each_worker_its_own_world_and_scratch() {
    if standard().is_none() {
        return;
    }
    let mut jail = only(&[Layer::Namespaces, Layer::WorkerNamespaces]);
    assert_eq!(
        jail.answer("import os\nopen('mine', 'w').close()\nanswer = os.getpid(), os.listdir('/tmp')"),
        "(1, ['mine'])"
    );
    assert_eq!(jail.answer("import os\nanswer = os.getcwd(), os.listdir('/tmp')"), "('/tmp', [])");
    let fill = "
f = open('/tmp/fill', 'wb')
try:
    while True: f.write(bytes(1 << 20)); f.flush()
except OSError as error: answer = error.strerror, f.tell() >> 20";
    assert_eq!(jail.answer(fill), "('No space left on device', 16)");
    let unmount = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nanswer = libc.umount2(b'/tmp', 2), ctypes.get_errno()";
    assert_eq!(jail.answer(unmount), "(-1, 1)");
}

#[test]
fn undumpable_keeps_a_sibling_from_reading_memory() {
    // Without capabilities: root could read anything otherwise.
    let mut jail = only(&[Layer::Capabilities, Layer::Undumpable]);
    let victim = jail.ready_worker();
    let attack = format!("open('/proc/{}/mem', 'rb')", victim.process.pid());
    assert_eq!(
        jail.answer(&attack),
        format!("PermissionError: [Errno 13] Permission denied: '/proc/{}/mem'", victim.process.pid())
    );
    let zygote = jail.zygote.pid();
    assert!(jail.answer(&format!("open('/proc/{zygote}/mem', 'rb')")).starts_with("PermissionError"));
    // The same attack works where the layer is off.
    let mut open = only(&[Layer::Capabilities]);
    let victim = open.ready_worker();
    assert_eq!(open.answer(&format!("open('/proc/{}/mem', 'rb').close()", victim.process.pid())), "None");
}

#[test]
fn layer_that_needs_another_is_refused_alone() {
    for (layer, needs) in [
        (Layer::Seccomp, Layer::NoNewPrivileges),
        (Layer::Landlock, Layer::NoNewPrivileges),
        (Layer::WorkerNamespaces, Layer::Namespaces),
    ] {
        let error = Zygote::spawn(&config(LayerSet::empty().with(layer))).unwrap_err();
        assert!(matches!(error, SpawnError::Layers { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("the layer `{layer}` cannot be applied without the layer `{needs}`"));
    }
}
