//! The pool: warm, single-use workers, forked ahead of demand by a jailed zygote.
//!
//! ```text
//!            fork                 ready                 checkout               drop
//!  zygote ─────────► starting ──────────► idle ───────────────────► execution ──────► killed, reaped by the zygote
//!                        └───────────────────── waiter (queue) ────────┘
//! ```
//!
//! A checkout takes a permit of the admission first, so that no more executions run than the executor has capacity for, and
//! no more wait than its queue holds. Refill happens in the generation's own task, off the path of any execution. A zygote
//! that dies takes its workers with it; the supervisor starts another and the pool goes on.

mod cgroups;
mod generation;
mod supervisor;
mod worker;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

pub(crate) use cgroups::{Groups, WorkerGroup};
pub(crate) use generation::{Generation, StartError};
pub(crate) use supervisor::{PoolConfig, supervise};
pub(crate) use worker::{Exit, Worker};

/// Workers and who waits for them. Shared by the service and the supervisor.
#[derive(Debug)]
pub(crate) struct Pool {
    state: Mutex<State>,
    admission: Arc<Semaphore>,
    queued: AtomicU32,
    /// Wakes the current generation: an idle worker was taken, or somebody waits.
    demand: Notify,
    /// Set by an execution whose worker crashed: the zygote's address-space layout may be known to a program by now.
    retire: AtomicBool,
    serving: AtomicBool,
    size: PoolSize,
}

/// How many of what the pool holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Warm workers kept ready.
    pub idle: u32,
    /// Executions that run at once.
    pub capacity: u32,
    /// Executions that may wait for a worker.
    pub queue: u32,
    /// How long one may wait before it is refused.
    pub queue_time: Duration,
}

#[derive(Debug, Default)]
struct State {
    idle: VecDeque<Worker>,
    waiters: VecDeque<oneshot::Sender<Worker>>,
    starting: u32,
    /// When the last idle worker was taken.
    taken: Option<Instant>,
    python_version: String,
}

/// Why an execution got no worker. Nothing of its program ran.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// As many executions wait as may.
    #[error("all {capacity} workers are in use and {queue} executions are waiting")]
    QueueFull { capacity: u32, queue: u32 },
    /// None was free in time.
    #[error("no worker was free within {} ms", waited.as_millis())]
    QueueTimeout { waited: Duration },
    /// The zygote could not fork a worker in time.
    #[error("no worker could be started within {} ms", waited.as_millis())]
    StartTimeout { waited: Duration },
}

/// A worker of one's own, and the right to run it.
#[derive(Debug)]
pub(crate) struct Checkout {
    pub(crate) worker: Worker,
    pub(crate) queue_time: Duration,
    _permit: OwnedSemaphorePermit,
}

/// What the pool holds at this moment.
#[derive(Debug)]
pub(crate) struct PoolStatus {
    pub(crate) idle: u32,
    pub(crate) in_use: u32,
    pub(crate) queued: u32,
    pub(crate) python_version: String,
}

/// Whether the pool lacks workers.
#[derive(Debug, PartialEq, Eq)]
enum Shortage {
    None,
    /// It does, but a fork may wait until then.
    From(Instant),
    Now,
}

/// How long a fork waits for the execution before it. A small one takes less than 1 ms; a fork and its warm-up take about
/// 3 ms of a processor.
const REFILL_DELAY: Duration = Duration::from_millis(2);

/// How long a checkout waits for a fork when it has a permit but no worker is idle. A fork takes about 1.3 ms, a new zygote
/// 0.3 s; this bounds a broken one.
const START_TIME: Duration = Duration::from_secs(10);

