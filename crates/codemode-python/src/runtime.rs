//! The tokio runtime of the process, and who drives it.
//!
//! The runtime has one thread's worth of work and no thread of its own. Whoever waits drives it: a thread in `next_event`
//! reads the socket itself, so that a reply costs no wake-up of another thread. The seat of the driver changes like this:
//!
//! ```text
//!              a caller waits                       the caller has its event
//!   empty ───────────────────────► a caller drives ──────────────────────────► empty
//!     │                                   ▲
//!     │ an execution has run for 5 ms     │ a caller waits: the standby leaves at once
//!     │ without a driver, or it has       │ (unless executions have listeners: then it stays, and the
//!     │ a listener                        │ caller is woken by it)
//!     ▼                                   │
//!   the standby thread drives ────────────┘
//! ```
//!
//! A call that only sends gives the runtime one turn on its own thread ([`Driver::turn`]), so that nothing that was sent
//! waits for a driver. While nothing runs, the standby gives the runtime a turn every two seconds, which answers the
//! peer's pings and notices a lost connection. Listeners are called by the standby outside of the seat: a thread that
//! waits for the GIL never holds up the socket.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{EnterGuard, Runtime};
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::listener::Listener;

/// How long executions may be without a driver. Well above the gap between two events that a program's tool call leaves,
/// well below what a person or a keepalive notices.
const TAKEOVER: Duration = Duration::from_millis(5);
/// After so many looks that found a caller driving, the standby sleeps until a caller leaves.
const LOOKS: u32 = 4;
/// Between two turns of an idle runtime. A peer waits 20 s for the answer to its ping.
const IDLE_TURN: Duration = Duration::from_secs(2);
/// How long the interpreter's end may wait for a callback that is running. Listeners do not block.
const CALLBACK_GRACE: Duration = Duration::from_secs(1);

/// How often a process that uses this may fork children that use it, one below the other.
const GENERATIONS: usize = 16;
/// One for each process of a chain of forks: a child has its parent's, whose threads stayed there, and makes its own.
static DRIVERS: [OnceLock<Driver>; GENERATIONS] = [const { OnceLock::new() }; GENERATIONS];

pub(crate) struct Driver {
    runtime: Runtime,
    /// The process that it belongs to. Its sockets and locks are of no use to a fork.
    owner: u32,
    /// Asks the standby to leave the seat.
    leave: Notify,
    /// Threads that wait, and so drive or stand by to drive.
    callers: AtomicUsize,
    /// Executions that have not ended.
    active: AtomicUsize,
    /// Executions that have a listener.
    listening: AtomicUsize,
    connections: AtomicUsize,
    /// Counts the callers that left: an equal count over a period means that nobody drove in it.
    departures: AtomicU64,
    standby_drives: AtomicBool,
    standby_sleeps: AtomicBool,
    state: Mutex<State>,
    wake: Condvar,
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// Listeners to call.
    pending: Vec<Arc<Listener>>,
    /// The standby is calling listeners.
    calling: bool,
    /// The interpreter is ending: no callback may begin.
    ended: bool,
}

/// The process's driver, for what is made in this process.
pub(crate) fn driver() -> PyResult<&'static Driver> {
    for slot in &DRIVERS {
        match slot.get() {
            Some(driver) if driver.is_foreign() => {}
            Some(driver) => return Ok(driver),
            None => return start(slot),
        }
    }
    Err(PyRuntimeError::new_err(format!(
        "more than {GENERATIONS} forks in a row used codemode: use it in fewer of them"
    )))
}

