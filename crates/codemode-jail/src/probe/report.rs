//! What a probe says: for each layer its state, what it protects, what was seen, and what to do where it is off.

use super::attempt::Verdict;
use crate::layer::{Layer, LayerSet, Profile};
use crate::lockdown::landlock;

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

    /// Records that layers were left out by the operator's wish: what is not applied is not `On`.
    pub fn leave_out(&mut self, layers: LayerSet) {
        for layer in self.layers.iter_mut().filter(|layer| layers.contains(layer.layer)) {
            layer.state = LayerState::Off;
            "left out by --without-layer".clone_into(&mut layer.evidence);
            layer.remedy = Remedy::everywhere("start without --without-layer");
        }
        let on = self.on();
        self.reached = Profile::ALL.into_iter().rfind(|profile| profile.required().difference(on).is_empty());
    }

    /// The layers that hold, to start a zygote with.
    pub fn on(&self) -> LayerSet {
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
    pub remedy: Remedy,
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
    let tried = attacks(layer, landlock::version());
    let (state, evidence) = match verdict {
        Verdict::Stopped(seen) if seen.is_empty() => (LayerState::On, format!("stopped: {}", tried.join(", "))),
        Verdict::Stopped(seen) => (LayerState::On, seen),
        Verdict::Broken(number) => {
            let attack = usize::try_from(number - 1).ok().and_then(|index| tried.get(index).copied());
            (LayerState::Off, format!("an attack got through: {}", attack.unwrap_or("unknown")))
        }
        Verdict::Refused(reason) => (LayerState::Off, format!("could not be applied: {reason}")),
        Verdict::Forbidden => {
            (LayerState::Off, "could not be applied: a seccomp program outside forbids it".to_owned())
        }
        Verdict::Unproven(reason) => (LayerState::Unproven, reason),
    };
    let remedy = if state == LayerState::On { Remedy::NONE } else { remedy(layer) };
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
const fn attacks(layer: Layer, landlock_version: usize) -> &'static [&'static str] {
    match layer {
        Layer::NoNewPrivileges => &["running without the flag", "clearing the flag"],
        Layer::Capabilities => &["chroot", "a mount namespace", "taking a capability back", "an ambient capability"],
        Layer::Descriptors => &["use of an inherited descriptor"],
        Layer::Rlimits => {
            &["64 MiB of memory under 1 MiB", "a file of one byte", "32 descriptors under 16", "processor time"]
        }
        Layer::Seccomp => &["socket", "open for writing", "fork", "writable and executable memory", "kill", "ptrace"],
        Layer::Landlock => match landlock_version {
            // What an older kernel's Landlock does not know is not tried.
            0..=3 => &["listing the root", "writing a device"],
            4..=5 => &["listing the root", "writing a device", "a TCP connection"],
            _ => &["listing the root", "writing a device", "a TCP connection", "a signal to the parent"],
        },
        Layer::Namespaces => &["an outer process number", "a signal to the executor", "the host's network"],
        Layer::WorkerNamespaces => &["an outer process number", "a file larger than the scratch", "an unmount"],
        Layer::Cgroup => &["a process over the group's limit"],
        Layer::Undumpable => &["reading its memory", "tracing it"],
    }
}

/// What to do where a layer does not hold, by where the executor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// On a machine of one's own.
    pub bare_metal: &'static str,
    /// In Docker, Podman and containerd.
    pub docker: &'static str,
    /// In a pod.
    pub kubernetes: &'static str,
}

impl Remedy {
    /// Of a layer that holds.
    pub const NONE: Self = Self::everywhere("");

    /// One that does not depend on the place.
    pub const fn everywhere(text: &'static str) -> Self {
        Self { bare_metal: text, docker: text, kubernetes: text }
    }

    /// Whether nothing is to be done.
    pub const fn is_empty(&self) -> bool {
        self.bare_metal.is_empty()
    }

    /// Each place with its remedy; one entry without a place where they are equal.
    pub fn by_place(&self) -> Vec<(Option<&'static str>, &'static str)> {
        if self.bare_metal == self.docker && self.docker == self.kubernetes {
            return vec![(None, self.bare_metal)];
        }
        vec![
            (Some("bare metal"), self.bare_metal),
            (Some("Docker"), self.docker),
            (Some("Kubernetes"), self.kubernetes),
        ]
    }
}

impl std::fmt::Display for Remedy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = |(place, text): (Option<&str>, &str)| match place {
            Some(place) => format!("{place}: {text}"),
            None => text.to_owned(),
        };
        formatter.write_str(&self.by_place().into_iter().map(place).collect::<Vec<_>>().join("; "))
    }
}

