//! The executor's report on itself, as `GetInfo` gives it. It serialises to the JSON that `info` shows.

use codemode_proto::v1;
use serde::Serialize;

use super::Limits;

/// Version, Python, limits, pool and jail of an executor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutorInfo {
    /// The executor's version.
    pub version: String,
    /// The version of the Python that runs programs.
    pub python_version: String,
    /// What holds where nothing is asked for.
    pub default_limits: Limits,
    /// What no execution can exceed.
    pub limit_ceilings: Limits,
    /// Workers and the queue for them.
    pub pool: PoolInfo,
    /// What protects the host from programs.
    pub jail: JailReport,
}

/// Workers and the queue for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolInfo {
    /// Warm workers that wait.
    pub idle: u32,
    /// Workers that run a program.
    pub in_use: u32,
    /// Executions that wait for a worker.
    pub queued: u32,
    /// The most executions that run at once.
    pub capacity: u32,
    /// The most that may wait.
    pub queue_capacity: u32,
}

/// What protects the host from programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JailReport {
    /// The profile that the operator asks for.
    pub required_profile: String,
    /// The profile that this host gives.
    pub reached_profile: String,
    /// Each mechanism.
    pub layers: Vec<JailLayer>,
}

/// One mechanism of the jail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JailLayer {
    /// Its name.
    pub name: String,
    /// `on`, `off` or `unproven`.
    pub state: String,
    /// What it protects against.
    pub protects: String,
    /// What was observed when it was tried.
    pub evidence: String,
    /// What to do where it is off.
    pub remedy: String,
}

impl ExecutorInfo {
    pub(super) fn from_wire(wire: v1::GetInfoResponse) -> Self {
        let pool = wire.pool.unwrap_or_default();
        let jail = wire.jail.unwrap_or_default();
        Self {
            version: wire.version,
            python_version: wire.python_version,
            default_limits: Limits::from_wire(&wire.default_limits.unwrap_or_default()),
            limit_ceilings: Limits::from_wire(&wire.limit_ceilings.unwrap_or_default()),
            pool: PoolInfo {
                idle: pool.idle,
                in_use: pool.in_use,
                queued: pool.queued,
                capacity: pool.capacity,
                queue_capacity: pool.queue_capacity,
            },
            jail: JailReport {
                required_profile: jail.required_profile,
                reached_profile: jail.reached_profile,
                layers: jail
                    .layers
                    .into_iter()
                    .map(|layer| JailLayer {
                        name: layer.name,
                        state: layer.state,
                        protects: layer.protects,
                        evidence: layer.evidence,
                        remedy: layer.remedy,
                    })
                    .collect(),
            },
        }
    }

    /// The report as a JSON document; durations are in seconds.
    pub fn to_json(&self) -> String {
        // Only a map with keys that are not text has no JSON form, and the report has no map.
        serde_json::to_string(self).unwrap_or_default()
    }
}
