//! `Execute`: joins a gRPC stream to an execution's own task.

use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll};
use std::time::Duration;

use codemode_proto::v1::{self, execute_request};
use futures_core::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::StreamExt;
use tonic::{Request, Response, Status, Streaming};
use tracing::warn;

use super::body::Undelivered;
use super::gate::{self, OpenRequest};
use super::start::Start;
use super::status;
use crate::connections::Peer;
use crate::execution::{Delivery, ExecutionError, Executions, ROOM, Responses, Waiting, queue};

/// How long a client may take to send `start` after it opened the stream.
const START_TIME: Duration = Duration::from_secs(10);

/// How long a client may keep a stream of which it takes nothing, when what there was for it has been dropped. The library has
/// no way to end one that it waits to write on, so its connection is closed then. Proxies end streams that are idle earlier
/// by themselves (Envoy after 5 minutes, if not told otherwise), so that no other client's is closed.
const STALLED_TIME: Duration = Duration::from_secs(600);

/// What the client receives.
pub(crate) struct ResponseStream(Waiting);

impl Stream for ResponseStream {
    type Item = Result<v1::ExecuteResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let response = Pin::new(&mut self.0).poll_next(context);
        response.map(|response| response.map(|response| response.map_err(|error| status::of(&error))))
    }
}

pub(super) fn execute(
    executions: Executions,
    mut request: Request<Streaming<v1::ExecuteRequest>>,
) -> Result<Response<ResponseStream>, Status> {
    if executions.shutdown.is_draining() {
        return Err(status::draining());
    }
    let tenant = gate::tenant(&request)?;
    let peer = request.extensions().get::<Peer>().cloned();
    let open = request.extensions_mut().remove::<OpenRequest>();
    let start = request.extensions_mut().remove::<Start>().unwrap_or_default();
    let mut requests = request.into_inner();
    let (responses, waiting) = queue(ROOM);
    let undelivered = Undelivered::new(waiting.held());
    let withdrawal = undelivered.withdrawal();
    let tracker = executions.tasks.clone();
    tracker.spawn(async move {
        let delivery = match first(&mut requests, &start, &responses).await {
            Ok(message) => {
                let requests = requests.map(|request| request.map_err(|status| status.message().to_owned()));
                executions.run(tenant, message, start.end(), requests, responses).await
            }
            // The client may be gone; then nobody hears it.
            Err(error) => {
                drop(requests);
                responses.finish(Err(error), &executions.shutdown).await
            }
        };
        if delivery == Delivery::Overdue {
            withdrawal.withdraw(status::of(&ExecutionError::NotTaken));
            // Nothing that a shutdown waits for.
            tokio::spawn(close_if_stalled(open.map(|open| open.downgrade()), peer));
        }
    });
    let mut response = Response::new(ResponseStream(waiting));
    // The gate joins it with the body that is made of the stream.
    response.extensions_mut().insert(undelivered);
    Ok(response)
}

async fn close_if_stalled(open: Option<Weak<OwnedSemaphorePermit>>, peer: Option<Peer>) {
    tokio::time::sleep(STALLED_TIME).await;
    if open.is_some_and(|open| open.strong_count() > 0)
        && let Some(peer) = peer
    {
        warn!("a connection is closed: its client took nothing of an execution for {} s", STALLED_TIME.as_secs());
        peer.disconnect();
    }
}

async fn first(
    requests: &mut Streaming<v1::ExecuteRequest>,
    start: &Start,
    responses: &Responses,
) -> Result<v1::Start, ExecutionError> {
    let malformed = |message: &str| Err(ExecutionError::Malformed(message.to_owned()));
    let received = tokio::select! {
        received = tokio::time::timeout(START_TIME, requests.next()) => received,
        () = responses.closed() => return Err(ExecutionError::ClientGone),
    };
    match received {
        Err(_) if start.waited() => Err(ExecutionError::Starts),
        Err(_) => malformed("`start` did not arrive within 10 s"),
        Ok(None) => Err(ExecutionError::ClientGone),
        Ok(Some(Err(status))) => malformed(status.message()),
        Ok(Some(Ok(request))) => match request.message {
            Some(execute_request::Message::Start(start)) => Ok(start),
            Some(execute_request::Message::ToolResult(_)) => malformed("`tool_result` was sent before `start`"),
            Some(execute_request::Message::Cancel(_)) => malformed("`cancel` was sent before `start`"),
            Some(execute_request::Message::Journal(_)) => malformed("`journal` was sent before `start`"),
            None => malformed("the first message has no `start`"),
        },
    }
}
