//! The executors behind one name: looked up when they are first needed, and again from time to time and after a loss.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::Fleet;
use super::replica::Replica;
use crate::transport::ChannelPlan;

/// How long addresses are used before the name is looked up again. A headless Service changes within seconds, and
/// resolvers keep their own answers.
const FRESH: Duration = Duration::from_secs(10);
/// The shortest time between two lookups, whatever is lost.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Discovery {
    /// `host:port`.
    name: String,
    plan: ChannelPlan,
    found: Mutex<Found>,
    /// Held by whoever looks it up.
    looking: AsyncMutex<()>,
}

#[derive(Debug, Default)]
struct Found {
    replicas: Vec<(SocketAddr, Arc<Replica>)>,
    looked_up: Option<Instant>,
    /// Something was lost since.
    expired: bool,
    failure: Option<String>,
}

impl Discovery {
    pub(super) fn new(name: String, plan: ChannelPlan) -> Self {
        Self { name, plan, found: Mutex::default(), looking: AsyncMutex::default() }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn replicas(&self) -> Vec<Arc<Replica>> {
        self.found().replicas.iter().map(|(_, replica)| Arc::clone(replica)).collect()
    }

    pub(super) fn expire(&self) {
        self.found().expired = true;
    }

    /// Why the last lookup found nobody.
    pub(super) fn failure(&self) -> Option<String> {
        self.found().failure.clone()
    }

    /// Looks the name up where nobody is known. Where some are, only has it looked up again in the background when it is time.
    pub(super) async fn prepare(self: &Arc<Self>, fleet: &Arc<Fleet>) {
        let (known, due) = {
            let found = self.found();
            let age = found.looked_up.map(|at| at.elapsed());
            let due = age.is_none_or(|age| age > FRESH || (found.expired && age > PAUSE));
            (!found.replicas.is_empty(), due)
        };
        if !known {
            let _turn = self.looking.lock().await;
            // Somebody else may have been first.
            if self.found().replicas.is_empty() {
                self.look_up().await;
            }
        } else if due {
            let discovery = Arc::clone(self);
            let looking = async move {
                if let Ok(_turn) = discovery.looking.try_lock() {
                    discovery.look_up().await;
                }
            };
            fleet.tasks().spawn_on(looking, &fleet.runtime);
        }
    }

    async fn look_up(&self) {
        let addresses = tokio::net::lookup_host(&self.name).await;
        let mut found = self.found();
        found.looked_up = Some(Instant::now());
        found.expired = false;
        match addresses {
            Ok(addresses) => {
                let mut addresses: Vec<_> = addresses.collect();
                addresses.sort_unstable();
                addresses.dedup();
                if addresses.is_empty() {
                    return;
                }
                found.failure = None;
                // Those that stay keep their connections and what is known of them.
                let before = std::mem::take(&mut found.replicas);
                found.replicas = addresses
                    .into_iter()
                    .map(|address| {
                        let known = before.iter().find(|(known, _)| *known == address);
                        let replica = known.map(|(_, replica)| Arc::clone(replica));
                        (address, replica.unwrap_or_else(|| Arc::new(Replica::new(self.plan.open(Some(address))))))
                    })
                    .collect();
            }
            // Those that are known may still be there.
            Err(error) => found.failure = Some(format!("failed to look up `{}`: {error}", self.name)),
        }
    }
}
