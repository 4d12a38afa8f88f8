//! `Execute`: joins a gRPC stream to an execution's own task.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use codemode_proto::v1::{self, execute_request};
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tonic::{Status, Streaming};

use super::status;
use crate::execution::{ExecutionError, Executions, Response};
use crate::tenants::TenantId;

/// How long a client may take to send `start` after it opened the stream.
const START_TIME: Duration = Duration::from_secs(10);

/// Responses on their way to the client. Few: past this, the worker is not read until the client has taken some.
const RESPONSES_IN_FLIGHT: usize = 16;

/// What the client receives.
pub(crate) struct ResponseStream(mpsc::Receiver<Response>);

impl Stream for ResponseStream {
    type Item = Result<v1::ExecuteResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|response| response.map(|response| response.map_err(|error| status::of(&error))))
    }
}

pub(crate) fn execute(
    executions: Executions,
    tenant: TenantId,
    mut requests: Streaming<v1::ExecuteRequest>,
) -> Result<ResponseStream, Status> {
    if executions.shutdown.is_draining() {
        return Err(status::draining());
    }
    let (responses, stream) = mpsc::channel(RESPONSES_IN_FLIGHT);
    let tracker = executions.tasks.clone();
    tracker.spawn(async move {
        match first(&mut requests).await {
            Ok(start) => {
                let requests = requests.map(|request| request.map_err(|status| status.message().to_owned()));
                executions.run(tenant, start, requests, responses).await;
            }
            Err(error) => {
                // The client may be gone; then nobody hears it.
                let _ = responses.send(Err(error)).await;
            }
        }
    });
    Ok(ResponseStream(stream))
}

async fn first(requests: &mut Streaming<v1::ExecuteRequest>) -> Result<v1::Start, ExecutionError> {
    let malformed = |message: &str| Err(ExecutionError::Malformed(message.to_owned()));
    match tokio::time::timeout(START_TIME, requests.next()).await {
        Err(_) => malformed("`start` did not arrive within 10 s"),
        Ok(None) => Err(ExecutionError::ClientGone),
        Ok(Some(Err(status))) => malformed(status.message()),
        Ok(Some(Ok(request))) => match request.message {
            Some(execute_request::Message::Start(start)) => Ok(start),
            Some(execute_request::Message::ToolResult(_)) => malformed("`tool_result` was sent before `start`"),
            Some(execute_request::Message::Cancel(_)) => malformed("`cancel` was sent before `start`"),
            None => malformed("the first message has no `start`"),
        },
    }
}
