//! `GetInfo`: what this executor is, for clients and for `codemode doctor`.

use codemode_jail::JailReport;
use codemode_proto::v1;

use crate::execution::Executions;
use crate::tenants::TenantId;

/// Limits are those of whoever asks.
pub(crate) fn info(executions: &Executions, tenant: TenantId, jail: &v1::JailReport) -> v1::GetInfoResponse {
    let tenant = executions.tenants.get(tenant);
    let pool = &executions.pool;
    let status = pool.status();
    v1::GetInfoResponse {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        python_version: status.python_version,
        default_limits: Some(tenant.defaults.to_wire()),
        limit_ceilings: Some(tenant.ceilings.to_wire()),
        pool: Some(v1::PoolInfo {
            idle: status.idle,
            in_use: status.in_use,
            queued: status.queued,
            capacity: pool.size().capacity,
            queue_capacity: pool.size().queue,
        }),
        jail: Some(jail.clone()),
    }
}

/// The jail's report in the words of the contract.
pub(crate) fn jail_report(report: &JailReport) -> v1::JailReport {
    v1::JailReport {
        required_profile: report.required.to_string(),
        reached_profile: report.reached.map_or_else(|| "none".to_owned(), |profile| profile.to_string()),
        layers: report
            .layers
            .iter()
            .map(|layer| v1::Layer {
                name: layer.layer.to_string(),
                state: layer.state.name().to_owned(),
                protects: layer.protects.to_string(),
                evidence: layer.evidence.clone(),
                remedy: layer.remedy.to_string(),
            })
            .collect(),
    }
}
