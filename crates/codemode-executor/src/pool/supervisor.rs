//! Keeps one zygote serving, and the ones before it until their last worker has ended.
//!
//! A zygote is replaced when it dies, and retired after a number of forks, a time, or a crash of one of its workers: its
//! children share its address-space layout, so what one program learns helps the next. The new one serves before the
//! old one stops being asked.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use codemode_jail::ZygoteConfig;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::generation::{Ended, Generation};
use super::{Groups, Pool};

/// What the supervisor starts zygotes with.
#[derive(Debug)]
pub(crate) struct PoolConfig {
    pub(crate) zygote: ZygoteConfig,
    pub(crate) cgroup: Option<Arc<Groups>>,
    /// Forks after which a zygote is retired.
    pub(crate) retire_after_forks: u64,
    /// Age at which a zygote is retired.
    pub(crate) retire_after: Duration,
}

/// The shortest time between two retirements for a crash: a program that crashes its worker on purpose must not
/// keep the executor busy with new zygotes (0.25 s of processor time each).
const CRASH_RETIREMENT_INTERVAL: Duration = Duration::from_secs(10);

/// The longest pause between two attempts to start a zygote.
const MAX_RESTART_PAUSE: Duration = Duration::from_secs(5);

/// Runs until dropped. `first` is the zygote that the caller has seen serve.
pub(crate) async fn supervise(pool: Arc<Pool>, config: Arc<PoolConfig>, first: Generation) {
    let mut winding_down = JoinSet::new();
    let mut current = first;
    let mut crash_retirement = Instant::now();
    loop {
        pool.set_python_version(current.python_version());
        pool.serving.store(true, Ordering::Relaxed);
        let ended = current.serve(&pool, &config, crash_retirement).await;
        let next = start_until_it_serves(&pool, &config, current.number() + 1);
        let next = if ended == Ended::Died {
            pool.serving.store(false, Ordering::Relaxed);
            error!(forks = current.forks(), stderr = current.last_words(), "the zygote died; starting another");
            next.await
        } else {
            info!(reason = ?ended, forks = current.forks(), "the zygote is retired; starting another");
            crash_retirement = Instant::now() + CRASH_RETIREMENT_INTERVAL;
            let mut next = pin!(next);
            tokio::select! {
                next = &mut next => next,
                _died = current.serve_until_relieved(&pool, &config) => next.await,
            }
        };
        let previous = std::mem::replace(&mut current, next);
        pool.drop_idle_of(previous.number());
        if ended != Ended::Died {
            winding_down.spawn(previous.wind_down());
        }
        while winding_down.try_join_next().is_some() {}
    }
}

async fn start_until_it_serves(pool: &Arc<Pool>, config: &Arc<PoolConfig>, number: u64) -> Generation {
    let mut pause = Duration::from_millis(50);
    loop {
        match Generation::start(&config.zygote, number).await {
            Ok(generation) => {
                return generation;
            }
            Err(error) => {
                pool.serving.store(false, Ordering::Relaxed);
                warn!(%error, "zygote did not start; trying again in {} ms", pause.as_millis());
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_RESTART_PAUSE);
    }
}

impl Pool {
    /// Ends the idle workers of a zygote that was retired.
    fn drop_idle_of(&self, generation: u64) {
        self.lock().idle.retain(|worker| worker.generation != generation);
        self.demand.notify_one();
    }
}
