//! What a probe says: for each layer its state, what it protects, what was seen, and what to do where it is off.

use std::path::Path;

use super::attempt::Verdict;
use crate::layer::{Layer, Profile};

/// The result of a probe.
#[derive(Clone, Debug)]
pub struct JailReport {
    /// The profile that was asked for.
    pub required: Profile,
    /// The strongest profile whose layers all hold; `None` where not even `container` does.
    pub reached: Option<Profile>,
    /// Every layer, in the order of [`Layer::ALL`].
    pub layers: Vec<LayerReport>,
}

impl JailReport {
    /// Whether the profile that was asked for holds.
    pub fn satisfied(&self) -> bool {
        self.reached >= Some(self.required)
    }

    /// The layers that hold, to start a zygote with.
    pub fn on(&self) -> crate::LayerSet {
        self.layers.iter().filter(|layer| layer.state == LayerState::On).map(|layer| layer.layer).collect()
    }

    /// The layers that the profile needs and that do not hold.
    pub fn missing(&self) -> impl Iterator<Item = &LayerReport> {
        let required = self.required.required();
        self.layers.iter().filter(move |layer| layer.state != LayerState::On && required.contains(layer.layer))
    }
}

/// One layer of a report.
#[derive(Clone, Debug)]
pub struct LayerReport {
    /// The layer.
    pub layer: Layer,
    /// Whether it holds.
    pub state: LayerState,
    /// What it protects from.
    pub protects: &'static str,
    /// What the probe saw.
    pub evidence: String,
    /// What to do where it does not hold; empty where it does.
    pub remedy: &'static str,
}

/// Whether a layer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerState {
    /// Its attacks were stopped.
    On,
    /// It could not be applied, or an attack got through.
    Off,
    /// The test itself did not work.
    Unproven,
}

impl LayerState {
    /// The state's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Unproven => "unproven",
        }
    }
}

pub(super) fn layer(layer: Layer, verdict: Verdict) -> LayerReport {
    let (state, evidence) = match verdict {
        Verdict::Stopped(seen) if seen.is_empty() => {
            (LayerState::On, format!("stopped: {}", attacks(layer).join(", ")))
        }
        Verdict::Stopped(seen) => (LayerState::On, seen),
        Verdict::Broken(number) => {
            let attack = usize::try_from(number - 1).ok().and_then(|index| attacks(layer).get(index).copied());
            (LayerState::Off, format!("an attack got through: {}", attack.unwrap_or("unknown")))
        }
        Verdict::Refused(reason) => (LayerState::Off, format!("could not be applied: {reason}")),
        Verdict::Forbidden if layer == Layer::Seccomp => {
            (LayerState::On, format!("stopped: {}", attacks(layer).join(", ")))
        }
        Verdict::Forbidden => {
            (LayerState::Off, "could not be applied: a seccomp program outside forbids it".to_owned())
        }
        Verdict::Unproven(reason) => (LayerState::Unproven, reason),
    };
    let remedy = if state == LayerState::On { "" } else { remedy(layer, Environment::detect()) };
    LayerReport { layer, state, protects: protects(layer), evidence, remedy }
}

const fn protects(layer: Layer) -> &'static str {
    match layer {
        Layer::NoNewPrivileges => "from executables that grant privileges",
        Layer::Capabilities => "the system's administration from a worker that runs as root",
        Layer::Descriptors => "files and sockets that the executor has open",
        Layer::Rlimits => "memory, processor time, disk and descriptors of the host from one program",
        Layer::Seccomp => "the kernel: network, processes, new code and rare system calls",
        Layer::Landlock => "files of the host, TCP and processes outside",
        Layer::Namespaces => "the host's files, processes and network from being seen at all",
        Layer::WorkerNamespaces => "workers from each other, and gives each a scratch directory",
        Layer::Cgroup => "the host's memory and process table, counted by the kernel for each worker",
        Layer::Undumpable => "memory of the executor and of other workers from processes of the same user",
    }
}

