//! The executors that a connection may use, and which of them the next attempt goes to.
//!
//! ```text
//!  urls ──┬── fixed ──────────────► replica ─┐
//!         └── name ──lookup──► addresses ──► replica ─┴─► pick ──► lease ──► attempt ── lost ──► rest, probes
//! ```
//!
//! Of two replicas drawn at random the one with fewer attempts under way is picked. A replica that was lost, or that drains,
//! rests: it gets nothing while others are well, and is asked for its health until it serves again. One that is full is
//! passed over for as long as it asks to be. Where none is well, all are tried. A single replica always is.

mod discovery;
mod replica;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::random;
use crate::transport::{Address, Channel, ChannelPlan, Status, StatusCode};
use discovery::Discovery;
use replica::{Condition, Replica};

/// The health service's name for readiness: not serving while an executor starts, and while it drains.
pub(super) const READINESS_SERVICE: &str = "codemode.v1.Executor";
/// How long a replica is passed over that is full and does not say for how long it will be.
const FULL: Duration = Duration::from_millis(100);
/// How long a health probe may take.
const PROBE: Duration = Duration::from_secs(2);

/// All executors of one connection.
#[derive(Debug)]
pub(super) struct Fleet {
    sources: Vec<Source>,
    runtime: Handle,
    /// Lookups and probes. They end with the fleet.
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
enum Source {
    Fixed(Arc<Replica>),
    Name(Arc<Discovery>),
}

/// A replica that an attempt uses: it counts as under way until this is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    fleet: Arc<Fleet>,
    replica: Arc<Replica>,
}

/// Names a replica, for as long as the fleet lives.
#[derive(Clone, Debug)]
pub(super) struct ReplicaId(Arc<Replica>);

impl Fleet {
    /// Must be called within a tokio runtime.
    pub(super) fn new(plans: Vec<(Address, ChannelPlan)>) -> Arc<Self> {
        let sources = plans
            .into_iter()
            .map(|(address, plan)| match address.lookup() {
                Some(name) => Source::Name(Arc::new(Discovery::new(name, plan))),
                None => Source::Fixed(Arc::new(Replica::new(plan.open(None)))),
            })
            .collect();
        Arc::new(Self { sources, runtime: Handle::current(), tasks: Mutex::default() })
    }

    /// A replica for an attempt, not `avoid` where there is another that is well. Waits only where no address is known yet.
    pub(super) async fn pick(self: &Arc<Self>, avoid: Option<&ReplicaId>) -> Result<Lease, Status> {
        self.look_up().await;
        let now = Instant::now();
        let all = self.replicas();
        let avoided = |replica: &Arc<Replica>| avoid.is_some_and(|avoid| Arc::ptr_eq(&avoid.0, replica));
        let well: Vec<_> = all.iter().filter(|replica| replica.is_well(now)).collect();
        let other: Vec<_> = well.iter().copied().filter(|replica| !avoided(replica)).collect();
        let others: Vec<_> = all.iter().filter(|replica| !avoided(replica)).collect();
        let candidates = [other, well, others, all.iter().collect()].into_iter().find(|some| !some.is_empty());
        let Some(candidates) = candidates else { return Err(self.nobody()) };
        Ok(Lease::new(Arc::clone(self), Arc::clone(less_busy(&candidates))))
    }

    /// Whether an attempt could go elsewhere at once.
    pub(super) fn has_other(&self, than: &ReplicaId) -> bool {
        let now = Instant::now();
        self.replicas().iter().any(|replica| !Arc::ptr_eq(&than.0, replica) && replica.is_well(now))
    }

    /// Whether any replica says that it serves; where none answers, why one did not.
    pub(super) async fn serves(self: &Arc<Self>, service: &'static str) -> Result<bool, Status> {
        self.look_up().await;
        let mut probes = JoinSet::new();
        for replica in self.replicas() {
            probes.spawn_on(async move { replica.channel.serves(service).await }, &self.runtime);
        }
        let mut answer = Err(self.nobody());
        while let Some(served) = probes.join_next().await {
            match served {
                Ok(Ok(true)) => return Ok(true),
                Ok(Ok(false)) => answer = Ok(false),
                Ok(Err(status)) if answer.is_err() => answer = Err(status),
                Ok(Err(_)) | Err(_) => {}
            }
        }
        answer
    }

    /// Has the addresses of each name, and has them looked up again where it is time.
    async fn look_up(self: &Arc<Self>) {
        for source in &self.sources {
            if let Source::Name(discovery) = source {
                discovery.prepare(self).await;
            }
        }
    }

    fn replicas(&self) -> Vec<Arc<Replica>> {
        let mut all = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            match source {
                Source::Fixed(replica) => all.push(Arc::clone(replica)),
                Source::Name(discovery) => all.extend(discovery.replicas()),
            }
        }
        all
    }

    fn nobody(&self) -> Status {
        let reason = self.sources.iter().find_map(|source| match source {
            Source::Fixed(_) => None,
            Source::Name(discovery) => discovery.failure(),
        });
        Status::unreachable(reason.unwrap_or_else(|| "the name of the executors has no address".to_owned()))
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended is let go of here: nobody waits for it.
        while tasks.try_join_next().is_some() {}
        tasks
    }

    /// A replica was lost: until it serves again it gets nothing while others are well.
    fn probe(self: &Arc<Self>, replica: Arc<Replica>) {
        if self.replicas().len() < 2 || !replica.begin_probing() {
            return;
        }
        let probing = async move {
            loop {
                tokio::time::sleep(replica.rest()).await;
                match tokio::time::timeout(PROBE, replica.channel.serves(READINESS_SERVICE)).await {
                    Ok(Ok(true)) => return replica.recover(),
                    // A balancer that has no such service: it is there, so it gets its share.
                    Ok(Err(status)) if matches!(status.code(), StatusCode::NotFound | StatusCode::Unimplemented) => {
                        return replica.recover();
                    }
                    _ => replica.failed(),
                }
            }
        };
        self.tasks().spawn_on(probing, &self.runtime);
    }
}

/// Power of two choices: nearly as good as the least busy of all, and clients do not all choose the same one.
fn less_busy<'a>(candidates: &[&'a Arc<Replica>]) -> &'a Arc<Replica> {
    let first = random::below(candidates.len());
    let Some(&one) = candidates.get(first) else { unreachable!("there is one, and the number is below their count") };
    if candidates.len() == 1 {
        return one;
    }
    let second = (first + 1 + random::below(candidates.len() - 1)) % candidates.len();
    match candidates.get(second) {
        Some(&other) if other.under_way() < one.under_way() => other,
        _ => one,
    }
}

impl Lease {
    fn new(fleet: Arc<Fleet>, replica: Arc<Replica>) -> Self {
        replica.begin();
        Self { fleet, replica }
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.replica.channel
    }

    pub(super) fn id(&self) -> ReplicaId {
        ReplicaId(Arc::clone(&self.replica))
    }

    /// The executor took the execution: it is well.
    pub(super) fn accepted(&self) {
        self.replica.recover();
    }

    /// The attempt ended so.
    pub(super) fn lost(&self, status: &Status) {
        match status.code() {
            StatusCode::ResourceExhausted => {
                self.replica.set(Condition::Full(Instant::now() + status.retry_after().unwrap_or(FULL)));
            }
            StatusCode::Unavailable => {
                self.replica.failed();
                for source in &self.fleet.sources {
                    if let Source::Name(discovery) = source {
                        // It may have been replaced by another address.
                        discovery.expire();
                    }
                }
                self.fleet.probe(Arc::clone(&self.replica));
            }
            _ => {}
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.replica.end();
    }
}
