//! One zygote and the workers that it forked.
//!
//! ```text
//!  start ──► serving ──┬── died ───────────────────────────► gone (its workers died with it)
//!                      └── retired (forks, age, crash) ──► winding down ──► last worker ended ──► gone
//! ```
//!
//! Forks, readiness and exits are handled in one task, so the maps below need no lock.

use std::collections::HashMap;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use codemode_jail::{SpawnError, WorkerProcess, Zygote, ZygoteConfig, ZygoteEvent};
use tokio::io::Interest;
use tokio::net::{UnixDatagram, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::worker::{Exit, Worker};
use super::{Pool, PoolConfig, Shortage};

/// How long a zygote may take from its start until it serves. It takes 0.25 s on a quiet machine.
const SERVE_TIME: Duration = Duration::from_secs(30);

/// How long a worker may take from the fork until it is warm. It takes about 3 ms on a quiet machine.
const WARM_UP_TIME: Duration = Duration::from_secs(10);

/// Forks asked for and not answered. More would only queue in the zygote's socket, behind exits that must be reaped.
const MAX_PENDING_FORKS: usize = 8;

/// How long no worker is asked for after one could not be had.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// How often an idle executor looks whether its zygote is old enough to be retired.
const RETIREMENT_CHECK: Duration = Duration::from_secs(1);

/// Bytes of a dead zygote's stderr that are reported.
const LAST_WORDS: usize = 4_096;

/// Why a zygote serves no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Died,
    Forks,
    Age,
    Crash,
}

/// What came of asking for workers.
enum Refill {
    /// The pool has, or has asked for, what it may have now.
    Done,
    /// The next may be asked for then.
    Later(Instant),
    ZygoteGone,
}