/// The attacks of each test by their numbers, from one.
const fn attacks(layer: Layer) -> &'static [&'static str] {
    match layer {
        Layer::NoNewPrivileges => &["running without the flag", "clearing the flag"],
        Layer::Capabilities => &["chroot", "a mount namespace", "taking a capability back", "an ambient capability"],
        Layer::Descriptors => &["use of an inherited descriptor"],
        Layer::Rlimits => {
            &["64 MiB of memory under 1 MiB", "a file of one byte", "32 descriptors under 16", "processor time"]
        }
        Layer::Seccomp => &["socket", "open for writing", "fork", "writable and executable memory", "kill", "ptrace"],
        Layer::Landlock => &["listing the root", "writing a device", "a TCP connection", "a signal to the parent"],
        Layer::Namespaces => &["an outer process number", "a signal to the executor", "the host's network"],
        Layer::WorkerNamespaces => &["an outer process number", "a file larger than the scratch", "an unmount"],
        Layer::Cgroup => &["a process over the group's limit"],
        Layer::Undumpable => &["reading its memory", "tracing it"],
    }
}

/// Where the executor runs, for the words of a remedy only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Environment {
    Host,
    Container,
    Kubernetes,
}

impl Environment {
    fn detect() -> Self {
        if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            Self::Kubernetes
        } else if ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists()) {
            Self::Container
        } else {
            Self::Host
        }
    }
}

const fn remedy(layer: Layer, environment: Environment) -> &'static str {
    use Environment::{Container, Host, Kubernetes};
    match (layer, environment) {
        (Layer::Namespaces | Layer::WorkerNamespaces, Host) => {
            "allow user namespaces: sysctl user.max_user_namespaces=15000, kernel.unprivileged_userns_clone=1 where it exists, \
             kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile with `userns,`"
        }
        (Layer::Namespaces | Layer::WorkerNamespaces, Container) => {
            "give the container a seccomp profile that allows unshare, mount, pivot_root and setns \
             (docker run --security-opt seccomp=FILE --security-opt apparmor=unconfined), or use the profile `container`"
        }
        (Layer::Namespaces | Layer::WorkerNamespaces, Kubernetes) => {
            "set the pod's seccompProfile to one that allows unshare, mount, pivot_root and setns, and hostUsers: false where the \
             cluster has it, or use the profile `container`"
        }
        (Layer::Cgroup, Host) => "run under systemd with Delegate=memory pids, or give the executor a writable cgroup",
        (Layer::Cgroup, Container) => {
            "mount the container's own cgroup writable (docker run --cgroupns=private with a writable /sys/fs/cgroup), or use \
             the profile `standard`"
        }
        (Layer::Cgroup, Kubernetes) => {
            "set memory limits on the pod and use the profile `standard`: pods get no writable cgroup"
        }
        (Layer::Landlock, Host) => "use Linux 5.13 or later with `landlock` in the lsm= list of the boot parameters",
        (Layer::Landlock, Container | Kubernetes) => {
            "use a node with Linux 5.13 or later and Landlock enabled, and a runtime whose seccomp profile allows landlock_*; gVisor \
             has no Landlock"
        }
        (Layer::Seccomp, _) => "use a kernel with CONFIG_SECCOMP_FILTER",
        (Layer::Capabilities, _) => {
            "remove securebits and security modules that keep capabilities, or run the executor as a user"
        }
        (Layer::Descriptors, _) => "use Linux 5.9 or later, and a seccomp profile that allows close_range",
        (Layer::NoNewPrivileges | Layer::Rlimits | Layer::Undumpable, _) => {
            "use an unmodified Linux kernel: this mechanism is part of every one"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn death_by_seccomp_proves_seccomp_alone() {
        for each in Layer::ALL {
            let expected = if each == Layer::Seccomp { LayerState::On } else { LayerState::Off };
            assert_eq!(layer(each, Verdict::Forbidden).state, expected, "{each}");
        }
    }
}
