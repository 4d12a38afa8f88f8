//! A zygote whose workers run one program each and answer with text.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use codemode_jail::{
    Ceilings, LayerSet, Profile, WaitStatus, WorkerProcess, Zygote, ZygoteConfig, ZygoteEvent, probe, worker_socketpair,
};

/// Says that it is ready, reads a program up to a zero byte and answers with its variable `answer`, or with what it raised.
const BOOTSTRAP: &str = r"
import os, json, ctypes, probe_module
import _codemode_jail
_codemode_jail.serve()
os.write(3, b'R')
program = b''
while not program.endswith(b'\0'):
    chunk = os.read(3, 65536)
    if not chunk:
        os._exit(1)
    program += chunk
space = {}
try:
    exec(program[:-1].decode(), space)
    answer = str(space.get('answer'))
except BaseException as error:
    answer = f'{type(error).__name__}: {error}'
os.write(3, answer.encode())
os._exit(0)
";

/// What uses a second of a processor may have to share it with many.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn python() -> PathBuf {
    ["/usr/bin/python3", "/usr/local/bin/python3"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .unwrap_or_else(|| "python3".into())
}

pub(crate) fn config(layers: LayerSet) -> ZygoteConfig {
    ZygoteConfig {
        python: python(),
        bootstrap: BOOTSTRAP.to_owned(),
        files: vec![("probe_module.py", b"LOADED = True\n")],
        layers,
        ceilings: Ceilings { memory: 128 << 20, ..Ceilings::default() },
    }
}

/// A serving zygote.
pub(crate) struct Jail {
    pub(crate) zygote: Zygote,
    sequence: u32,
}

/// A forked worker and the executor's end of its socket.
pub(crate) struct Worker {
    pub(crate) process: WorkerProcess,
    pub(crate) socket: File,
}

impl Jail {
    pub(crate) fn start(layers: LayerSet) -> Self {
        Self::with(&config(layers))
    }

    pub(crate) fn with(config: &ZygoteConfig) -> Self {
        // As the executor does: what works here must work for a process that not even its own user may read.
        codemode_jail::harden_executor().unwrap();
        let zygote = Zygote::spawn(config).unwrap_or_else(|error| panic!("{error}: {error:?}; {}", error.remedy()));
        let mut jail = Self { zygote, sequence: 0 };
        match jail.event() {
            ZygoteEvent::Serving { .. } => jail,
            event => panic!("{event:?} before the zygote served: {}", jail.last_words()),
        }
    }

    /// The next event.
    pub(crate) fn event(&mut self) -> ZygoteEvent {
        wait(self.zygote.control());
        self.zygote.receive().unwrap()
    }

    /// Asks for a worker; its event is still to come.
    pub(crate) fn request(&mut self) -> (u32, File) {
        let (ours, theirs) = worker_socketpair().unwrap();
        self.sequence += 1;
        self.zygote.fork_worker(self.sequence, theirs).unwrap();
        (self.sequence, blocking(ours))
    }

    pub(crate) fn worker(&mut self) -> Worker {
        let (sequence, socket) = self.request();
        match self.event() {
            ZygoteEvent::Forked { sequence: answered, worker } => {
                assert_eq!(answered, sequence);
                Worker { process: worker, socket }
            }
            event => panic!("{event:?} instead of a worker: {}", self.last_words()),
        }
    }

    /// A worker that is locked down and waits for its program.
    pub(crate) fn ready_worker(&mut self) -> Worker {
        let mut worker = self.worker();
        worker.ready();
        worker
    }

    /// Runs one program in a worker of its own: what it answered, and how it ended.
    pub(crate) fn run(&mut self, program: &str) -> (String, WaitStatus) {
        let mut worker = self.ready_worker();
        worker.send(program);
        let answer = worker.answer();
        (answer, self.ended(&worker))
    }

    /// The answer of a program that ends well.
    pub(crate) fn answer(&mut self, program: &str) -> String {
        let (answer, status) = self.run(program);
        assert_eq!(status, WaitStatus::Exited(0), "{answer}; {}", self.last_words());
        answer
    }

    /// Waits for this worker's end.
    pub(crate) fn ended(&mut self, worker: &Worker) -> WaitStatus {
        match self.event() {
            ZygoteEvent::Exited { pid, status, .. } if pid == worker.process.zygote_pid() => status,
            event => panic!("{event:?} instead of the end of {:?}", worker.process),
        }
    }

    pub(crate) fn last_words(&self) -> String {
        let mut words = [0; 4096];
        let read = File::from(self.zygote.stderr().try_clone_to_owned().unwrap()).read(&mut words).unwrap_or(0);
        String::from_utf8_lossy(&words[..read]).into_owned()
    }
}

impl Worker {
    /// Waits for the end of the lock-down, after which limits may be set.
    pub(crate) fn ready(&mut self) {
        wait(self.socket.as_fd());
        let mut ready = [0];
        self.socket.read_exact(&mut ready).unwrap();
        assert_eq!(&ready, b"R");
    }

    pub(crate) fn send(&mut self, program: &str) {
        self.socket.write_all(program.as_bytes()).unwrap();
        self.socket.write_all(b"\0").unwrap();
    }

    /// What the worker says until it ends; nothing, if it is killed.
    pub(crate) fn answer(&mut self) -> String {
        let mut answer = String::new();
        wait(self.socket.as_fd());
        let _ = self.socket.read_to_string(&mut answer);
        answer
    }
}

/// Waits until a descriptor is readable.
pub(crate) fn wait(descriptor: BorrowedFd<'_>) {
    let started = Instant::now();
    let mut watched = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let deadline = i32::try_from(DEADLINE.as_millis()).unwrap();
    // SAFETY: one descriptor, borrowed for the call.
    let ready = unsafe { libc::poll(&raw mut watched, 1, deadline) };
    assert_eq!(ready, 1, "nothing to read after {:?}", started.elapsed());
}

fn blocking(descriptor: OwnedFd) -> File {
    // SAFETY: changes a flag of a descriptor that is owned here.
    unsafe {
        let flags = libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL);
        libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFL, flags & !libc::O_NONBLOCK);
    }
    File::from(descriptor)
}

/// The layers of the profile `standard`, where this machine allows its namespaces.
pub(crate) fn standard() -> Option<LayerSet> {
    static REACHED: LazyLock<Option<Profile>> = LazyLock::new(|| probe(Profile::Standard).reached);
    let layers = (*REACHED >= Some(Profile::Standard)).then(|| Profile::Standard.required());
    if layers.is_none() {
        println!("skipped: no namespaces can be made here");
    }
    layers
}

/// The layers of each profile that this machine allows, without control groups.
pub(crate) fn profiles() -> impl Iterator<Item = LayerSet> {
    [Profile::Container.required()].into_iter().chain(standard())
}

pub(crate) fn is_root() -> bool {
    // SAFETY: no precondition.
    unsafe { libc::geteuid() == 0 }
}