/// A zygote that did not come to serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("failed to start the zygote: {0}")]
    Spawn(#[from] SpawnError),
    #[error("failed to watch the zygote's socket: {0}")]
    Watch(#[source] std::io::Error),
    #[error("the zygote ended before it served: {stderr}")]
    Ended { stderr: String },
    #[error("the zygote did not serve within {} s", SERVE_TIME.as_secs())]
    Timeout,
}

#[derive(Debug)]
pub(crate) struct Generation {
    number: u64,
    zygote: Zygote,
    readiness: UnixDatagram,
    python_version: String,
    started: Instant,
    forks: u64,
    sequence: u32,
    pending: HashMap<u32, OwnedFd>,
    /// Who waits for the end of which worker, by the pid that the zygote knows.
    exits: HashMap<i32, oneshot::Sender<Exit>>,
    warming: JoinSet<Option<Worker>>,
    /// No fork before then: one has just failed.
    paused: Instant,
}

impl Generation {
    /// Starts a zygote and waits until it serves.
    pub(crate) async fn start(config: &ZygoteConfig, number: u64) -> Result<Self, StartError> {
        let zygote = Zygote::spawn(config)?;
        let readiness = watch(&zygote).map_err(StartError::Watch)?;
        let mut generation = Self {
            number,
            zygote,
            readiness,
            python_version: String::new(),
            started: Instant::now(),
            forks: 0,
            sequence: 0,
            pending: HashMap::new(),
            exits: HashMap::new(),
            warming: JoinSet::new(),
            paused: Instant::now(),
        };
        match tokio::time::timeout(SERVE_TIME, generation.next_event()).await {
            Ok(ZygoteEvent::Serving { python_version }) => generation.python_version = python_version,
            Ok(_) => return Err(StartError::Ended { stderr: generation.last_words() }),
            Err(_) => return Err(StartError::Timeout),
        }
        Ok(generation)
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn python_version(&self) -> &str {
        &self.python_version
    }

    pub(crate) fn forks(&self) -> u64 {
        self.forks
    }

    /// What the zygote wrote to its stderr: why it died, where Python or the loader said so.
    pub(crate) fn last_words(&self) -> String {
        let mut words = vec![0; LAST_WORDS];
        let length = (self.zygote.stderr().try_clone_to_owned())
            .and_then(|stderr| std::fs::File::from(stderr).read(&mut words))
            .unwrap_or(0);
        words.truncate(length);
        match String::from_utf8_lossy(&words).trim() {
            "" => "it wrote nothing to stderr".to_owned(),
            words => words.to_owned(),
        }
    }

    /// Serves the pool until the zygote dies or is to be retired. A crash retires it only from `crash_retirement` on.
    pub(crate) async fn serve(&mut self, pool: &Pool, config: &PoolConfig, crash_retirement: Instant) -> Ended {
        // Workers that a generation before this one was starting are not coming.
        pool.lock().starting = u32::try_from(self.pending.len() + self.warming.len()).unwrap_or(u32::MAX);
        let ended = loop {
            if let Some(reason) = self.retirement(pool, config, crash_retirement) {
                break reason;
            }
            if !self.step(pool, config).await {
                break Ended::Died;
            }
        };
        self.end(pool, ended)
    }

    /// Serves the pool until the zygote dies, however old it is: its successor is starting.
    pub(crate) async fn serve_until_relieved(&mut self, pool: &Pool, config: &PoolConfig) -> Ended {
        while self.step(pool, config).await {}
        self.end(pool, Ended::Died)
    }

    fn end(&mut self, pool: &Pool, ended: Ended) -> Ended {
        if ended == Ended::Died {
            self.pending.clear();
            self.warming.abort_all();
            // Their executions learn that the zygote took the worker with it.
            self.exits.clear();
            pool.lock().idle.retain(|worker| worker.generation != self.number);
        }
        ended
    }

    fn retirement(&self, pool: &Pool, config: &PoolConfig, crash_retirement: Instant) -> Option<Ended> {
        if pool.retire.load(Ordering::Relaxed) && Instant::now() >= crash_retirement {
            pool.retire.store(false, Ordering::Relaxed);
            return Some(Ended::Crash);
        }
        if self.forks >= config.retire_after_forks {
            return Some(Ended::Forks);
        }
        (self.started.elapsed() >= config.retire_after).then_some(Ended::Age)
    }

    /// Handles one thing that happened. False when the zygote is gone.
    async fn step(&mut self, pool: &Pool, config: &PoolConfig) -> bool {
        let next_fork = match self.refill(pool) {
            Refill::Done => Instant::now() + RETIREMENT_CHECK,
            Refill::Later(next) => next,
            Refill::ZygoteGone => return false,
        };
        tokio::select! {
            biased;
            event = next_event(&mut self.zygote, &self.readiness) => match event {
                ZygoteEvent::Closed => return false,
                event => self.handle(event, pool, config),
            },
            Some(warmed) = self.warming.join_next(), if !self.warming.is_empty() => {
                pool.fork_ended();
                match warmed {
                    // Of one that has ended since, the zygote has told already.
                    Ok(Some(worker)) if self.exits.contains_key(&worker.process.zygote_pid()) => pool.supply(worker),
                    Ok(_) => self.pause("a worker ended before it was ready"),
                    Err(error) => self.pause(&format!("the warm-up of a worker failed: {error}")),
                }
            }
            () = pool.demand.notified() => {}
            () = tokio::time::sleep_until(next_fork) => {}
        }
        true
    }

    /// A machine that cannot give a worker now is not helped by being asked at once again.
    fn pause(&mut self, reason: &str) {
        warn!("{reason}");
        self.paused = Instant::now() + FAILURE_PAUSE;
    }

    /// Asks the zygote for the workers that the pool lacks.
    fn refill(&mut self, pool: &Pool) -> Refill {
        if Instant::now() < self.paused {
            return Refill::Later(self.paused);
        }
        while self.pending.len() < MAX_PENDING_FORKS {
            match pool.shortage() {
                Shortage::None => return Refill::Done,
                Shortage::From(next) => return Refill::Later(next),
                Shortage::Now => {}
            }
            let (ours, theirs) = match codemode_jail::worker_socketpair() {
                Ok(pair) => pair,
                Err(error) => {
                    warn!(%error, "failed to make a worker's socket");
                    return Refill::Done;
                }
            };
            self.sequence = self.sequence.wrapping_add(1);
            match self.zygote.fork_worker(self.sequence, theirs) {
                Ok(()) => {
                    self.pending.insert(self.sequence, ours);
                    self.forks += 1;
                    pool.lock().starting += 1;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Refill::Done,
                Err(error) => {
                    warn!(%error, "failed to ask the zygote for a worker");
                    return Refill::ZygoteGone;
                }
            }
        }
        Refill::Done
    }

    fn handle(&mut self, event: ZygoteEvent, pool: &Pool, config: &PoolConfig) {
        match event {
            ZygoteEvent::Forked { sequence, worker } => {
                if let Some(ours) = self.pending.remove(&sequence) {
                    match self.adopt(ours, worker) {
                        Ok(worker) => {
                            let groups = config.cgroup.clone();
                            self.warming.spawn(async move {
                                let warm_up = worker.warm_up(groups);
                                tokio::time::timeout(WARM_UP_TIME, warm_up).await.ok().flatten()
                            });
                            return;
                        }
                        Err(error) => warn!(%error, "failed to take over a worker"),
                    }
                }
                pool.fork_ended();
            }
            ZygoteEvent::ForkFailed { sequence, errno } => {
                self.pending.remove(&sequence);
                pool.fork_ended();
                let error = std::io::Error::from_raw_os_error(errno);
                self.pause(&format!("the zygote failed to fork a worker: {error}"));
            }
            ZygoteEvent::Exited { pid, status, user, system, peak_memory } => {
                debug!(pid, ?status, "worker ended");
                let exit = Exit { status, cpu_time: user + system, peak_memory };
                let heard = self.announce(pid, exit);
                // Here, where no fault goes by: an execution whose client takes nothing, or leaves, does not look at its
                // worker's end, and such a client could try one address after the other.
                if exit.is_fault() {
                    if !heard {
                        warn!(pid, ?status, "a worker crashed and nobody waits for it; its zygote will be replaced");
                    }
                    pool.retire_zygote();
                }
                // By its number: that its socket has ended, the runtime may hear of later.
                let number = self.number;
                let is_it = |worker: &Worker| worker.generation == number && worker.process.zygote_pid() == pid;
                pool.lock().idle.retain(|worker| !is_it(worker) && worker.is_idle());
            }
            _ => {}
        }
    }

    fn adopt(&mut self, ours: OwnedFd, process: WorkerProcess) -> std::io::Result<Worker> {
        let stream = UnixStream::from_std(ours.into())?;
        let (sender, exited) = oneshot::channel();
        self.exits.insert(process.zygote_pid(), sender);
        Ok(Worker { stream, process, exited, cgroup: None, generation: self.number })
    }

    /// Tells whoever waits for it that a worker ended. False where nobody does any more: the execution had its result
    /// already, or its client left.
    fn announce(&mut self, pid: i32, exit: Exit) -> bool {
        self.exits.remove(&pid).is_some_and(|waiting| waiting.send(exit).is_ok())
    }

    /// Serves nobody new; ends when the last worker has ended.
    pub(crate) async fn wind_down(mut self) {
        // Dropped, not only aborted: the set keeps each worker that became warm and was not taken from it yet.
        drop(std::mem::take(&mut self.warming));
        self.exits.retain(|_, waiting| !waiting.is_closed());
        while !self.exits.is_empty() {
            match self.next_event().await {
                ZygoteEvent::Closed => return,
                ZygoteEvent::Exited { pid, status, user, system, peak_memory } => {
                    self.announce(pid, Exit { status, cpu_time: user + system, peak_memory });
                }
                // A worker that was asked for before the retirement: nobody will use it, and its socket is closed.
                ZygoteEvent::Forked { sequence, worker } => {
                    self.pending.remove(&sequence);
                    let _ = worker.kill();
                }
                _ => {}
            }
        }
    }

    async fn next_event(&mut self) -> ZygoteEvent {
        next_event(&mut self.zygote, &self.readiness).await
    }
}

/// A second descriptor of the control socket, for its readiness alone. tokio has no sequenced-packet socket; to wait for
/// one, a datagram socket serves as well.
fn watch(zygote: &Zygote) -> std::io::Result<UnixDatagram> {
    let control = zygote.control().try_clone_to_owned()?;
    UnixDatagram::from_std(std::os::unix::net::UnixDatagram::from(control))
}

async fn next_event(zygote: &mut Zygote, readiness: &UnixDatagram) -> ZygoteEvent {
    loop {
        if readiness.readable().await.is_err() {
            return ZygoteEvent::Closed;
        }
        match readiness.try_io(Interest::READABLE, || zygote.receive()) {
            Ok(event) => return event,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => {
                warn!(%error, "failed to read from the zygote");
                return ZygoteEvent::Closed;
            }
        }
    }
}
