//! The names of the jail's layers, sets of them, and the profiles that require them.

use std::fmt;
use std::str::FromStr;

/// One mechanism of the jail. Each is applied, tested and reported apart from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// No executable grants a worker anything; Landlock and seccomp need it.
    NoNewPrivileges,
    /// No capability in any set.
    Capabilities,
    /// No open descriptor but the worker's socket and `/dev/null`.
    Descriptors,
    /// Ceilings on memory, processor time, files and tasks.
    Rlimits,
    /// A list of allowed system calls; the dangerous ones end the worker.
    Seccomp,
    /// A list of files that may be opened; no TCP; no signals to the outside.
    Landlock,
    /// User, mount, process, network, IPC, UTS and cgroup namespaces on the zygote, and a read-only root of its own.
    Namespaces,
    /// A process, mount and user namespace for each worker, with a scratch file system.
    WorkerNamespaces,
    /// A control group for each worker: memory and tasks, counted by the kernel.
    Cgroup,
    /// No process of the same user may read a worker's, the zygote's or the executor's memory.
    Undumpable,
}

impl Layer {
    /// Every layer, in the order of its bit.
    pub const ALL: [Self; 10] = [
        Self::NoNewPrivileges,
        Self::Capabilities,
        Self::Descriptors,
        Self::Rlimits,
        Self::Seccomp,
        Self::Landlock,
        Self::Namespaces,
        Self::WorkerNamespaces,
        Self::Cgroup,
        Self::Undumpable,
    ];

    /// The layer's name in reports and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoNewPrivileges => "no_new_privileges",
            Self::Capabilities => "capabilities",
            Self::Descriptors => "descriptors",
            Self::Rlimits => "rlimits",
            Self::Seccomp => "seccomp",
            Self::Landlock => "landlock",
            Self::Namespaces => "namespaces",
            Self::WorkerNamespaces => "worker_namespaces",
            Self::Cgroup => "cgroup",
            Self::Undumpable => "undumpable",
        }
    }

    /// The layer without which this one cannot be applied.
    pub const fn needs(self) -> Option<Self> {
        match self {
            Self::Seccomp | Self::Landlock => Some(Self::NoNewPrivileges),
            Self::WorkerNamespaces => Some(Self::Namespaces),
            Self::NoNewPrivileges
            | Self::Capabilities
            | Self::Descriptors
            | Self::Rlimits
            | Self::Namespaces
            | Self::Cgroup
            | Self::Undumpable => None,
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A set of layers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LayerSet(u32);

impl LayerSet {
    /// Every layer.
    pub fn all() -> Self {
        Layer::ALL.into_iter().collect()
    }

    /// No layer.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// This set and one layer more.
    pub const fn with(self, layer: Layer) -> Self {
        Self(self.0 | layer.bit())
    }

    /// This set less one layer.
    pub const fn without(self, layer: Layer) -> Self {
        Self(self.0 & !layer.bit())
    }

    /// The layers that are in this set and not in `other`.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the layer is in the set.
    pub const fn contains(self, layer: Layer) -> bool {
        self.0 & layer.bit() != 0
    }

    /// Whether no layer is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The layers in the order of [`Layer::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL.into_iter().filter(move |layer| self.contains(*layer))
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0 as u64
    }
}

impl FromIterator<Layer> for LayerSet {
    fn from_iter<I: IntoIterator<Item = Layer>>(layers: I) -> Self {
        layers.into_iter().fold(Self::empty(), Self::with)
    }
}

impl fmt::Debug for LayerSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// How much of the jail must hold. Each profile includes the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// What needs no privilege and no user namespace: seccomp, Landlock and limits. For containers.
    Container,
    /// And namespaces with a read-only root.
    Standard,
    /// And control groups.
    Max,
}

impl Profile {
    /// Every profile, weakest first.
    pub const ALL: [Self; 3] = [Self::Container, Self::Standard, Self::Max];

    /// The layers that must be on.
    pub fn required(self) -> LayerSet {
        let container =
            LayerSet::all().without(Layer::Namespaces).without(Layer::WorkerNamespaces).without(Layer::Cgroup);
        match self {
            Self::Container => container,
            Self::Standard => container.with(Layer::Namespaces).with(Layer::WorkerNamespaces),
            Self::Max => LayerSet::all(),
        }
    }

    /// The profile's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Standard => "standard",
            Self::Max => "max",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A profile name that is none of `container`, `standard` and `max`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown jail profile `{0}`: expected `container`, `standard` or `max`")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|profile| profile.name() == name).ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockdown::settings::layers;

    #[test]
    fn layer_bits_are_those_the_worker_reads() {
        for (layer, bit) in [
            (Layer::NoNewPrivileges, layers::NO_NEW_PRIVILEGES),
            (Layer::Capabilities, layers::CAPABILITIES),
            (Layer::Descriptors, layers::DESCRIPTORS),
            (Layer::Rlimits, layers::RLIMITS),
            (Layer::Seccomp, layers::SECCOMP),
            (Layer::Landlock, layers::LANDLOCK),
            (Layer::WorkerNamespaces, layers::WORKER_NAMESPACES),
            (Layer::Undumpable, layers::UNDUMPABLE),
        ] {
            assert_eq!(LayerSet::empty().with(layer).bits(), bit, "{layer}");
        }
        assert!(Layer::ALL.iter().enumerate().all(|(bit, layer)| LayerSet::empty().with(*layer).bits() == 1 << bit));
    }

    #[test]
    fn profiles_grow_and_parse_their_own_names() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        assert!(Profile::Container.required().difference(Profile::Standard.required()).is_empty());
        assert_eq!(
            Profile::Max.required().difference(Profile::Standard.required()).iter().collect::<Vec<_>>(),
            [Layer::Cgroup]
        );
        assert_eq!(
            "strict".parse::<Profile>().expect_err("unknown").to_string(),
            "unknown jail profile `strict`: expected `container`, `standard` or `max`"
        );
    }
}
