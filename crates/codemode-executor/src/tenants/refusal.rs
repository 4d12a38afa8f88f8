//! Why an execution may not run now, in words for its client.

use std::time::Duration;

use super::Rate;

/// Why an execution may not run now. Nothing of its program ran.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AdmissionError {
    /// The tenant began too many lately.
    #[error(
        "rate of this key: {}; the next may begin in {} ms", display_rate(*rate), retry_after.as_millis()
    )]
    Rate { rate: Rate, retry_after: Duration },
    /// The tenant runs as many as it may, and as many wait as may.
    #[error(
        "concurrency of this key: {limit} of its executions are running and {waiting} are waiting; the limit is {limit} at once"
    )]
    Concurrency { limit: u32, waiting: u32 },
    /// None of the tenant's executions ended in time.
    #[error("concurrency of this key: none of its {limit} executions ended within {} ms", waited.as_millis())]
    ConcurrencyTimeout { limit: u32, waited: Duration },
    /// As many wait as may.
    #[error("capacity: all {capacity} workers are in use and {waiting} executions are waiting")]
    Capacity { capacity: u32, waiting: u32 },
    /// As many of this tenant's wait as may.
    #[error("capacity: no worker is free for this key and {waiting} of its executions are waiting")]
    Share { waiting: u32 },
    /// No worker became free in time.
    #[error("capacity: no worker was free within {} ms", waited.as_millis())]
    CapacityTimeout { waited: Duration },
}

fn display_rate(rate: Rate) -> String {
    let period = match rate.period.as_secs() {
        1 => "second".to_owned(),
        60 => "minute".to_owned(),
        3_600 => "hour".to_owned(),
        seconds => format!("{seconds} s"),
    };
    format!("{} executions a {period}, {} of them at once", rate.count, rate.burst)
}