impl Pool {
    pub(crate) fn new(size: PoolSize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            admission: Arc::new(Semaphore::new(size.capacity as usize)),
            queued: AtomicU32::new(0),
            demand: Notify::new(),
            retire: AtomicBool::new(false),
            serving: AtomicBool::new(false),
            size,
        })
    }

    /// Takes a warm worker, or waits in the queue for one.
    pub(crate) async fn checkout(&self) -> Result<Checkout, CheckoutError> {
        let started = Instant::now();
        let permit = self.admit(started).await?;
        if let Some(worker) = self.take_idle() {
            self.demand.notify_one();
            return Ok(Checkout { worker, queue_time: started.elapsed(), _permit: permit });
        }
        let (sender, receiver) = oneshot::channel();
        self.lock().waiters.push_back(sender);
        self.demand.notify_one();
        match tokio::time::timeout(START_TIME, receiver).await {
            Ok(Ok(worker)) => Ok(Checkout { worker, queue_time: started.elapsed(), _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(CheckoutError::StartTimeout { waited: started.elapsed() }),
        }
    }

    async fn admit(&self, started: Instant) -> Result<OwnedSemaphorePermit, CheckoutError> {
        if let Ok(permit) = Arc::clone(&self.admission).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = QueuePlace::take(&self.queued, self.size.queue)
            .ok_or(CheckoutError::QueueFull { capacity: self.size.capacity, queue: self.size.queue })?;
        match tokio::time::timeout(self.size.queue_time, Arc::clone(&self.admission).acquire_owned()).await {
            Ok(permit) => Ok(permit.expect("the admission semaphore is never closed")),
            Err(_) => Err(CheckoutError::QueueTimeout { waited: started.elapsed() }),
        }
    }

    fn take_idle(&self) -> Option<Worker> {
        loop {
            let mut state = self.lock();
            let worker = state.idle.pop_front()?;
            if worker.is_idle() {
                state.taken = Some(Instant::now());
                return Some(worker);
            }
        }
    }

    /// Gives a warm worker to whoever waits longest, else to the idle list.
    fn supply(&self, worker: Worker) {
        let mut state = self.lock();
        let mut worker = worker;
        while let Some(waiter) = state.waiters.pop_front() {
            match waiter.send(worker) {
                Ok(()) => return,
                Err(returned) => worker = returned,
            }
        }
        state.idle.push_back(worker);
    }

    /// Whether the current generation should fork a worker, and when. While the pool is more than half full, a fork waits
    /// until the execution that took a worker has had the processors to itself for a moment.
    fn shortage(&self) -> Shortage {
        let mut state = self.lock();
        state.waiters.retain(|waiter| !waiter.is_closed());
        let wanted = self.size.idle + u32::try_from(state.waiters.len()).unwrap_or(u32::MAX);
        let present = u32::try_from(state.idle.len()).unwrap_or(u32::MAX).saturating_add(state.starting);
        if present >= wanted {
            return Shortage::None;
        }
        match state.taken {
            Some(taken) if present > wanted / 2 && taken.elapsed() < REFILL_DELAY => {
                Shortage::From(taken + REFILL_DELAY)
            }
            _ => Shortage::Now,
        }
    }

    /// A fork that was under way gave a worker, or failed.
    fn fork_ended(&self) {
        let mut state = self.lock();
        state.starting = state.starting.saturating_sub(1);
    }

    /// Asks for a new zygote: a program that crashed its worker may know the old one's address space.
    pub(crate) fn retire_zygote(&self) {
        self.retire.store(true, Ordering::Relaxed);
        self.demand.notify_one();
    }

    pub(crate) fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Relaxed)
    }

    pub(crate) fn size(&self) -> PoolSize {
        self.size
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let in_use = self.size.capacity.saturating_sub(u32::try_from(self.admission.available_permits()).unwrap_or(0));
        let state = self.lock();
        PoolStatus {
            idle: u32::try_from(state.idle.len()).unwrap_or(u32::MAX),
            in_use,
            queued: self.queued.load(Ordering::Relaxed),
            python_version: state.python_version.clone(),
        }
    }

    /// Gives up the workers that are idle.
    pub(crate) fn clear(&self) {
        self.lock().idle.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the pool's state")
    }
}

/// A place in the queue, given back on drop.
struct QueuePlace<'a>(&'a AtomicU32);

impl<'a> QueuePlace<'a> {
    fn take(queued: &'a AtomicU32, most: u32) -> Option<Self> {
        queued
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |queued| (queued < most).then_some(queued + 1))
            .ok()
            .map(|_| Self(queued))
    }
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
