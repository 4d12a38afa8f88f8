//! The gate: what is decided of a request by its headers, before anything that its client sends is kept.
//!
//! gRPC reads a message before it calls the service, so a service that asked for the key would have been sent, and would
//! have kept, up to the largest message of each request of each peer. And a request that is open costs memory for as long as
//! its client likes: there is a number of them for each connection without a key, and for each tenant.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use codemode_proto::v1::executor_server;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;
use tonic_health::pb::health_server;
use tower::{Layer, Service};

use super::body::{ResponseBody, Undelivered};
use super::start::{self, LARGE_STARTS};
use super::status;
use crate::auth::Authenticator;
use crate::connections::Peer;
use crate::pool::PoolSize;
use crate::tenants::{TenantId, Tenants};

/// Requests that a tenant may have open beside the executions that run or wait in the queue: they begin, or end.
const SPARE_REQUESTS: u32 = 256;

/// Bytes that a client may send of a request with one message. None of them has an argument longer than a name.
pub(crate) const MAX_SMALL_REQUEST: usize = 4 * 1024;

/// How long it may take for that.
const SMALL_REQUEST_TIME: Duration = Duration::from_secs(10);

/// Put before every service.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    /// Requests that a tenant may have open.
    most: u32,
    authenticator: Authenticator,
    /// Of each tenant.
    rights: Vec<Rights>,
}

/// What one tenant may still do.
#[derive(Debug)]
struct Rights {
    requests: Arc<Semaphore>,
    large_starts: Arc<Semaphore>,
}

impl Rights {
    fn new(requests: u32) -> Self {
        Self {
            requests: Arc::new(Semaphore::new((requests as usize).min(Semaphore::MAX_PERMITS))),
            large_starts: Arc::new(Semaphore::new(LARGE_STARTS)),
        }
    }
}

/// What a request asks for, as far as the gate tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// Needs no key: probes have none. One message.
    Health,
    /// Messages that may be large, and go on.
    Execute,
    /// Another of the executor. One message.
    Executor,
    /// Reflection, and what the executor does not have. Its messages may go on.
    Other,
}

impl Method {
    fn of(path: &str) -> Self {
        match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
            Some((health_server::SERVICE_NAME, _)) => Self::Health,
            Some((executor_server::SERVICE_NAME, "Execute")) => Self::Execute,
            Some((executor_server::SERVICE_NAME, _)) => Self::Executor,
            _ => Self::Other,
        }
    }

    /// Whether it is received as a whole before its service is called.
    fn is_small(self) -> bool {
        matches!(self, Self::Health | Self::Executor)
    }
}

/// A request counts as open until this is dropped.
#[derive(Clone, Debug)]
pub(super) struct OpenRequest(Arc<OwnedSemaphorePermit>);

impl OpenRequest {
    pub(super) fn downgrade(&self) -> std::sync::Weak<OwnedSemaphorePermit> {
        Arc::downgrade(&self.0)
    }
}

impl Gate {
    pub(crate) fn new(authenticator: Authenticator, tenants: &Tenants, size: PoolSize) -> Self {
        let most = size.capacity.saturating_add(size.queue).saturating_add(SPARE_REQUESTS);
        let rights = (0..tenants.count()).map(|_| Rights::new(most)).collect();
        Self(Arc::new(Rules { most, authenticator, rights }))
    }

    /// Requests that one tenant may have open.
    pub(crate) fn requests(&self) -> u32 {
        self.0.most
    }
}

