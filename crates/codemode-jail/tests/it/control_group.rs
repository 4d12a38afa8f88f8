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
