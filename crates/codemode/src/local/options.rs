//! How to start an embedded executor.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names the executable where [`LocalOptions::executable`] does not.
pub(crate) const EXECUTABLE_VARIABLE: &str = "CODEMODE_EXECUTABLE";
/// Looked for on `PATH` where nothing names another.
const DEFAULT_EXECUTABLE: &str = "codemode";

/// How to start an embedded executor.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// The `codemode` command. Default: the environment variable `CODEMODE_EXECUTABLE`, else `codemode` on `PATH`.
    pub executable: Option<PathBuf>,
    /// Further arguments of `codemode serve --embedded`.
    pub arguments: Vec<OsString>,
    /// How long it may take until it serves. Default 30 s: a cold start compiles Python's standard library.
    pub start_timeout: Duration,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { executable: None, arguments: Vec::new(), start_timeout: Duration::from_secs(30) }
    }
}

impl LocalOptions {
    /// The executable that these options name.
    pub(super) fn executable_path(&self) -> PathBuf {
        match &self.executable {
            Some(path) if path != Path::new("") => path.clone(),
            _ => std::env::var_os(EXECUTABLE_VARIABLE)
                .filter(|value| !value.is_empty())
                .map_or_else(|| PathBuf::from(DEFAULT_EXECUTABLE), PathBuf::from),
        }
    }
}

/// Whether the child may see a variable of the application's environment. Keys go to it by stdin alone.
pub(super) fn is_inherited(name: &str) -> bool {
    const NEEDED: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];
    const SECRETS: [&str; 5] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];
    NEEDED.contains(&name) || (name.starts_with("CODEMODE_") && !SECRETS.iter().any(|secret| name.contains(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_inherited() {
        assert!(is_inherited("PATH") && is_inherited("CODEMODE_LOG"));
        for name in ["OPENAI_API_KEY", "CODEMODE_EXECUTOR_API_KEY", "CODEMODE_TOKEN", "AWS_SESSION_TOKEN", "LD_PRELOAD"]
        {
            assert!(!is_inherited(name), "{name}");
        }
    }
}
