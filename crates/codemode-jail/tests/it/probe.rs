//! The probe: it must be right about this machine, and quick.

use std::time::{Duration, Instant};

use codemode_jail::{Layer, LayerState, Profile, probe};

use crate::harness::Jail;

const QUICK: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn probe_is_quick_and_agrees_with_a_worker() {
    let mut fastest = Duration::MAX;
    let report = probe(Profile::Standard);
    // One that nothing else on this machine holds up says how long it takes.
    let began = Instant::now();
    while fastest >= QUICK && began.elapsed() < PATIENCE {
        let started = Instant::now();
        probe(Profile::Standard);
        fastest = fastest.min(started.elapsed());
    }
    println!("probe: {fastest:?}");
    for layer in &report.layers {
        println!("{:18} {:9} {}; {}", layer.layer, layer.state.name(), layer.evidence, layer.remedy);
        assert_eq!(layer.remedy.is_empty(), layer.state == LayerState::On);
    }
    assert!(report.layers.iter().map(|layer| layer.layer).eq(Layer::ALL));
    assert!(report.reached >= Some(Profile::Container), "{report:?}");
    assert_eq!(report.satisfied(), report.missing().next().is_none());
    assert!(fastest < QUICK, "{fastest:?}");
    // What it says is on can be used.
    let mut jail = Jail::start(report.on());
    assert_eq!(jail.answer("answer = 2 + 2"), "4");
}
