//! Tenants: whoever an API key, or several, stand for. Each has limits of its own and a fair share of the workers.
//!
//! A tenant is configured once, at the start; from there on it is a [`TenantId`], which [`Admission`] keeps the account of.

mod accounts;
mod admission;
mod bucket;
mod refusal;

use std::time::Duration;

pub(crate) use admission::{Admission, Place};
pub(crate) use refusal::AdmissionError;

use crate::auth::ApiKey;
use crate::limits::Limits;
use crate::pool::PoolSize;

/// Who may use the executor, with what limits.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// What logs call it. Never a key.
    pub name: String,
    /// The keys that stand for it: more than one while a key is being replaced.
    pub keys: Vec<ApiKey>,
    /// Its share of the workers, beside the weights of the others. Default 1.
    pub weight: u32,
    /// Executions that it may run at once. Default: what the executor has, less what is kept for the others.
    pub concurrency: Option<u32>,
    /// Executions of its that may wait. Default: its share of the executor's queue.
    pub queue: Option<u32>,
    /// How often it may begin one. Default: as often as it likes.
    pub rate: Option<Rate>,
    /// The most that its executions can get.
    pub ceilings: TenantCeilings,
}

impl Tenant {
    /// One without limits of its own.
    pub fn new(name: impl Into<String>, keys: Vec<ApiKey>) -> Self {
        Self {
            name: name.into(),
            keys,
            weight: 1,
            concurrency: None,
            queue: None,
            rate: None,
            ceilings: TenantCeilings::default(),
        }
    }
}

/// Executions for each period of time, and how many of them may begin at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Executions for each period.
    pub count: u32,
    /// The period.
    pub period: Duration,
    /// Executions that may begin at once after a pause.
    pub burst: u32,
}

/// Ceilings of one tenant, each at most the executor's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the one of `Limits` of the same name")]
pub struct TenantCeilings {
    pub wall_time: Option<Duration>,
    pub cpu_time: Option<Duration>,
    pub memory: Option<u64>,
    pub output: Option<u64>,
    pub tool_calls: Option<u32>,
    pub code: Option<u64>,
    pub value: Option<u64>,
    pub open_files: Option<u32>,
    pub tasks: Option<u32>,
    pub tool_call_time: Option<Duration>,
}

impl TenantCeilings {
    /// The executor's ceilings, lowered to these.
    fn below(&self, ceilings: &Limits) -> Limits {
        Limits {
            wall_time: lower(self.wall_time, ceilings.wall_time),
            cpu_time: lower(self.cpu_time, ceilings.cpu_time),
            memory: lower(self.memory, ceilings.memory),
            output: lower(self.output, ceilings.output),
            tool_calls: lower(self.tool_calls, ceilings.tool_calls),
            code: lower(self.code, ceilings.code),
            value: lower(self.value, ceilings.value),
            open_files: lower(self.open_files, ceilings.open_files),
            tasks: lower(self.tasks, ceilings.tasks),
            tool_call_time: lower(self.tool_call_time, ceilings.tool_call_time),
            ..ceilings.clone()
        }
    }
}

fn lower<T: Ord + Copy>(own: Option<T>, executors: T) -> T {
    own.map_or(executors, |own| own.min(executors))
}

/// A tenant as the rest of the executor knows it: its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TenantId(pub(crate) u32);

/// What an execution needs to know of its tenant.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) defaults: Limits,
    pub(crate) ceilings: Limits,
}

/// Every tenant, by its id.
#[derive(Debug)]
pub(crate) struct Tenants(Vec<Profile>);

impl Tenants {
    /// Without any key everybody is one tenant.
    pub(crate) fn new(tenants: &[Tenant], defaults: &Limits, ceilings: &Limits) -> Self {
        let profile = |tenant: &Tenant| {
            let ceilings = tenant.ceilings.below(ceilings);
            Profile { name: tenant.name.clone(), defaults: defaults.at_most(&ceilings), ceilings }
        };
        let anonymous = || Tenant::new("anonymous", Vec::new());
        Self(if tenants.is_empty() { vec![profile(&anonymous())] } else { tenants.iter().map(profile).collect() })
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The tenant of an id that [`Authenticator`](crate::auth::Authenticator) gave.
    pub(crate) fn get(&self, id: TenantId) -> &Profile {
        self.0.get(id.0 as usize).expect("ids are made with the list of tenants")
    }
}

/// Accounts for these tenants, or for one that everybody is.
pub(crate) fn admission(tenants: &[Tenant], size: PoolSize) -> Admission {
    if tenants.is_empty() {
        Admission::new(size, &[Tenant::new("anonymous", Vec::new())])
    } else {
        Admission::new(size, tenants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_of_a_tenant_only_lower() {
        let own = TenantCeilings {
            memory: Some(1 << 20),
            wall_time: Some(Duration::from_secs(10_000)),
            ..TenantCeilings::default()
        };
        let mut tenant = Tenant::new("a", Vec::new());
        tenant.ceilings = own;
        let tenants = Tenants::new(&[tenant], &Limits::defaults(), &Limits::ceilings());
        let profile = tenants.get(TenantId(0));
        assert_eq!(profile.ceilings, Limits { memory: 1 << 20, ..Limits::ceilings() });
        assert_eq!(profile.defaults, Limits { memory: 1 << 20, ..Limits::defaults() });
    }
}
