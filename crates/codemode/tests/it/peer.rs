//! A gRPC server on a Unix socket whose executions are played by the test.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use codemode::execution::{
    Connection, ConnectionOptions, Execution, RetryPolicy, StartRequest, ToolDescription, ToolSet,
};
use codemode_proto::v1;
use codemode_proto::v1::execute_request::Message as Request;
use codemode_proto::v1::execute_response::Message as Response;
use codemode_proto::v1::executor_server::{Executor, ExecutorServer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::Stream;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tonic::metadata::MetadataMap;
use tonic::transport::server::Connected;
use tonic::{Status, Streaming};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Nothing in a test takes longer than this.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// One execution as the executor sees it.
pub struct Stage {
    requests: Streaming<v1::ExecuteRequest>,
    responses: mpsc::Sender<Result<v1::ExecuteResponse, Status>>,
    pub metadata: MetadataMap,
    /// 1 for the first request that reached this peer.
    pub attempt: u32,
}

impl Stage {
    pub async fn request(&mut self) -> Option<Request> {
        self.requests.message().await.ok().flatten().and_then(|request| request.message)
    }

    pub async fn start(&mut self) -> v1::Start {
        match self.request().await {
            Some(Request::Start(start)) => start,
            other => panic!("{other:?} is not a start"),
        }
    }

    pub async fn result(&mut self) -> v1::ToolResult {
        match self.request().await {
            Some(Request::ToolResult(result)) => result,
            other => panic!("{other:?} is not a tool result"),
        }
    }

    /// `false` where the client is gone.
    pub async fn send(&self, response: Response) -> bool {
        self.responses.send(Ok(v1::ExecuteResponse { message: Some(response) })).await.is_ok()
    }

    pub async fn refuse(&self, status: Status) {
        let _ = self.responses.send(Err(status)).await;
    }

    pub async fn accept(&self) {
        self.send(accepted()).await;
    }

    /// The calls of a journal that follow `start`.
    pub async fn journal(&mut self, start: &v1::Start) -> Vec<v1::JournalCall> {
        let mut calls = Vec::new();
        while (calls.len() as u64) < u64::from(start.journal_calls) {
            match self.request().await {
                Some(Request::Journal(part)) => calls.extend(part.calls),
                other => panic!("{other:?} is not a part of a journal"),
            }
        }
        calls
    }

    pub async fn call(&self, call_id: u32, tool: &str, arguments: &str) {
        self.send(call(call_id, tool, arguments)).await;
    }

    pub async fn print(&self, stream: v1::Stream, text: &str) {
        let output = v1::Output { stream: stream.into(), data: text.to_owned().into() };
        self.send(Response::Output(output)).await;
    }

    pub async fn complete(&self, value: &str) {
        self.send(completed(value)).await;
    }

    /// Until the client has gone.
    pub async fn gone(&self) {
        self.responses.closed().await;
    }
}

pub const RUNTIME: &str = "cpython-3.12 runner-1";

pub fn accepted() -> Response {
    Response::Accepted(v1::Accepted {
        jail_profile: "standard".to_owned(),
        runtime: RUNTIME.to_owned(),
        ..v1::Accepted::default()
    })
}

pub fn call(call_id: u32, tool: &str, arguments: &str) -> Response {
    Response::ToolCall(v1::ToolCall {
        call_id,
        tool: tool.to_owned(),
        arguments: arguments.to_owned().into(),
        ..v1::ToolCall::default()
    })
}

pub fn completed(value: &str) -> Response {
    Response::Finished(v1::Finished {
        outcome: v1::Outcome::Completed.into(),
        value: value.to_owned().into(),
        ..v1::Finished::default()
    })
}

type Play = dyn Fn(Stage) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

#[derive(Clone)]
struct Service {
    play: Arc<Play>,
    attempts: Arc<Mutex<u32>>,
    plays: Arc<Mutex<JoinSet<()>>>,
}

#[tonic::async_trait]
impl Executor for Service {
    type ExecuteStream = ReceiverStream<Result<v1::ExecuteResponse, Status>>;

    async fn execute(
        &self,
        request: tonic::Request<Streaming<v1::ExecuteRequest>>,
    ) -> Result<tonic::Response<Self::ExecuteStream>, Status> {
        let attempt = {
            let mut attempts = self.attempts.lock().expect("no test panics under the lock");
            *attempts += 1;
            *attempts
        };
        let (metadata, _, requests) = request.into_parts();
        let (responses, receiver) = mpsc::channel(16);
        let play = (self.play)(Stage { requests, responses, metadata, attempt });
        self.plays.lock().expect("no test panics under the lock").spawn(play);
        Ok(tonic::Response::new(ReceiverStream::new(receiver)))
    }

    async fn get_info(
        &self,
        request: tonic::Request<v1::GetInfoRequest>,
    ) -> Result<tonic::Response<v1::GetInfoResponse>, Status> {
        let authorization = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        if authorization != Some("Bearer key") {
            return Err(Status::unauthenticated("the key is wrong"));
        }
        Ok(tonic::Response::new(v1::GetInfoResponse {
            version: "1.2.3".to_owned(),
            python_version: "3.12.1".to_owned(),
            default_limits: Some(v1::Limits {
                wall_time: Some(prost_types::Duration { seconds: 30, nanos: 0 }),
                memory: 1024,
                ..v1::Limits::default()
            }),
            ..v1::GetInfoResponse::default()
        }))
    }
}

/// A running peer. Dropping it stops it.
pub struct Peer {
    /// Of its socket; a peer elsewhere has none.
    directory: Option<tempfile::TempDir>,
    attempts: Arc<Mutex<u32>>,
    plays: Arc<Mutex<JoinSet<()>>>,
    health: HealthReporter,
    _server: JoinSet<()>,
}

impl Peer {
    pub fn new<F, Fut>(play: F) -> Self
    where
        F: Fn(Stage) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let listener = UnixListener::bind(directory.path().join("socket")).expect("the directory is new");
        let peer = Self::serving(UnixListenerStream::new(listener), JoinSet::new(), play);
        Self { directory: Some(directory), ..peer }
    }

    /// A peer on connections that the test makes, with the tasks that it makes them in.
    pub fn serving<F, Fut, I, IO>(incoming: I, mut server: JoinSet<()>, play: F) -> Self
    where
        F: Fn(Stage) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
        I: Stream<Item = std::io::Result<IO>> + Send + 'static,
        IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    {
        let (attempts, plays) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(JoinSet::new())));
        let service = Service {
            play: Arc::new(move |stage| Box::pin(play(stage))),
            attempts: Arc::clone(&attempts),
            plays: Arc::clone(&plays),
        };
        let (reporter, health) = tonic_health::server::health_reporter();
        server.spawn(async move {
            tonic::transport::Server::builder()
                .add_service(health)
                .add_service(ExecutorServer::new(service).max_decoding_message_size(64 * 1024 * 1024))
                .serve_with_incoming(incoming)
                .await
                .expect("the socket works");
        });
        Self { directory: None, attempts, plays, health: reporter, _server: server }
    }

    pub fn url(&self) -> String {
        let directory = self.directory.as_ref().expect("it was made with a socket");
        format!("unix:{}", directory.path().join("socket").display())
    }

    /// A message with what differs between runs replaced.
    pub fn shown(&self, error: &dyn std::error::Error) -> String {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        message.replace(&self.url(), "URL")
    }

    /// What its health service says of readiness. Until then it knows no such service.
    pub async fn set_ready(&self, ready: bool) {
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.health.set_service_status("codemode.v1.Executor", status).await;
    }

    pub fn attempts(&self) -> u32 {
        *self.attempts.lock().expect("no test panics under the lock")
    }

    pub fn connect(&self) -> Connection {
        self.connect_with(RetryPolicy::none())
    }

    pub fn connect_with(&self, retry: RetryPolicy) -> Connection {
        let options = ConnectionOptions { api_key: Some("key".to_owned()), retry, ..ConnectionOptions::default() };
        Connection::new(&self.url().parse().expect("the url is one"), &options).expect("the key is ASCII")
    }

    pub fn start(&self) -> Execution {
        self.connect().start(request())
    }

    /// Waits for the plays that have begun, and for what they assert.
    pub async fn applause(&self) {
        loop {
            let next = self.plays.lock().expect("no test panics under the lock").try_join_next();
            match next {
                Some(play) => play.expect("the play went as written"),
                None if self.plays.lock().expect("no test panics under the lock").is_empty() => return,
                None => tokio::task::yield_now().await,
            }
        }
    }
}

/// A program with the tools `echo` and `other`.
pub fn request() -> StartRequest {
    let tool = |name: &str| ToolDescription { name: name.to_owned(), ..ToolDescription::default() };
    StartRequest {
        tools: Arc::new(ToolSet::new([tool("echo"), tool("other")]).expect("the names are good")),
        correlation_id: "cm-1".to_owned(),
        deadline: PATIENCE,
        ..StartRequest::new("exec-1", "result = 1")
    }
}