impl Rules {
    /// Whether a request may go on. With it goes whose it is.
    fn admit(&self, method: Method, request: &mut Request<Body>) -> Result<OpenRequest, Status> {
        let no_peer = || Status::internal("the request has no peer");
        let peer = request.extensions().get::<Peer>().cloned().ok_or_else(no_peer)?;
        if method == Method::Health {
            let open = peer.open().ok_or_else(status::too_many_without_key)?;
            return Ok(OpenRequest(Arc::new(open)));
        }
        let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let tenant = self.authenticator.admits(authorization).ok_or_else(status::unauthenticated)?;
        peer.admit();
        let rights = self.rights.get(tenant.0 as usize).ok_or_else(status::unauthenticated)?;
        let open = Arc::clone(&rights.requests).try_acquire_owned().map_err(|_| status::too_many_requests())?;
        let open = OpenRequest(Arc::new(open));
        if method == Method::Execute {
            let body = std::mem::take(request.body_mut());
            let (body, start) = start::receive(Arc::clone(&rights.large_starts), body);
            *request.body_mut() = body;
            request.extensions_mut().insert(start);
            request.extensions_mut().insert(open.clone());
        }
        request.extensions_mut().insert(tenant);
        Ok(open)
    }
}

/// Receives all of a request that is small, so that nothing of it waits in the library.
async fn receive(request: Request<Body>) -> Result<Request<Body>, Status> {
    let (head, mut body) = request.into_parts();
    let mut received = Vec::new();
    let receive = async {
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                if received.len() + data.len() > MAX_SMALL_REQUEST {
                    return Err(status::request_too_large(MAX_SMALL_REQUEST));
                }
                // A copy: each frame, however small, keeps what the library read from the socket at once.
                received.extend_from_slice(&data);
            }
        }
        Ok(())
    };
    match timeout(SMALL_REQUEST_TIME, receive).await {
        Ok(received) => received?,
        Err(_) => return Err(Status::deadline_exceeded("the request did not arrive within 10 s")),
    }
    Ok(Request::from_parts(head, Body::new(Full::new(Bytes::from(received)))))
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, service: S) -> Gated<S> {
        Gated { service, rules: Arc::clone(&self.0) }
    }
}

/// A service behind the gate.
#[derive(Clone, Debug)]
pub(crate) struct Gated<S> {
    service: S,
    rules: Arc<Rules>,
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let method = Method::of(request.uri().path());
        let open = match self.rules.admit(method, &mut request) {
            Ok(open) => open,
            Err(status) => return Box::pin(std::future::ready(Ok(refused(status)))),
        };
        // The one that is ready is this one; the clone is for the next request.
        let next = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, next);
        Box::pin(async move {
            if method.is_small() {
                request = match receive(request).await {
                    Ok(request) => request,
                    Err(status) => return Ok(refused(status)),
                };
            }
            let mut response = service.call(request).await?;
            let undelivered = response.extensions_mut().remove::<Undelivered>();
            Ok(response.map(|body| ResponseBody::new(body, undelivered, Some(open))))
        })
    }
}

fn refused(status: Status) -> Response<ResponseBody> {
    status.into_http::<Body>().map(|body| ResponseBody::new(body, None, None))
}

/// Whose a request is that came through the gate; one that did not is refused.
pub(super) fn tenant<T>(request: &tonic::Request<T>) -> Result<TenantId, Status> {
    request.extensions().get::<TenantId>().copied().ok_or_else(status::unauthenticated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_health_needs_no_key_and_only_streams_are_read_as_they_come() {
        for (path, method, small) in [
            ("/grpc.health.v1.Health/Check", Method::Health, true),
            ("/grpc.health.v1.Health/Watch", Method::Health, true),
            ("/codemode.v1.Executor/Execute", Method::Execute, false),
            ("/codemode.v1.Executor/GetInfo", Method::Executor, true),
            ("/codemode.v1.Executor/Execute/", Method::Executor, true),
            ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Method::Other, false),
            ("/grpc.health.v1.Healthy/Check", Method::Other, false),
            ("//grpc.health.v1.Health/Check", Method::Other, false),
            ("/grpc.health.v1.Health", Method::Other, false),
            ("/", Method::Other, false),
        ] {
            assert_eq!((Method::of(path), method.is_small()), (method, small), "{path}");
        }
    }
}
