//! Births and deaths: of workers, of the zygote, and of what was asked for and could not be.

use std::os::fd::AsRawFd;
use std::path::Path;

use codemode_jail::{Ceilings, Layer, LayerSet, Profile, SpawnError, WaitStatus, Zygote, ZygoteConfig, ZygoteEvent};

use crate::harness::{Jail, config, profiles, standard, wait};

#[test]
fn sibling_death_leaves_a_worker_alone() {
    for layers in profiles() {
        let mut jail = Jail::start(layers);
        let mut survivor = jail.ready_worker();
        let victim = jail.ready_worker();
        assert!(!victim.process.has_ended().unwrap());
        victim.process.kill().unwrap();
        // Before the zygote says so, and when it has.
        wait(victim.process.pidfd());
        assert!(victim.process.has_ended().unwrap());
        assert_eq!(jail.ended(&victim), WaitStatus::Signaled(libc::SIGKILL));
        assert!(victim.process.has_ended().unwrap());
        assert!(!survivor.process.has_ended().unwrap());
        survivor.send("answer = 6 * 7");
        assert_eq!(survivor.answer(), "42");
        assert_eq!(jail.ended(&survivor), WaitStatus::Exited(0));
        assert_eq!(jail.answer("answer = 'and the zygote serves on'"), "and the zygote serves on");
    }
}

#[test]
fn workers_die_with_the_control_socket() {
    for layers in profiles() {
        let mut jail = Jail::start(layers);
        let workers = [jail.ready_worker(), jail.ready_worker()];
        // SAFETY: shuts down a socket that `jail` keeps open.
        unsafe { libc::shutdown(jail.zygote.control().as_raw_fd(), libc::SHUT_RDWR) };
        for worker in &workers {
            wait(worker.process.pidfd());
        }
        assert_eq!(jail.zygote.wait().unwrap(), WaitStatus::Exited(0));
    }
}

#[test]
fn workers_die_with_a_killed_zygote() {
    for layers in profiles() {
        let mut jail = Jail::start(layers);
        let worker = jail.ready_worker();
        jail.zygote.kill().unwrap();
        wait(worker.process.pidfd());
        assert!(matches!(jail.event(), ZygoteEvent::Closed));
        assert_eq!(jail.zygote.wait().unwrap(), WaitStatus::Signaled(libc::SIGKILL));
        assert_eq!(jail.zygote.try_wait().unwrap(), Some(WaitStatus::Signaled(libc::SIGKILL)));
    }
}

#[test]
fn refused_fork_is_reported_and_the_zygote_serves_on() {
    let Some(layers) = standard() else { return };
    let mut jail = Jail::start(layers);
    let limit = |soft| {
        let limit = libc::rlimit64 { rlim_cur: soft, rlim_max: 4096 };
        // SAFETY: `limit` outlives the call.
        let set =
            unsafe { libc::prlimit64(jail.zygote.pid(), libc::RLIMIT_NPROC, &raw const limit, std::ptr::null_mut()) };
        assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
    };
    limit(0);
    let (asked, _socket) = jail.request();
    let event = jail.event();
    assert!(
        matches!(event, ZygoteEvent::ForkFailed { sequence, errno: libc::EAGAIN } if sequence == asked),
        "{event:?}"
    );
}

#[test]
fn worker_whose_layer_fails_runs_nothing() {
    let Some(layers) = standard() else { return };
    let ceilings = Ceilings { scratch_files: u64::MAX, ..Ceilings::default() };
    let mut jail = Jail::with(&ZygoteConfig { ceilings, ..config(layers) });
    let mut worker = jail.worker();
    let _ = std::io::Write::write_all(&mut worker.socket, b"answer = 'ran'\0");
    assert_eq!(worker.answer(), "");
    assert_eq!(jail.ended(&worker), WaitStatus::Exited(97));
    assert_eq!(jail.last_words(), "lock-down failed at scratch file system, errno 0022\n");
}

#[test]
fn dying_bootstrap_tells_why() {
    for layers in profiles() {
        let config = ZygoteConfig { bootstrap: "raise SystemExit('no such module')".to_owned(), ..config(layers) };
        let mut zygote = Zygote::spawn(&config).unwrap();
        wait(zygote.control());
        assert!(matches!(zygote.receive().unwrap(), ZygoteEvent::Closed));
        assert_eq!(zygote.wait().unwrap(), WaitStatus::Exited(1));
        let mut words = [0; 64];
        let stderr = zygote.stderr().try_clone_to_owned().unwrap();
        let read = std::io::Read::read(&mut std::fs::File::from(stderr), &mut words).unwrap();
        assert_eq!(String::from_utf8_lossy(&words[..read]), "no such module\n");
    }
}

#[test]
fn missing_interpreter_is_named() {
    let config = ZygoteConfig { python: "/nowhere/python3".into(), ..config(LayerSet::all()) };
    let error = Zygote::spawn(&config).unwrap_err();
    assert!(matches!(&error, SpawnError::Interpreter { python, .. } if python == Path::new("/nowhere/python3")));
    assert_eq!(
        error.to_string(),
        "failed to inspect the interpreter `/nowhere/python3`: No such file or directory (os error 2)"
    );
    assert_eq!(error.layer(), None);
}

#[test]
fn private_directory_is_gone_once_the_zygote_serves() {
    let mut jail = Jail::start(Profile::Container.required());
    let own = format!("codemode-{}-", std::process::id());
    let left: Vec<_> = std::fs::read_dir(std::env::temp_dir())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.starts_with(&own))
        .collect();
    // Other tests of this process may be starting a zygote at this moment: theirs go too, so look at this one's own.
    let path = jail.answer("import probe_module\nanswer = probe_module.__file__");
    let directory = Path::new(&path).parent().unwrap();
    assert!(!directory.exists(), "{left:?}");
}

#[test]
fn worker_of_the_whole_jail_is_stripped() {
    let Some(layers) = standard() else { return };
    assert!(!layers.contains(Layer::Cgroup));
    let mut jail = Jail::start(layers);
    let program = "
import os, resource
answer = (os.getpid(), os.getppid(), os.getuid(), os.getgroups(), sorted(os.listdir('/tmp')),
          resource.getrlimit(resource.RLIMIT_NOFILE), __import__('probe_module').LOADED)";
    // Process 1 of its namespace, without a parent, as a user that has no name in its user namespace.
    let answer = jail.answer(program);
    assert!(answer.starts_with("(1, 0, 65534, "), "{answer}");
    assert!(answer.ends_with(", [], (64, 64), True)"), "{answer}");
    assert_eq!(jail.answer("import os\nos.listdir('/')"), "PermissionError: [Errno 13] Permission denied: '/'");
}
