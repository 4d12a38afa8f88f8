//! Who may run, and who is next: fair between tenants, in order within one.
//!
//! ```text
//!             rate?            a place, nobody of its own waits
//!  execution ───────► account ─────────────────────────────────► place ──drop──► grant ─┐
//!                        └──► waiting (bounded for each tenant) ◄───────────────────────┘
//! ```
//!
//! A place that is free goes to the tenant that runs the least for its weight; between equals, to the one that was given the
//! least lately. While there is more than one tenant, an eighth of the places is kept for those that run less than their
//! share, so that a tenant which fills the executor with long programs does not make the others wait for their ends.
//!
//! Where nobody waits, a place costs one lock that nobody else holds, and no allocation.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::accounts::{Account, Refused, State};
use super::bucket::Bucket;
use super::{AdmissionError, Tenant, TenantId};
use crate::pool::PoolSize;

/// One part in so many of the capacity is kept for tenants below their share.
const RESERVED_PART: u32 = 8;

/// The accounts of all tenants.
#[derive(Debug)]
pub(crate) struct Admission {
    state: Mutex<State>,
    capacity: u32,
    reserve: u32,
    queue_time: Duration,
}

/// The right to run one execution, given back on drop.
#[derive(Debug)]
pub(crate) struct Place {
    /// `None` once the place is given back.
    admission: Option<Arc<Admission>>,
    tenant: TenantId,
}

impl Admission {
    pub(crate) fn new(size: PoolSize, tenants: &[Tenant]) -> Self {
        let weights: u64 = tenants.iter().map(|tenant| u64::from(tenant.weight.max(1))).sum();
        let part = |whole: u32, weight: u32| {
            let part = u64::from(whole) * u64::from(weight.max(1)) / weights.max(1);
            u32::try_from(part).unwrap_or(whole).max(u32::from(whole > 0))
        };
        let account = |tenant: &Tenant| Account {
            name: tenant.name.clone(),
            weight: tenant.weight.max(1),
            concurrency: tenant.concurrency.unwrap_or(u32::MAX),
            queue: tenant.queue.unwrap_or_else(|| part(size.queue, tenant.weight)),
            share: part(size.capacity, tenant.weight),
            running: 0,
            pass: 0,
            waiters: VecDeque::new(),
            bucket: tenant.rate.map(|rate| Bucket::new(rate, Instant::now())),
            refused: Refused::default(),
        };
        let reserve = if tenants.len() > 1 && size.capacity > 1 { size.capacity.div_ceil(RESERVED_PART) } else { 0 };
        Self {
            state: Mutex::new(State {
                free: size.capacity,
                waiting: Vec::new(),
                queued: 0,
                pass: 0,
                next_waiter: 0,
                accounts: tenants.iter().map(account).collect(),
            }),
            capacity: size.capacity,
            reserve,
            queue_time: size.queue_time,
        }
    }

    /// Takes a place, or waits for one.
    pub(crate) async fn admit(self: &Arc<Self>, tenant: TenantId) -> Result<Place, AdmissionError> {
        let started = Instant::now();
        let (queued, receiver) = {
            let mut state = self.lock();
            if let Some(place) = self.enter(&mut state, tenant, started)? {
                return Ok(place);
            }
            let (sender, receiver) = oneshot::channel();
            (Queued { admission: self, tenant, id: state.enqueue(tenant, sender) }, receiver)
        };
        let granted = tokio::time::timeout(self.queue_time, receiver).await;
        drop(queued);
        if let Ok(place) = granted {
            return Ok(place.expect("a waiter in the queue keeps its sender"));
        }
        let mut state = self.lock();
        let account = state.account(tenant);
        let waited = started.elapsed();
        Err(account.refuse(if account.is_at_concurrency() {
            AdmissionError::ConcurrencyTimeout { limit: account.concurrency, waited }
        } else {
            AdmissionError::CapacityTimeout { waited }
        }))
    }

    /// A place at once, or `None` where the execution may wait.
    fn enter(
        self: &Arc<Self>,
        state: &mut State,
        tenant: TenantId,
        now: Instant,
    ) -> Result<Option<Place>, AdmissionError> {
        let alone = state.accounts.len() == 1;
        let free = state.free;
        let account = state.account(tenant);
        if let Some(bucket) = &account.bucket
            && let Some(retry_after) = bucket.wait(now)
        {
            let rate = bucket.rate();
            return Err(account.refuse(AdmissionError::Rate { rate, retry_after }));
        }
        let may_run = account.waiters.is_empty() && account.may_run(free, self.reserve);
        let waiting = u32::try_from(account.waiters.len()).unwrap_or(u32::MAX);
        if !may_run && waiting >= account.queue {
            return Err(account.refuse(if account.is_at_concurrency() {
                AdmissionError::Concurrency { limit: account.concurrency, waiting }
            } else if alone {
                AdmissionError::Capacity { capacity: self.capacity, waiting }
            } else {
                AdmissionError::Share { waiting }
            }));
        }
        if let Some(bucket) = &mut account.bucket {
            bucket.spend(now);
        }
        if !may_run {
            return Ok(None);
        }
        state.begin(tenant);
        Ok(Some(Place { admission: Some(Arc::clone(self)), tenant }))
    }

