//! The embedded executor: a child process on a private Unix socket, with a random key.
//!
//! ```text
//! start: make a private directory ─► spawn `codemode serve --embedded` ─► write key and socket to its stdin
//!        ─► read its one line on stdout: it serves
//! stop:  close its stdin, which asks it to end ─► wait ─► kill ─► remove the directory
//! ```
//!
//! The child ends on the end of its stdin, so it cannot outlive this process, however this process ends. It inherits
//! nothing of the application's environment but what a Unix program needs, so no secret of the application reaches it.

mod child;
mod directory;
mod error;
mod options;

use std::path::PathBuf;
use std::time::Duration;

use child::Child;
use directory::PrivateDirectory;
pub use error::LocalError;
pub use options::LocalOptions;
use serde::{Deserialize, Serialize};

use crate::random;

/// How long the executor has to end on its own once it is asked to.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// A running embedded executor. Dropping it stops it.
#[derive(Debug)]
pub struct LocalExecutor {
    child: Child,
    /// Removed after the child has ended.
    _directory: PrivateDirectory,
    url: String,
    api_key: String,
    jail_profile: String,
}

/// What the child reads from its stdin.
#[derive(Serialize)]
struct Hello<'a> {
    api_key: &'a str,
    socket: PathBuf,
}

/// What the child writes to its stdout once it serves.
#[derive(Deserialize)]
struct Serving {
    url: String,
    #[serde(default)]
    jail_profile: String,
}

impl LocalExecutor {
    /// Starts the executor and waits until it serves. Blocks; [`Self::start`] is for async callers.
    pub fn start_blocking(options: &LocalOptions) -> Result<Self, LocalError> {
        let directory = PrivateDirectory::create()?;
        let api_key = random::hex::<32>();
        let hello = Hello { api_key: &api_key, socket: directory.path().join("executor.sock") };
        let hello = serde_json::to_string(&hello)
            .map_err(|_| LocalError::Directory { path: directory.path().to_owned(), source: not_utf8() })?;
        let mut child = Child::spawn(options)?;
        let line = child.converse(&hello, options.start_timeout)?;
        let serving: Serving = serde_json::from_str(&line).map_err(|_| LocalError::Answer {
            executable: options.executable_path(),
            line: line.chars().take(200).collect(),
        })?;
        Ok(Self { child, _directory: directory, url: serving.url, api_key, jail_profile: serving.jail_profile })
    }

    /// As [`Self::start_blocking`], on a thread of tokio's blocking pool.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn start(options: LocalOptions) -> Result<Self, LocalError> {
        tokio::task::spawn_blocking(move || Self::start_blocking(&options))
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// Where it serves.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The key that it asks for.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// The jail profile that this host gives.
    pub fn jail_profile(&self) -> &str {
        &self.jail_profile
    }

    /// Stops the executor and waits for it: up to 5 s in order, then by force. Idempotent.
    pub fn stop(&mut self) {
        self.child.stop(STOP_GRACE);
    }
}

fn not_utf8() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path is not UTF-8")
}
