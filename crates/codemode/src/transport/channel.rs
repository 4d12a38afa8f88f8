//! One HTTP/2 connection to one executor, opened at first use and opened again after a loss.
//!
//! Called by [`crate::execution`] alone. Each method is one request; what it returns is ours, not tonic's.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use codemode_proto::v1;
use tokio_stream::Stream;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::status::Origin;
use super::tls::dial::{self, LastWord};
use super::tls::failure::{Failure, Permanence};
use super::tls::{ClientTls, TlsError, TlsOptions};
use super::{Address, MAX_MESSAGE_SIZE, Status, StatusCode};

/// A peer that answers no ping for this long is gone. Balancers drop idle connections after a minute or more.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Metadata that says how long to wait before the next attempt.
const RETRY_AFTER: &str = "retry-after-ms";
const CORRELATION_ID: &str = "x-correlation-id";
const TRACEPARENT: &str = "traceparent";

/// What a request carries for tracing alone. Empty means none.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    pub(crate) correlation_id: &'a str,
    pub(crate) traceparent: &'a str,
}

/// What cannot be put on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Url,
    ApiKey,
    Tls(TlsError),
}

/// A connection. Cloning it is cheap: clones share it.
#[derive(Clone)]
pub(crate) struct Channel {
    inner: tonic::transport::Channel,
    authorization: Option<MetadataValue<Ascii>>,
    last_word: LastWord,
}

/// What is needed to open channels to one address, or to several executors of one name. Files are read once.
pub(crate) struct ChannelPlan {
    endpoint: Endpoint,
    authorization: Option<MetadataValue<Ascii>>,
    /// `None` for a Unix socket.
    peer: Option<String>,
    tls: Option<Arc<ClientTls>>,
    connect_timeout: Duration,
}

impl ChannelPlan {
    /// Reads and checks the files of TLS.
    pub(crate) fn new(
        address: &Address,
        api_key: Option<&str>,
        connect_timeout: Duration,
        tls: Option<&TlsOptions>,
    ) -> Result<Self, Malformed> {
        let authorization = match api_key {
            None => None,
            Some(key) => {
                let mut value = MetadataValue::try_from(format!("Bearer {key}")).map_err(|_| Malformed::ApiKey)?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let tls = match (tls, address.wants_tls()) {
            (Some(options), _) => Some(ClientTls::new(address, options).map_err(Malformed::Tls)?),
            (None, true) => Some(ClientTls::new(address, &TlsOptions::default()).map_err(Malformed::Tls)?),
            (None, false) => None,
        };
        let endpoint = Endpoint::from_shared(address.endpoint(tls.is_some()))
            .map_err(|_| Malformed::Url)?
            .user_agent(concat!("codemode/", env!("CARGO_PKG_VERSION")))
            .expect("the user agent is a constant of printable ASCII")
            .tcp_nodelay(true)
            .tcp_keepalive(Some(KEEPALIVE_INTERVAL))
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let endpoint = match &tls {
            Some(_) => endpoint.origin(address.origin().parse().map_err(|_| Malformed::Url)?),
            None => endpoint,
        };
        let peer = address.peer().map(str::to_owned);
        Ok(Self { endpoint, authorization, peer, tls: tls.map(Arc::new), connect_timeout })
    }

    /// Dials nothing yet. Must be called within a tokio runtime, which then drives the connection. `at`: instead of the
    /// addresses that the name has.
    pub(crate) fn open(&self, at: Option<SocketAddr>) -> Channel {
        let (inner, last_word) = match (&self.peer, &self.tls) {
            // The library's own connector knows Unix sockets.
            (None, _) => (self.endpoint.connect_lazy(), LastWord::default()),
            (Some(peer), None) => dial::plain(&self.endpoint, peer, at, self.connect_timeout),
            (Some(_), Some(tls)) => dial::tls(&self.endpoint, Arc::clone(tls), at, self.connect_timeout),
        };
        Channel { inner, authorization: self.authorization.clone(), last_word }
    }
}

impl fmt::Debug for ChannelPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChannelPlan").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Channel {
    /// Begins `Execute`. Ends when the executor has answered with its headers.
    pub(crate) async fn execute(
        &self,
        outbound: impl Stream<Item = v1::ExecuteRequest> + Send + 'static,
        trace: &Trace<'_>,
    ) -> Result<Inbound, Status> {
        let mut request = tonic::Request::new(outbound);
        self.authorize(request.metadata_mut());
        // Checked by the contract's rules before; what no header carries would only be missing from a trace.
        for (name, text) in [(CORRELATION_ID, trace.correlation_id), (TRACEPARENT, trace.traceparent)] {
            if !text.is_empty()
                && let Ok(value) = MetadataValue::try_from(text)
            {
                request.metadata_mut().insert(name, value);
            }
        }
        match self.client().execute(request).await {
            Ok(response) => Ok(Inbound(response.into_inner())),
            Err(status) => Err(self.ours(&status)),
        }
    }

    /// The executor's report on itself.
    pub(crate) async fn info(&self) -> Result<v1::GetInfoResponse, Status> {
        let mut request = tonic::Request::new(v1::GetInfoRequest {});
        self.authorize(request.metadata_mut());
        self.client().get_info(request).await.map(tonic::Response::into_inner).map_err(|status| self.ours(&status))
    }

    /// Whether `grpc.health.v1` says that this service serves; the empty name is the process.
    pub(crate) async fn serves(&self, service: &str) -> Result<bool, Status> {
        let request = HealthCheckRequest { service: service.to_owned() };
        let response =
            HealthClient::new(self.inner.clone()).check(request).await.map_err(|status| self.ours(&status))?;
        Ok(response.into_inner().status() == ServingStatus::Serving)
    }

    fn client(&self) -> v1::executor_client::ExecutorClient<tonic::transport::Channel> {
        v1::executor_client::ExecutorClient::new(self.inner.clone())
            .max_decoding_message_size(MAX_MESSAGE_SIZE)
            .max_encoding_message_size(MAX_MESSAGE_SIZE)
    }

    /// What the library says of a request that got no answer, or what the peer's first words meant, which it cannot know.
    fn ours(&self, status: &tonic::Status) -> Status {
        match (ours(status), self.last_word.get()) {
            (Status { origin: Origin::Transport, .. }, Some(failure)) if !is_dial_error(status) => of_failure(&failure),
            (status, _) => status,
        }
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
        Some(source) if code != StatusCode::OutOfRange => match Failure::find(source) {
            Some(failure) => of_failure(failure),
            None => Status {
                code: StatusCode::Unavailable,
                message: root_cause(source),
                retry_after,
                origin: Origin::Transport,
            },
        },
        _ => Status { code, message: status.message().to_owned(), retry_after, origin: Origin::Executor },
    }
}

fn of_failure(failure: &Failure) -> Status {
    let origin = match failure.permanence() {
        Permanence::Permanent => Origin::Setup,
        Permanence::Passing => Origin::Transport,
    };
    Status { code: StatusCode::Unavailable, message: failure.to_string(), retry_after: None, origin }
}

/// Whether no connection was opened at all: then what an earlier one was told has nothing to do with it.
fn is_dial_error(status: &tonic::Status) -> bool {
    status.source().is_some_and(|source| find::<tonic::ConnectError>(source).is_some())
}

/// The first error of a chain that is of this type.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
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
