//! A worker without a zygote, for `crate::fuzzing`.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::{Checkout, Exit, Pool, PoolSize, Worker};
use crate::tenants::TenantId;

/// A process that ended and is never reaped: whatever is done to it, nobody else is hit.
static PROCESS: OnceLock<Child> = OnceLock::new();

pub(crate) async fn checkout(stream: UnixStream) -> (Checkout, oneshot::Sender<Exit>) {
    let child = PROCESS.get_or_init(|| {
        Command::new("true").stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the system has `true`")
    });
    let process = codemode_jail::fuzzing::worker_process(child).expect("it is not reaped");
    let size = PoolSize { idle: 0, capacity: 1, queue: 0, queue_time: Duration::ZERO };
    let place = Pool::new(size, &[]).admission.admit(TenantId(0)).await.expect("the first has a place");
    let (exit, exited) = oneshot::channel();
    let worker = Worker { stream, process, exited, cgroup: None, generation: 0 };
    (Checkout { worker, queue_time: Duration::ZERO, place }, exit)
}
