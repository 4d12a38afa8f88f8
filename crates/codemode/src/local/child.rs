//! The child process and the two threads that read its pipes.
//!
//! Threads and not tasks: the executor must be stoppable from `Drop`, without a runtime, in any process state.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::options::is_inherited;
use super::{LocalError, LocalOptions};

/// Of stderr, what is kept for a message.
const STDERR_LINES: usize = 20;
/// A longer line of either pipe is cut here: it is text for people, or one small JSON object.
const LINE: u64 = 8 * 1024;
/// How often a process that is to end is looked at.
const POLL: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    executable: PathBuf,
    stderr: Arc<Mutex<VecDeque<String>>>,
    readers: Vec<JoinHandle<()>>,
    /// A fork of this process has a copy of the handle but not the right to use it.
    owner: u32,
    stopped: bool,
}

impl Child {
    pub(super) fn spawn(options: &LocalOptions) -> Result<Self, LocalError> {
        let executable = options.executable_path();
        let mut command = Command::new(&executable);
        command
            .args(["serve", "--embedded"])
            .args(&options.arguments)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_inherited)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process =
            command.spawn().map_err(|source| LocalError::Spawn { executable: executable.clone(), source })?;
        let stdin = process.stdin.take();
        Ok(Self {
            process,
            stdin,
            executable,
            stderr: Arc::default(),
            readers: Vec::new(),
            owner: std::process::id(),
            stopped: false,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Writes the line that the child waits for and reads the one that it answers.
    pub(super) fn converse(&mut self, hello: &str, within: Duration) -> Result<String, LocalError> {
        let (sender, lines) = sync_channel(1);
        if let Some(pipe) = self.process.stdout.take() {
            self.readers.push(std::thread::spawn(move || read_stdout(pipe, &sender)));
        }
        if let Some(pipe) = self.process.stderr.take() {
            let kept = Arc::clone(&self.stderr);
            self.readers.push(std::thread::spawn(move || read_stderr(pipe, &kept)));
        }
        if let Some(stdin) = &mut self.stdin {
            // A child that has ended already is told apart below, by its exit code.
            let _ = writeln!(stdin, "{hello}").and_then(|()| stdin.flush());
        }
        match lines.recv_timeout(within) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => {
                self.kill();
                Err(LocalError::Timeout { executable: self.executable.clone(), after: within })
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.exited()),
        }
    }

    /// Its stdout is closed: it has ended, or is about to.
    fn exited(&mut self) -> LocalError {
        self.stop(Duration::from_secs(1));
        let code = self.process.try_wait().ok().flatten().and_then(|status| status.code());
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        let lines = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let stderr = lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        LocalError::Exited { executable: self.executable.clone(), code, stderr }
    }

    /// Closes stdin, waits up to `grace`, kills. Idempotent.
    pub(super) fn stop(&mut self, grace: Duration) {
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        drop(self.stdin.take());
        if std::process::id() != self.owner {
            return;
        }
        let mut waited = Duration::ZERO;
        while waited < grace {
            match self.process.try_wait() {
                Ok(None) => std::thread::sleep(POLL),
                Ok(Some(_)) | Err(_) => return,
            }
            waited += POLL;
        }
        self.kill();
    }

    fn kill(&mut self) {
        self.stopped = true;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop(super::STOP_GRACE);
        // The readers end with the pipes; they are not joined, because a grandchild could hold one open.
    }
}

/// Sends the first line. The rest is read and dropped, so that the child never blocks on a full pipe.
fn read_stdout(pipe: impl Read, line: &SyncSender<String>) {
    let mut reader = BufReader::new(pipe);
    if let Some(first) = read_line(&mut reader) {
        let _ = line.send(first);
        while read_line(&mut reader).is_some() {}
    }
}

fn read_stderr(pipe: impl Read, kept: &Mutex<VecDeque<String>>) {
    let mut reader = BufReader::new(pipe);
    while let Some(line) = read_line(&mut reader) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == STDERR_LINES {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}

/// A line without its end; `None` at the end of the pipe.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    match reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
    }
}