    /// Gives free places to those who wait.
    fn grant(self: &Arc<Self>, state: &mut State) {
        while let Some(tenant) = state.next(self.reserve) {
            let Some(waiter) = state.dequeue(tenant) else { continue };
            let place = Place { admission: Some(Arc::clone(self)), tenant };
            match waiter.sender.send(place) {
                Ok(()) => state.begin(tenant),
                // Nobody waits there any more. Not dropped as it is: that would take the lock again.
                Err(mut place) => place.admission = None,
            }
        }
    }

    /// Of tenants with executions that have a place and wait for a worker (how many), the one to serve next.
    pub(crate) fn least_served(&self, waiting: &[(TenantId, u32)]) -> Option<TenantId> {
        let state = self.lock();
        let with_worker = |&(tenant, waiting): &(TenantId, u32)| {
            let account = &state.accounts[tenant.0 as usize];
            (u64::from(account.running.saturating_sub(waiting)), u64::from(account.weight))
        };
        let less = |left: &&(TenantId, u32), right: &&(TenantId, u32)| {
            let ((left, left_weight), (right, right_weight)) = (with_worker(left), with_worker(right));
            (left * right_weight).cmp(&(right * left_weight))
        };
        waiting.iter().min_by(less).map(|(tenant, _)| *tenant)
    }

    /// Places taken, and executions that wait for one.
    pub(crate) fn counts(&self) -> (u32, u32) {
        let state = self.lock();
        (self.capacity.saturating_sub(state.free), state.queued)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the accounts")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            let mut state = admission.lock();
            state.free += 1;
            state.account(self.tenant).running -= 1;
            admission.grant(&mut state);
        }
    }
}

