//! Why a zygote could not be started.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::layer::Layer;

/// A zygote did not start. No process is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The interpreter could not be run, or is not a `CPython` that the jail supports. Retrying is useless.
    #[error("failed to inspect the interpreter `{}`: {reason}", python.display())]
    Interpreter {
        /// The path or name that was configured.
        python: PathBuf,
        /// What went wrong, with the interpreter's own words where it has any.
        reason: String,
    },
    /// A layer was asked for without one that it is built on. Retrying is useless.
    #[error("the layer `{layer}` cannot be applied without the layer `{needs}`")]
    Layers {
        /// The layer that was asked for.
        layer: Layer,
        /// The layer that it needs.
        needs: Layer,
    },
    /// The executor could not prepare the start: descriptors, memory or a temporary directory. May be retried.
    #[error("failed to {what}")]
    Prepare {
        /// What was attempted.
        what: &'static str,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// A step of the jail was refused by the kernel. Retrying is useless until the remedy is applied.
    #[error("failed to {step}")]
    Step {
        /// The step.
        step: Step,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
}

impl SpawnError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Interpreter { .. } => "name a CPython 3.10 or later that runs `python -S -c pass`",
            Self::Prepare { .. } => {
                "check the limits on open files and memory, and that the temporary directory is writable"
            }
            Self::Layers { .. } => "turn both layers on, or both off",
            Self::Step { step, .. } => step.remedy(),
        }
    }

    /// The layer that could not be applied, if it was one.
    pub fn layer(&self) -> Option<Layer> {
        match self {
            Self::Step { step: Step::Execute | Step::Arrange | Step::Process, .. }
            | Self::Interpreter { .. }
            | Self::Prepare { .. } => None,
            Self::Layers { layer, .. } => Some(*layer),
            Self::Step { step: Step::Capabilities, .. } => Some(Layer::Capabilities),
            Self::Step { .. } => Some(Layer::Namespaces),
        }
    }
}

/// A step between the fork of the zygote and its interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Placing descriptors and signals.
    Arrange,
    /// A mount namespace, before a user namespace exists.
    MountNamespace,
    /// User, process, network, IPC, UTS and cgroup namespaces.
    Namespaces,
    /// The user and group mapping.
    IdentityMap,
    /// A temporary file system as the new root.
    Root,
    /// Files, directories and read-only binds in the new root.
    Populate,
    /// Entering the new root and leaving the old.
    Pivot,
    /// The unprivileged user.
    Identity,
    /// Dropping capabilities.
    Capabilities,
    /// Making the process that becomes the interpreter.
    Process,
    /// Executing the interpreter.
    Execute,
}

impl Step {
    const ALL: [Self; 11] = [
        Self::Arrange,
        Self::MountNamespace,
        Self::Namespaces,
        Self::IdentityMap,
        Self::Root,
        Self::Populate,
        Self::Pivot,
        Self::Identity,
        Self::Capabilities,
        Self::Process,
        Self::Execute,
    ];

    pub(crate) fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.code() == code)
    }

    pub(crate) const fn code(self) -> u32 {
        self as u32
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Arrange | Self::Process => "check the limits on processes and open files",
            Self::MountNamespace | Self::Namespaces | Self::IdentityMap | Self::Root => {
                "allow user namespaces (user.max_user_namespaces, kernel.unprivileged_userns_clone, \
                 kernel.apparmor_restrict_unprivileged_userns; in a container, a seccomp profile that permits unshare and \
                 mount), or choose the profile `container`"
            }
            Self::Populate | Self::Pivot => {
                "check that the interpreter's files are readable and that the kernel is Linux 5.12 or later, or choose the \
                 profile `container`"
            }
            Self::Identity => {
                "map user and group 65534 into the executor's user namespace, or run it as another user than root"
            }
            Self::Capabilities => "check that no security module forbids dropping capabilities",
            Self::Execute => {
                "check that the interpreter is readable and executable by user 65534, directories included"
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Arrange => "arrange the zygote's descriptors and signals",
            Self::MountNamespace => "make a mount namespace",
            Self::Namespaces => "make the zygote's namespaces",
            Self::IdentityMap => "map the zygote's user and group",
            Self::Root => "mount the zygote's root",
            Self::Populate => "populate the zygote's root",
            Self::Pivot => "enter the zygote's root",
            Self::Identity => "become the unprivileged user",
            Self::Capabilities => "drop the zygote's capabilities",
            Self::Process => "make the interpreter's process",
            Self::Execute => "execute the interpreter",
        })
    }
}
