//! The directory of the socket: nobody but this user can enter it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::LocalError;
use crate::random;

/// A directory with mode 0700 and a name that cannot be guessed. Dropping it removes it, in the process that made it.
#[derive(Debug)]
pub(super) struct PrivateDirectory {
    path: PathBuf,
    owner: u32,
}

impl PrivateDirectory {
    pub(super) fn create() -> Result<Self, LocalError> {
        let path = std::env::temp_dir().join(format!("codemode-{}", random::hex::<8>()));
        // Creation fails where something has the name already, so nobody can have prepared it.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|source| LocalError::Directory { path: path.clone(), source })?;
        Ok(Self { path, owner: std::process::id() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if std::process::id() == self.owner {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