/// A place in a tenant's queue, given up on drop.
struct Queued<'a> {
    admission: &'a Arc<Admission>,
    tenant: TenantId,
    id: u64,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut state = self.admission.lock();
        let waiters = &state.account(self.tenant).waiters;
        if let Some(index) = waiters.iter().position(|waiter| waiter.id == self.id) {
            state.account(self.tenant).waiters.remove(index);
            state.left(self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenants::Rate;

    fn size(capacity: u32, queue: u32) -> PoolSize {
        PoolSize { idle: 1, capacity, queue, queue_time: Duration::from_secs(10) }
    }

    fn tenant(weight: u32) -> Tenant {
        Tenant { weight, ..Tenant::new("t", Vec::new()) }
    }

    /// Waits in the queue of its tenant; its place comes through the handle.
    async fn queue(admission: &Arc<Admission>, tenant: u32) -> tokio::task::JoinHandle<Result<Place, AdmissionError>> {
        let (waiting, its) = (admission.counts().1, Arc::clone(admission));
        let task = tokio::spawn(async move { its.admit(TenantId(tenant)).await });
        while admission.counts().1 == waiting && !task.is_finished() {
            tokio::task::yield_now().await;
        }
        task
    }

    /// Frees one place after the other and says whose each became.
    async fn order(
        admission: &Arc<Admission>,
        mut held: VecDeque<Place>,
        mut queued: Vec<tokio::task::JoinHandle<Result<Place, AdmissionError>>>,
    ) -> String {
        let mut order = String::new();
        while !queued.is_empty() {
            drop(held.pop_front());
            tokio::task::yield_now().await;
            let Some(index) = queued.iter().position(tokio::task::JoinHandle::is_finished) else { continue };
            let place = queued.remove(index).await.unwrap().unwrap();
            order.push(char::from(b'a' + u8::try_from(place.tenant.0).unwrap()));
            held.push_back(place);
        }
        drop(held);
        assert_eq!(admission.counts(), (0, 0));
        order
    }

    #[tokio::test]
    async fn flood_of_one_tenant_does_not_go_before_the_first_of_another() {
        let admission = Arc::new(Admission::new(size(1, 20), &[tenant(1), tenant(1)]));
        let held = VecDeque::from([admission.admit(TenantId(0)).await.unwrap()]);
        let mut queued = Vec::new();
        for of in [0, 0, 0, 0, 0, 1, 1] {
            queued.push(queue(&admission, of).await);
        }
        assert_eq!(order(&admission, held, queued).await, "babaaaa");
    }

    #[tokio::test]
    async fn weights_are_followed() {
        let admission = Arc::new(Admission::new(size(1, 40), &[tenant(3), tenant(1)]));
        let held = VecDeque::from([admission.admit(TenantId(0)).await.unwrap()]);
        let mut queued = Vec::new();
        for of in [0, 0, 0, 0, 0, 0, 1, 1, 1] {
            queued.push(queue(&admission, of).await);
        }
        let order = order(&admission, held, queued).await;
        assert_eq!(order[..8].matches('b').count(), 2, "{order}");
    }

    #[tokio::test]
    async fn last_places_are_kept_for_who_has_less_than_its_share() {
        let admission = Arc::new(Admission::new(size(16, 16), &[tenant(1), tenant(1)]));
        let mut held = Vec::new();
        for _ in 0..14 {
            held.push(admission.admit(TenantId(0)).await.unwrap());
        }
        let waiting = queue(&admission, 0).await;
        assert_eq!(admission.counts(), (14, 1));
        held.push(admission.admit(TenantId(1)).await.unwrap());
        held.push(admission.admit(TenantId(1)).await.unwrap());
        assert_eq!(admission.counts(), (16, 1));
        held.clear();
        drop(waiting.await.unwrap().unwrap());
        assert_eq!(admission.counts(), (0, 0));
    }

    #[tokio::test]
    async fn one_tenant_alone_has_everything() {
        let admission = Arc::new(Admission::new(size(8, 0), &[tenant(1)]));
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(admission.admit(TenantId(0)).await.unwrap());
        }
        let error = admission.admit(TenantId(0)).await.unwrap_err();
        assert_eq!(error.to_string(), "capacity: all 8 workers are in use and 0 executions are waiting");
    }

    #[tokio::test(start_paused = true)]
    async fn each_limit_is_named() {
        let rate = Rate { count: 60, period: Duration::from_secs(60), burst: 1 };
        let tenants = [
            Tenant { concurrency: Some(1), queue: Some(1), ..tenant(1) },
            Tenant { rate: Some(rate), ..tenant(1) },
            tenant(1),
        ];
        let admission = Arc::new(Admission::new(size(3, 3), &tenants));
        let first = admission.admit(TenantId(0)).await.unwrap();
        let second = queue(&admission, 0).await;
        assert_eq!(
            admission.admit(TenantId(0)).await.unwrap_err().to_string(),
            "concurrency of this key: 1 of its executions are running and 1 are waiting; the limit is 1 at once"
        );
        drop(admission.admit(TenantId(1)).await.unwrap());
        assert_eq!(
            admission.admit(TenantId(1)).await.unwrap_err().to_string(),
            "rate of this key: 60 executions a minute, 1 of them at once; the next may begin in 1000 ms"
        );
        let _held = admission.admit(TenantId(2)).await.unwrap();
        let third = queue(&admission, 2).await;
        assert_eq!(
            admission.admit(TenantId(2)).await.unwrap_err().to_string(),
            "capacity: no worker is free for this key and 1 of its executions are waiting"
        );
        assert_eq!(
            second.await.unwrap().unwrap_err().to_string(),
            "concurrency of this key: none of its 1 executions ended within 10000 ms"
        );
        assert_eq!(third.await.unwrap().unwrap_err().to_string(), "capacity: no worker was free within 10000 ms");
        assert_eq!(admission.counts(), (2, 0));
        drop(first);
    }

    #[tokio::test]
    async fn who_leaves_the_queue_gives_up_its_place_there() {
        let admission = Arc::new(Admission::new(size(1, 1), &[tenant(1)]));
        let held = admission.admit(TenantId(0)).await.unwrap();
        for _ in 0..3 {
            let gone = queue(&admission, 0).await;
            gone.abort();
            let _ = gone.await;
            assert_eq!(admission.counts(), (1, 0));
        }
        drop(held);
        assert_eq!(admission.counts(), (0, 0));
    }

    #[tokio::test]
    async fn worker_goes_to_who_has_the_fewest() {
        let admission = Arc::new(Admission::new(size(16, 16), &[tenant(1), tenant(1)]));
        let mut held = Vec::new();
        for of in [0, 0, 0, 0, 1] {
            held.push(admission.admit(TenantId(of)).await.unwrap());
        }
        assert_eq!(admission.least_served(&[(TenantId(0), 2), (TenantId(1), 1)]), Some(TenantId(1)));
        assert_eq!(admission.least_served(&[(TenantId(0), 4), (TenantId(1), 0)]), Some(TenantId(0)));
    }
}