fn start(slot: &'static OnceLock<Driver>) -> PyResult<&'static Driver> {
    let failed =
        |error: std::io::Error| PyRuntimeError::new_err(format!("failed to start the runtime of codemode: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let driver = Driver {
        runtime,
        owner: std::process::id(),
        leave: Notify::new(),
        callers: AtomicUsize::new(0),
        active: AtomicUsize::new(0),
        listening: AtomicUsize::new(0),
        connections: AtomicUsize::new(0),
        departures: AtomicU64::new(0),
        standby_drives: AtomicBool::new(false),
        standby_sleeps: AtomicBool::new(false),
        state: Mutex::default(),
        wake: Condvar::new(),
        called: Condvar::new(),
    };
    let mut first = false;
    let driver = slot.get_or_init(|| {
        first = true;
        driver
    });
    if first {
        // Lives as long as the process; it holds nothing that must be released.
        std::thread::Builder::new().name("codemode-standby".to_owned()).spawn(|| driver.stand_by()).map_err(failed)?;
    }
    Ok(driver)
}

/// Waits until no callback runs and lets none begin. Without effect in a fork.
pub(crate) fn stop_callbacks() {
    let Some(driver) = DRIVERS.iter().filter_map(OnceLock::get).find(|driver| !driver.is_foreign()) else { return };
    let mut state = driver.state();
    state.ended = true;
    state.pending.clear();
    let _ = driver.called.wait_timeout_while(state, CALLBACK_GRACE, |state| state.calling);
}

/// Adds one to a count for as long as it lives.
pub(crate) struct Counted {
    driver: &'static Driver,
    count: fn(&Driver) -> &AtomicUsize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        if (self.count)(self.driver).fetch_sub(1, SeqCst) == 1 && self.driver.standby_drives.load(SeqCst) {
            self.driver.leave.notify_one();
        }
    }
}

impl Driver {
    /// Whether this process is a fork of the one that it belongs to.
    pub(crate) fn is_foreign(&self) -> bool {
        std::process::id() != self.owner
    }

    /// The driver of an object that belongs to it.
    ///
    /// A fork gets `RuntimeError`: the threads and the connection stayed in the parent.
    pub(crate) fn own(&'static self) -> PyResult<&'static Self> {
        if self.is_foreign() {
            return Err(PyRuntimeError::new_err(
                "this client was made before the process was forked: make a client in the child process, after the fork",
            ));
        }
        Ok(self)
    }

    /// The runtime's context: what is created in it is driven by it.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// Counts an execution until it has ended.
    pub(crate) fn execution(&'static self) -> Counted {
        let counted = self.count(|driver| &driver.active);
        if self.standby_sleeps.load(SeqCst) {
            self.rouse();
        }
        counted
    }

    /// Counts a connection; the first one starts the idle turns.
    pub(crate) fn connection(&'static self) -> Counted {
        let counted = self.count(|driver| &driver.connections);
        self.rouse();
        counted
    }

    /// Counts a listener; the standby drives as long as there is one.
    pub(crate) fn listening(&'static self) -> Counted {
        let counted = self.count(|driver| &driver.listening);
        self.rouse();
        counted
    }

    fn count(&'static self, count: fn(&Driver) -> &AtomicUsize) -> Counted {
        count(self).fetch_add(1, SeqCst);
        Counted { driver: self, count }
    }

    /// Takes part in driving until the guard is dropped; the standby then stays away.
    pub(crate) fn caller(&self) -> Caller<'_> {
        self.callers.fetch_add(1, SeqCst);
        Caller(self)
    }

    /// Lets the tasks that are ready run, on this thread, unless a driver does so anyway. Never waits, so the GIL may be
    /// held.
    pub(crate) fn turn(&self) {
        if self.callers.load(SeqCst) == 0 && !self.standby_drives.load(SeqCst) {
            self.runtime.block_on(turns());
        }
    }

    /// Has the standby call a listener.
    pub(crate) fn call(&self, listener: Arc<Listener>) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        state.pending.push(listener);
        drop(state);
        self.leave.notify_one();
        self.wake.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rouse(&self) {
        // The lock orders this after the look that the standby takes before it sleeps.
        drop(self.state());
        self.wake.notify_one();
    }

    // === the standby thread ===

    fn stand_by(&self) {
        let mut departures = self.departures.load(SeqCst);
        let mut looks = 0;
        loop {
            self.call_listeners();
            if self.listening.load(SeqCst) > 0 {
                self.stand_in();
                continue;
            }
            let undriven = self.active.load(SeqCst) > 0 && self.callers.load(SeqCst) == 0;
            let departed = self.departures.load(SeqCst);
            if undriven && looks > 0 && departed == departures {
                self.stand_in();
                looks = 0;
                continue;
            }
            departures = departed;
            looks += 1;
            let doze = self.active.load(SeqCst) > 0 && (undriven || looks < LOOKS);
            if !self.rest(doze) {
                looks = 0;
            }
        }
    }

    /// Drives until somebody asks for the seat, or there is nothing left to drive for.
    fn stand_in(&self) {
        self.standby_drives.store(true, SeqCst);
        // A caller that came before the line above did not ask for the seat.
        if self.listening.load(SeqCst) > 0 || self.callers.load(SeqCst) == 0 {
            self.runtime.block_on(async {
                self.leave.notified().await;
                if self.callers.load(SeqCst) == 0 {
                    // What was dropped before the notification still has a reset to send.
                    turns().await;
                }
            });
        }
        self.standby_drives.store(false, SeqCst);
    }

    /// Waits for a short time (`doze`), or until it is roused. Returns whether it dozed.
    fn rest(&self, doze: bool) -> bool {
        let state = self.state();
        if doze {
            if state.pending.is_empty() {
                let _ = self.wake.wait_timeout(state, TAKEOVER);
            }
            return true;
        }
        self.standby_sleeps.store(true, SeqCst);
        let needed = !state.pending.is_empty()
            || self.listening.load(SeqCst) > 0
            || (self.active.load(SeqCst) > 0 && self.callers.load(SeqCst) == 0);
        let mut idle = false;
        if !needed {
            if self.connections.load(SeqCst) > 0 {
                let wait = self.wake.wait_timeout(state, IDLE_TURN).unwrap_or_else(PoisonError::into_inner);
                idle = wait.1.timed_out();
            } else {
                drop(self.wake.wait(state));
            }
        }
        self.standby_sleeps.store(false, SeqCst);
        if idle {
            self.turn();
        }
        false
    }

    fn call_listeners(&self) {
        let listeners = {
            let mut state = self.state();
            if state.pending.is_empty() {
                return;
            }
            state.calling = true;
            std::mem::take(&mut state.pending)
        };
        // `None` where the interpreter is ending; then nothing of Python may be touched.
        Python::try_attach(|py| {
            for listener in &listeners {
                listener.call(py);
            }
            drop(listeners);
        });
        self.state().calling = false;
        self.called.notify_all();
    }
}

/// Enough for a message to pass from a session through the connection to the socket.
async fn turns() {
    yield_now().await;
    yield_now().await;
}

/// A thread that waits, and so drives or stands by to drive.
pub(crate) struct Caller<'a>(&'a Driver);

impl Caller<'_> {
    /// Drives the runtime until the future is ready. The GIL has been released.
    pub(crate) fn drive<F: Future>(&self, future: F) -> F::Output {
        if self.0.standby_drives.load(SeqCst) && self.0.listening.load(SeqCst) == 0 {
            self.0.leave.notify_one();
        }
        self.0.runtime.block_on(future)
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.0.departures.fetch_add(1, SeqCst);
        let last = self.0.callers.fetch_sub(1, SeqCst) == 1;
        if last && self.0.active.load(SeqCst) > 0 && self.0.standby_sleeps.load(SeqCst) {
            self.0.rouse();
        }
    }
}
