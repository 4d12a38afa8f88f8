//! A worker in a control group of its own, where this machine lets one be made.

use codemode_jail::{CgroupParent, LayerSet, WaitStatus};

use crate::harness::{Jail, standard};

#[test]
fn slot_kills_a_memory_bomb_and_is_used_again() {
    let parent = match CgroupParent::create() {
        Ok(parent) => parent,
        Err(error) => {
            println!("skipped: no control group can be made here: {error}");
            return;
        }
    };
    println!("control groups of version {}", parent.version());
    let mut slot = parent.slot(64).unwrap();
    // No other limit on memory than the group's.
    let mut jail = Jail::start(LayerSet::empty());
    for _ in 0..2 {
        let mut worker = jail.ready_worker();
        slot.set_memory(32 << 20).unwrap();
        slot.add(worker.process.pid()).unwrap();
        worker.send("hoard = []\nwhile True: hoard.append(bytearray(b'x') * (1 << 20))");
        assert_eq!(worker.answer(), "");
        assert_eq!(jail.ended(&worker), WaitStatus::Signaled(libc::SIGKILL));
        assert_eq!(slot.oom_kills().unwrap(), 1);
    }
    let mut worker = jail.ready_worker();
    slot.add(worker.process.pid()).unwrap();
    worker.send("bytearray(b'x') * (8 << 20)\nanswer = 'fits'");
    assert_eq!(worker.answer(), "fits");
    jail.ended(&worker);
    assert_eq!(slot.oom_kills().unwrap(), 0);
    if let Some(peak) = slot.peak_memory().unwrap() {
        assert!((8 << 20..=32 << 20).contains(&peak), "{peak}");
    }
}

#[test]
fn slot_bounds_the_tasks_of_a_worker_in_the_whole_jail() {
    let Some(layers) = standard() else { return };
    let Ok(parent) = CgroupParent::create() else {
        println!("skipped: no control group can be made here");
        return;
    };
    let mut slot = parent.slot(8).unwrap();
    let mut jail = Jail::start(layers);
    let mut worker = jail.ready_worker();
    slot.add(worker.process.pid()).unwrap();
    worker.send(
        "import threading\ngate = threading.Event()\ncount = 0\ntry:\n  while True:\n    \
         threading.Thread(target=gate.wait, daemon=True).start(); count += 1\nexcept RuntimeError: answer = count\ngate.set()",
    );
    assert_eq!(worker.answer(), "7");
    jail.ended(&worker);
}

#[test]
fn groups_of_a_living_executor_are_not_swept_and_those_of_a_killed_one_are() {
    // A child makes groups and is asked to hold them, then killed without a chance to remove them.
    if let Ok(holder) = std::env::var("CODEMODE_TEST_HOLD_GROUPS") {
        let parent = CgroupParent::create().unwrap();
        let _slot = parent.slot(8).unwrap();
        std::fs::write(holder, format!("{parent:?}")).unwrap();
        std::thread::sleep(std::time::Duration::from_secs(60));
        return;
    }
    if CgroupParent::create().is_err() {
        println!("skipped: no control group can be made here");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("made");
    let mut holder = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "control_group::groups_of_a_living_executor_are_not_swept_and_those_of_a_killed_one_are"])
        .env("CODEMODE_TEST_HOLD_GROUPS", &report)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let started = std::time::Instant::now();
    let made = loop {
        match std::fs::read_to_string(&report) {
            Ok(made) if made.ends_with('}') => break made,
            _ => assert!(started.elapsed().as_secs() < 20, "the holder made no groups"),
        }
    };
    let directories: Vec<_> = made.split('"').filter(|part| part.starts_with('/')).collect();
    assert!(!directories.is_empty(), "{made}");
    let exist = || directories.iter().filter(|path| std::path::Path::new(path).is_dir()).count();

    drop(CgroupParent::create().unwrap());
    assert_eq!(exist(), directories.len(), "a living executor's groups were swept");
    holder.kill().unwrap();
    holder.wait().unwrap();
    drop(CgroupParent::create().unwrap());
    assert_eq!(exist(), 0, "a killed executor's groups stay");
}
