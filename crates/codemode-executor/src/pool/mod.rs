//! The pool: warm, single-use workers, forked ahead of demand by a jailed zygote.
//!
//! ```text
//!            fork                 ready                 checkout               drop
//!  zygote ─────────► starting ──────────► idle ───────────────────► execution ──────► killed, reaped by the zygote
//!                        └───────────────────── waiter (queue) ────────┘
//! ```
//!
//! A checkout takes a place of the admission first, so that no more executions run than the executor has capacity for, and
//! no more wait than its queue holds; it is fair between tenants, and so is who gets the next worker. Refill happens in the generation's own task, off the path of any execution. A zygote
//! that dies takes its workers with it; the supervisor starts another and the pool goes on.

mod cgroups;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod generation;
mod supervisor;
mod worker;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::tenants::{self, Admission, AdmissionError, Place, Tenant, TenantId};

pub(crate) use cgroups::{Groups, MemoryKills, WorkerGroup};
pub(crate) use generation::{Generation, StartError};
pub(crate) use supervisor::{PoolConfig, supervise};
pub(crate) use worker::{Exit, Worker};

/// Workers and who waits for them. Shared by the service and the supervisor.
#[derive(Debug)]
pub(crate) struct Pool {
    state: Mutex<State>,
    admission: Arc<Admission>,
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
    waiters: VecDeque<(TenantId, oneshot::Sender<Worker>)>,
    starting: u32,
    /// When the last idle worker was taken.
    taken: Option<Instant>,
    python_version: String,
}

/// Why an execution got no worker. Nothing of its program ran.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// A limit of the tenant, or the executor's capacity.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The zygote could not fork a worker in time.
    #[error("no worker could be started within {} ms", waited.as_millis())]
    StartTimeout { waited: Duration },
}

/// A worker of one's own, and the right to run it.
#[derive(Debug)]
pub(crate) struct Checkout {
    pub(crate) worker: Worker,
    pub(crate) queue_time: Duration,
    pub(crate) place: Place,
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
    pub(crate) fn new(size: PoolSize, tenants: &[Tenant]) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            admission: Arc::new(tenants::admission(tenants, size)),
            demand: Notify::new(),
            retire: AtomicBool::new(false),
            serving: AtomicBool::new(false),
            size,
        })
    }

    /// Takes a warm worker, or waits in the queue for one.
    pub(crate) async fn checkout(&self, tenant: TenantId) -> Result<Checkout, CheckoutError> {
        let started = Instant::now();
        let place = self.admission.admit(tenant).await?;
        if let Some(worker) = self.take_idle() {
            self.demand.notify_one();
            return Ok(Checkout { worker, queue_time: started.elapsed(), place });
        }
        let (sender, receiver) = oneshot::channel();
        self.lock().waiters.push_back((tenant, sender));
        self.demand.notify_one();
        match tokio::time::timeout(START_TIME, receiver).await {
            Ok(Ok(worker)) => Ok(Checkout { worker, queue_time: started.elapsed(), place }),
            Ok(Err(_)) | Err(_) => Err(CheckoutError::StartTimeout { waited: started.elapsed() }),
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

    /// Gives a warm worker to whoever's turn it is, else to the idle list.
    fn supply(&self, worker: Worker) {
        let mut state = self.lock();
        let mut worker = worker;
        while let Some(waiter) = self.next_waiter(&mut state.waiters) {
            match waiter.send(worker) {
                Ok(()) => return,
                Err(returned) => worker = returned,
            }
        }
        state.idle.push_back(worker);
    }

    /// The first waiter of the tenant that has the fewest workers for its weight.
    fn next_waiter(
        &self,
        waiters: &mut VecDeque<(TenantId, oneshot::Sender<Worker>)>,
    ) -> Option<oneshot::Sender<Worker>> {
        let (first, _) = waiters.front()?;
        if waiters.iter().all(|(tenant, _)| tenant == first) {
            return waiters.pop_front().map(|(_, waiter)| waiter);
        }
        let mut counts: Vec<(TenantId, u32)> = Vec::new();
        for (tenant, _) in waiters.iter() {
            match counts.iter_mut().find(|(counted, _)| counted == tenant) {
                Some((_, count)) => *count += 1,
                None => counts.push((*tenant, 1)),
            }
        }
        let next = self.admission.least_served(&counts)?;
        let index = waiters.iter().position(|(tenant, _)| *tenant == next)?;
        waiters.remove(index).map(|(_, waiter)| waiter)
    }

    /// Whether the current generation should fork a worker, and when. While the pool is more than half full, a fork waits
    /// until the execution that took a worker has had the processors to itself for a moment.
    fn shortage(&self) -> Shortage {
        let mut state = self.lock();
        state.waiters.retain(|(_, waiter)| !waiter.is_closed());
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
        let (in_use, queued) = self.admission.counts();
        let state = self.lock();
        PoolStatus {
            idle: u32::try_from(state.idle.len()).unwrap_or(u32::MAX),
            in_use,
            queued,
            python_version: state.python_version.clone(),
        }
    }

    /// Notes the version of the Python that the workers run.
    pub(crate) fn set_python_version(&self, version: &str) {
        version.clone_into(&mut self.lock().python_version);
    }

    /// Gives up the workers that are idle.
    pub(crate) fn clear(&self) {
        self.lock().idle.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the pool's state")
    }
}
