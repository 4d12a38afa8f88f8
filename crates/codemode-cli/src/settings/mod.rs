//! The settings of an executor: flags, environment variables, a file and defaults become one checked set of values.
//!
//! ```text
//!  file ─ yaml ─ references ┐
//!  environment ─────────────┼─► layers ─► values with their origins ─► `codemode serve`, `codemode config sidecar`
//!  flags ───────────────────┘            faults (all of them), warnings
//! ```
//!
//! A flag beats a variable, that the file, that the default. No message quotes a value, for it may be a secret. What is
//! accepted is what Python's `SidecarConfig` accepts.

mod flags;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod layers;
mod references;
mod scalar;
pub(crate) mod spelling;
pub(crate) mod table;
pub(crate) mod value;
pub(crate) mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use flags::{Read, SettingArguments};
pub(crate) use layers::{Effective, Origin, Resolved, Scope};

/// Names the file of settings.
const FILE_VARIABLE: &str = "CODEMODE_SIDECAR_CONFIG";
/// What is read where no file is named.
const USUAL_FILE: &str = "codemode-sidecar.yaml";

/// The environment of the process. A variable that is not text in UTF-8 is not in it.
#[derive(Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Any of them may be a secret.
        write!(formatter, "Environment({} variables)", self.0.len())
    }
}

impl Environment {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// A variable's value, empty ones included.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A variable's value where it is not empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

impl<const COUNT: usize> From<[(&str, &str); COUNT]> for Environment {
    fn from(variables: [(&str, &str); COUNT]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// The file to read: the named one, else that of `CODEMODE_SIDECAR_CONFIG`, else `./codemode-sidecar.yaml` where there is
/// one.
pub(crate) fn choose_file(named: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    named
        .map(Path::to_owned)
        .or_else(|| environment.given(FILE_VARIABLE).map(PathBuf::from))
        .or_else(|| Path::new(USUAL_FILE).exists().then(|| USUAL_FILE.into()))
}