const fn remedy(layer: Layer) -> Remedy {
    match layer {
        Layer::Namespaces | Layer::WorkerNamespaces => Remedy {
            bare_metal: "allow user namespaces: sysctl user.max_user_namespaces=15000, kernel.unprivileged_userns_clone=1 where \
                         it exists, kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile with `userns,`",
            docker: "give the container a seccomp profile that allows unshare, mount, pivot_root and setns (docker run \
                     --security-opt seccomp=FILE --security-opt apparmor=unconfined), or use --profile container",
            kubernetes: "set the pod's seccompProfile to one that allows unshare, mount, pivot_root and setns, and hostUsers: \
                         false where the cluster has it, or use --profile container",
        },
        Layer::Cgroup => Remedy {
            bare_metal: "run under systemd with Delegate=memory pids, or give the executor a writable control group",
            docker: "mount the container's own control group writable (docker run --cgroupns=private with a writable \
                     /sys/fs/cgroup), or use --profile standard and limit the container with --memory and --pids-limit",
            kubernetes: "pods get no writable control group: use --profile standard and set resources.limits.memory on the pod",
        },
        Layer::Landlock => Remedy {
            bare_metal: "use Linux 5.13 or later with `landlock` in the lsm= list of the boot parameters",
            docker: "use a host with Linux 5.13 or later and Landlock enabled, and Docker 20.10.10 or later or a seccomp \
                     profile that allows landlock_*; gVisor has no Landlock",
            kubernetes: "use nodes with Linux 5.13 or later and Landlock enabled, and seccompProfile RuntimeDefault of a \
                         runtime that allows landlock_*; gVisor has no Landlock",
        },
        Layer::Seccomp => Remedy {
            bare_metal: "use a kernel with CONFIG_SECCOMP_FILTER",
            docker: "use a host with CONFIG_SECCOMP_FILTER, and a seccomp profile that allows seccomp and prctl, as Docker's own \
                     does",
            kubernetes: "use nodes with CONFIG_SECCOMP_FILTER, and a seccompProfile that allows seccomp and prctl, as \
                         RuntimeDefault does",
        },
        Layer::Capabilities => Remedy {
            bare_metal: "remove securebits and security modules that keep capabilities, or run the executor as a user",
            docker: "run the container as a user: docker run --user 65534",
            kubernetes: "run the pod as a user: securityContext.runAsUser: 65534",
        },
        Layer::Descriptors => Remedy {
            bare_metal: "use Linux 5.9 or later",
            docker: "use a host with Linux 5.9 or later, and a seccomp profile that allows close_range",
            kubernetes: "use nodes with Linux 5.9 or later, and a seccompProfile that allows close_range",
        },
        Layer::NoNewPrivileges | Layer::Rlimits | Layer::Undumpable => Remedy::everywhere(
            "use an unmodified Linux kernel, and no seccomp profile that denies prctl or prlimit64: this mechanism is part of \
             every kernel",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn death_by_a_foreign_seccomp_program_proves_nothing() {
        for each in Layer::ALL {
            assert_eq!(layer(each, Verdict::Forbidden).state, LayerState::Off, "{each}");
        }
    }

    #[test]
    fn layer_that_is_left_out_is_not_on() {
        let on = |each| layer(each, Verdict::Stopped(String::new()));
        let mut report = JailReport {
            required: Profile::Standard,
            reached: Some(Profile::Max),
            layers: Layer::ALL.map(on).to_vec(),
        };
        report.leave_out(LayerSet::empty().with(Layer::WorkerNamespaces));
        assert_eq!(report.reached, Some(Profile::Container));
        assert_eq!(report.missing().map(|layer| layer.layer).collect::<Vec<_>>(), [Layer::WorkerNamespaces]);
    }

    #[test]
    fn every_place_has_its_remedy() {
        for each in Layer::ALL {
            let remedy = remedy(each);
            assert!(!remedy.bare_metal.is_empty() && !remedy.docker.is_empty() && !remedy.kubernetes.is_empty());
        }
        let cgroup = remedy(Layer::Descriptors).to_string();
        assert_eq!(
            cgroup,
            "bare metal: use Linux 5.9 or later; Docker: use a host with Linux 5.9 or later, and a seccomp profile that \
             allows close_range; Kubernetes: use nodes with Linux 5.9 or later, and a seccompProfile that allows close_range"
        );
    }
}
