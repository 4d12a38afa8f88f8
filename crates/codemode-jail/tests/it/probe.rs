//! The probe: it must be right about this machine, and quick.

use std::time::{Duration, Instant};

use codemode_jail::{Layer, LayerState, Profile, probe};

use crate::harness::Jail;

#[test]
fn probe_is_quick_and_agrees_with_a_worker() {
    let mut fastest = Duration::MAX;
    let report = probe(Profile::Standard);
    for _ in 0..5 {
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
    assert!(fastest < Duration::from_millis(60), "{fastest:?}");
    // What it says is on can be used.
    let mut jail = Jail::start(report.on());
    assert_eq!(jail.answer("answer = 2 + 2"), "4");
}
