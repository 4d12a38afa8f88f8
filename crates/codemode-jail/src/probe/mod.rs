//! Which layers hold on this machine. Each proves itself: a throw-away child applies it alone and attacks it.
//!
//! No version numbers are trusted: an attack that gets through, or a layer that cannot be applied, is `Off`. The children
//! run side by side and are killed at a deadline, so a probe takes some milliseconds and never hangs.

mod attacks;
mod attempt;
mod namespaces;
mod report;

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use attempt::{Attempt, Verdict};

use crate::cgroup::{CgroupParent, settle_in_leaf};
use crate::layer::{Layer, LayerSet, Profile};
use crate::system;

pub use report::{JailReport, LayerReport, LayerState, Remedy};

/// Tests every layer.
pub fn probe(required: Profile) -> JailReport {
    settle_in_leaf();
    let program = crate::seccomp::compile(crate::seccomp::Writes::Denied);
    let namespaces = namespaces::Prepared::new();
    let proof = system::pipe(libc::O_NONBLOCK);
    let proof_end = proof.as_ref().map_or(-1, |(_, end)| end.as_raw_fd());
    // The order of `Layer::ALL`, less the control group, which is tested from here.
    let started: Vec<(Layer, std::io::Result<Attempt>)> = vec![
        (Layer::NoNewPrivileges, Attempt::start(attacks::no_new_privileges)),
        (Layer::Capabilities, Attempt::start(attacks::capabilities)),
        (Layer::Descriptors, Attempt::start(attacks::descriptors)),
        (Layer::Rlimits, Attempt::start(attacks::rlimits)),
        (Layer::Seccomp, Attempt::start(|| attacks::seccomp(&program, proof_end))),
        (Layer::Landlock, Attempt::start(attacks::landlock)),
        (Layer::Namespaces, Attempt::start(|| namespaces.zygote())),
        (Layer::WorkerNamespaces, Attempt::start(|| namespaces.worker())),
        (Layer::Undumpable, Attempt::start(attacks::undumpable)),
    ];
    let control_group = control_group();
    let mut layers: Vec<LayerReport> = started
        .into_iter()
        .map(|(layer, attempt)| {
            let verdict = attempt.map_or_else(|error| Verdict::Unproven(error.to_string()), Attempt::finish);
            let verdict = if layer == Layer::Seccomp { own_death(verdict, &proof) } else { verdict };
            report::layer(layer, verdict)
        })
        .collect();
    layers.push(report::layer(Layer::Cgroup, control_group));
    layers.sort_by_key(|report| report.layer);
    let on: LayerSet =
        layers.iter().filter(|report| report.state == LayerState::On).map(|report| report.layer).collect();
    let reached = Profile::ALL.into_iter().rev().find(|profile| profile.required().difference(on).is_empty());
    JailReport { required, reached, layers }
}

/// The death by seccomp that our own program caused, told from one that a program outside did.
fn own_death(verdict: Verdict, proof: &io::Result<(OwnedFd, OwnedFd)>) -> Verdict {
    match (verdict, proof) {
        (Verdict::Forbidden, Ok((proof, _))) if system::read_byte(proof.as_fd()) => Verdict::Stopped(String::new()),
        (verdict, _) => verdict,
    }
}

/// Makes a group and a slot, limits it, moves a child in, and removes all of it.
fn control_group() -> Verdict {
    let tried = CgroupParent::create().and_then(|parent| {
        let mut slot = parent.slot(1)?;
        slot.set_memory(8 << 20)?;
        let child = Attempt::start_paused()?;
        let moved = slot.add(child.pid());
        let stopped = child.resume(attacks::PAUSED_FORK);
        moved?;
        Ok((parent.version(), stopped))
    });
    match tried {
        Ok((version, Verdict::Stopped(_))) => {
            Verdict::Stopped(format!("a group of version {version} limited a process moved into it"))
        }
        Ok((_, verdict)) => verdict,
        Err(error) => Verdict::Refused(error.to_string()),
    }
}
