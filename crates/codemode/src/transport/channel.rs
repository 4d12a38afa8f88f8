//! One HTTP/2 connection to one executor, opened at first use and opened again after a loss.
//!
//! Called by [`crate::execution`] alone. Each method is one request; what it returns is ours, not tonic's.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use codemode_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::status::Origin;
use super::{Address, MAX_MESSAGE_SIZE, Status, StatusCode};

/// A peer that answers no ping for this long is gone. Balancers drop idle connections after a minute or more.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Metadata that says how long to wait before the next attempt.
const RETRY_AFTER: &str = "retry-after-ms";
const CORRELATION_ID: &str = "x-correlation-id";

/// What cannot be put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Url,
    ApiKey,
}

/// A connection. Cloning it is cheap: clones share it.
#[derive(Clone)]
pub(crate) struct Channel {
    inner: tonic::transport::Channel,
    authorization: Option<MetadataValue<Ascii>>,
}

impl Channel {
    /// Dials nothing yet. Must be called within a tokio runtime, which then drives the connection.
    pub(crate) fn new(address: &Address, api_key: Option<&str>, connect_timeout: Duration) -> Result<Self, Malformed> {
        let authorization = match api_key {
            None => None,
            Some(key) => {
                let mut value = MetadataValue::try_from(format!("Bearer {key}")).map_err(|_| Malformed::ApiKey)?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let endpoint = Endpoint::from_shared(address.endpoint().to_owned())
            .map_err(|_| Malformed::Url)?
            .user_agent(concat!("codemode/", env!("CARGO_PKG_VERSION")))
            .expect("the user agent is a constant of printable ASCII")
            .connect_timeout(connect_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(KEEPALIVE_INTERVAL))
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        // TLS comes here: `endpoint.tls_config(…)` for an address that asks for it.
        Ok(Self { inner: endpoint.connect_lazy(), authorization })
    }

    /// Begins `Execute`. Ends when the executor has answered with its headers.
    pub(crate) async fn execute(
        &self,
        outbound: mpsc::Receiver<v1::ExecuteRequest>,
        correlation_id: &str,
    ) -> Result<Inbound, Status> {
        let mut request = tonic::Request::new(ReceiverStream::new(outbound));
        self.authorize(request.metadata_mut());
        // Checked by the contract's rules before; what no header carries would only be missing from a trace.
        if let Some(value) =
            Some(correlation_id).filter(|id| !id.is_empty()).and_then(|id| MetadataValue::try_from(id).ok())
        {
            request.metadata_mut().insert(CORRELATION_ID, value);
        }
        match self.client().execute(request).await {
            Ok(response) => Ok(Inbound(response.into_inner())),
            Err(status) => Err(ours(&status)),
        }
    }

    /// The executor's report on itself.
    pub(crate) async fn info(&self) -> Result<v1::GetInfoResponse, Status> {
        let mut request = tonic::Request::new(v1::GetInfoRequest {});
        self.authorize(request.metadata_mut());
        self.client().get_info(request).await.map(tonic::Response::into_inner).map_err(|status| ours(&status))
    }

    /// Whether `grpc.health.v1` says that the executor serves.
    pub(crate) async fn serves(&self) -> Result<bool, Status> {
        let request = HealthCheckRequest { service: String::new() };
        let response = HealthClient::new(self.inner.clone()).check(request).await.map_err(|status| ours(&status))?;
        Ok(response.into_inner().status() == ServingStatus::Serving)
    }

    fn client(&self) -> v1::executor_client::ExecutorClient<tonic::transport::Channel> {
        v1::executor_client::ExecutorClient::new(self.inner.clone())
            .max_decoding_message_size(MAX_MESSAGE_SIZE)
            .max_encoding_message_size(MAX_MESSAGE_SIZE)
    }

    fn authorize(&self, metadata: &mut MetadataMap) {
        if let Some(authorization) = &self.authorization {
            metadata.insert("authorization", authorization.clone());
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Channel").finish_non_exhaustive()
    }
}

/// What the executor sends in one execution. Dropping it resets the stream, which cancels the execution.
#[derive(Debug)]
pub(crate) struct Inbound(tonic::Streaming<v1::ExecuteResponse>);

impl Inbound {
    /// The next message; `None` where the executor has closed the stream in order. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Option<v1::ExecuteResponse>, Status> {
        self.0.message().await.map_err(|status| ours(&status))
    }
}

/// A status that has a source was made on this side, of a lost or never opened connection: whatever code the library
/// chose for it, to us the executor is unavailable.
fn ours(status: &tonic::Status) -> Status {
    let retry_after = status
        .metadata()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .map(Duration::from_millis);
    let code = code(status.code());
    match status.source() {
        // Out of range: a message over the size limit, which the same request would meet again.
        Some(source) if code != StatusCode::OutOfRange => Status {
            code: StatusCode::Unavailable,
            message: root_cause(source),
            retry_after,
            origin: Origin::Transport,
        },
        _ => Status { code, message: status.message().to_owned(), retry_after, origin: Origin::Executor },
    }
}

/// The layers between us and the operating system each add a sentence that says nothing; the last one has the cause.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

fn code(code: tonic::Code) -> StatusCode {
    match code {
        tonic::Code::Ok => StatusCode::Ok,
        tonic::Code::Cancelled => StatusCode::Cancelled,
        tonic::Code::Unknown => StatusCode::Unknown,
        tonic::Code::InvalidArgument => StatusCode::InvalidArgument,
        tonic::Code::DeadlineExceeded => StatusCode::DeadlineExceeded,
        tonic::Code::NotFound => StatusCode::NotFound,
        tonic::Code::AlreadyExists => StatusCode::AlreadyExists,
        tonic::Code::PermissionDenied => StatusCode::PermissionDenied,
        tonic::Code::ResourceExhausted => StatusCode::ResourceExhausted,
        tonic::Code::FailedPrecondition => StatusCode::FailedPrecondition,
        tonic::Code::Aborted => StatusCode::Aborted,
        tonic::Code::OutOfRange => StatusCode::OutOfRange,
        tonic::Code::Unimplemented => StatusCode::Unimplemented,
        tonic::Code::Internal => StatusCode::Internal,
        tonic::Code::Unavailable => StatusCode::Unavailable,
        tonic::Code::DataLoss => StatusCode::DataLoss,
        tonic::Code::Unauthenticated => StatusCode::Unauthenticated,
    }
}
