//! What is known of each tenant, and whose turn it is.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::info;

use super::admission::Place;
use super::bucket::Bucket;
use super::{AdmissionError, TenantId};

/// What one execution adds to the account of a tenant of weight 1. Weights up to 1,000 divide it well.
const STRIDE: u64 = 1 << 20;

/// A tenant that is refused is logged once in this time, with the number of times.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct State {
    pub(super) free: u32,
    /// Tenants with executions that wait.
    pub(super) waiting: Vec<TenantId>,
    pub(super) queued: u32,
    /// How far the tenant that was served last had come. Who comes back begins here: being away saves nothing.
    pub(super) pass: u64,
    pub(super) next_waiter: u64,
    pub(super) accounts: Vec<Account>,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) weight: u32,
    pub(super) concurrency: u32,
    pub(super) queue: u32,
    /// Places that are the tenant's by its weight.
    pub(super) share: u32,
    pub(super) running: u32,
    pub(super) pass: u64,
    pub(super) waiters: VecDeque<Waiter>,
    pub(super) bucket: Option<Bucket>,
    pub(super) refused: Refused,
}

#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) id: u64,
    pub(super) sender: oneshot::Sender<Place>,
}

/// Refusals that the log has not been told of.
#[derive(Debug, Default)]
pub(super) struct Refused {
    pub(super) count: u64,
    pub(super) told: Option<Instant>,
}

impl State {
    pub(super) fn account(&mut self, tenant: TenantId) -> &mut Account {
        self.accounts.get_mut(tenant.0 as usize).expect("ids are made with the list of tenants")
    }

    pub(super) fn enqueue(&mut self, tenant: TenantId, sender: oneshot::Sender<Place>) -> u64 {
        let id = self.next_waiter;
        self.next_waiter += 1;
        self.queued += 1;
        let waiters = &mut self.account(tenant).waiters;
        waiters.push_back(Waiter { id, sender });
        if waiters.len() == 1 {
            self.waiting.push(tenant);
        }
        id
    }

    pub(super) fn dequeue(&mut self, tenant: TenantId) -> Option<Waiter> {
        let waiter = self.account(tenant).waiters.pop_front();
        if waiter.is_some() {
            self.left(tenant);
        }
        waiter
    }

    /// One of the tenant's waiters is gone.
    pub(super) fn left(&mut self, tenant: TenantId) {
        self.queued -= 1;
        if self.account(tenant).waiters.is_empty() {
            self.waiting.retain(|other| *other != tenant);
        }
    }

    pub(super) fn begin(&mut self, tenant: TenantId) {
        self.free -= 1;
        let served = self.pass;
        let account = self.account(tenant);
        account.running += 1;
        let pass = account.pass.max(served);
        account.pass = pass + STRIDE / u64::from(account.weight);
        self.pass = pass;
    }

    /// The tenant whose turn it is, if one that waits may run.
    pub(super) fn next(&self, reserve: u32) -> Option<TenantId> {
        if self.waiting.is_empty() || self.free == 0 {
            return None;
        }
        let account = |tenant: &TenantId| &self.accounts[tenant.0 as usize];
        let may_run = self.waiting.iter().filter(|tenant| account(tenant).may_run(self.free, reserve));
        let next = may_run.min_by(|left, right| {
            let (left, right) = (account(left), account(right));
            let cross = |one: &Account, other: &Account| u64::from(one.running) * u64::from(other.weight);
            let lately = |account: &Account| account.pass.max(self.pass);
            cross(left, right).cmp(&cross(right, left)).then_with(|| lately(left).cmp(&lately(right)))
        });
        next.copied()
    }
}

impl Account {
    pub(super) fn may_run(&self, free: u32, reserve: u32) -> bool {
        self.running < self.concurrency && free > 0 && (free > reserve || self.running < self.share)
    }

    pub(super) fn is_at_concurrency(&self) -> bool {
        self.running >= self.concurrency
    }

    /// Counts a refusal, and tells the log now and then.
    pub(super) fn refuse(&mut self, error: AdmissionError) -> AdmissionError {
        self.refused.count += 1;
        if self.refused.told.is_none_or(|told| told.elapsed() >= LOG_INTERVAL) {
            info!(tenant = self.name, refused = self.refused.count, reason = %error, "executions are refused");
            self.refused = Refused { count: 0, told: Some(Instant::now()) };
        }
        error
    }
}
