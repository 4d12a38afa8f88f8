//! When a request is sent again. What a replay does is in `replay`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use codemode::execution::{Connection, ConnectionOptions, Event, Outcome, OutputMode, RetryPolicy, StartRequest};
use codemode::transport::StatusCode;
use codemode_proto::v1;
use codemode_proto::v1::execute_request;
use tokio::time::Instant;
use tonic::Status;

use crate::execution::{failed, finished};
use crate::peer::{Peer, request};

fn policy(max_attempts: u32) -> RetryPolicy {
    RetryPolicy { max_attempts, backoff_base: Duration::from_millis(1), ..RetryPolicy::default() }
}

#[tokio::test]
async fn request_that_was_not_accepted_is_sent_again() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        assert_eq!(start.execution_id, "exec-1");
        if stage.attempt < 3 {
            return stage.refuse(Status::unavailable("draining")).await;
        }
        stage.accept().await;
        stage.complete("1").await;
    });
    let mut execution = peer.connect_with(policy(3)).start(request());
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Completed);
    assert_eq!(peer.attempts(), 3);
    peer.applause().await;
}

#[tokio::test]
async fn attempts_are_counted_and_the_last_cause_is_given() {
    let peer = Peer::new(async |stage| stage.refuse(Status::unavailable("draining")).await);
    let error = failed(&mut peer.connect_with(policy(2)).start(request())).await;
    insta::assert_snapshot!(peer.shown(&error), @"failed to reach the executor at `URL` (2 attempts): draining (UNAVAILABLE)");
    assert_eq!((peer.attempts(), error.is_retryable()), (2, true));
}

#[tokio::test]
async fn status_outside_of_the_policy_is_final() {
    let peer = Peer::new(async |stage| stage.refuse(Status::invalid_argument("`code` is too long")).await);
    let error = failed(&mut peer.connect_with(policy(3)).start(request())).await;
    insta::assert_snapshot!(peer.shown(&error), @"the executor at `URL` refused the request (1 attempt): `code` is too long (INVALID_ARGUMENT)");
    assert_eq!((peer.attempts(), error.is_retryable()), (1, false));
}

#[tokio::test]
async fn wrong_key_is_final() {
    let peer = Peer::new(async |stage| stage.refuse(Status::unauthenticated("the key is wrong")).await);
    let error = failed(&mut peer.connect_with(policy(3)).start(request())).await;
    insta::assert_snapshot!(peer.shown(&error), @"the executor at `URL` refused the API key: the key is wrong (UNAUTHENTICATED)");
    assert_eq!(peer.attempts(), 1);
}

/// An executor of a release that knows no journals.
fn accepted_by_old_executor() -> v1::execute_response::Message {
    v1::execute_response::Message::Accepted(v1::Accepted::default())
}

#[tokio::test]
async fn execution_that_cannot_be_replayed_is_not_sent_again_after_a_tool_call() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.send(accepted_by_old_executor()).await;
        stage.call(1, "echo", "{}").await;
        stage.refuse(Status::unavailable("the executor lost its zygote")).await;
    });
    let mut execution = peer.connect_with(policy(3)).start(request());
    assert!(matches!(execution.next_event().await, Some(Ok(Event::ToolCall(_)))));
    let error = failed(&mut execution).await;
    insta::assert_snapshot!(peer.shown(&error), @"lost the executor at `URL` during an execution that had made 1 tool call; it cannot be replayed: its executor is of a release that cannot replay: the executor lost its zygote (UNAVAILABLE)");
    assert_eq!((peer.attempts(), error.is_retryable()), (1, false));
}

#[tokio::test]
async fn accepted_execution_without_tool_calls_is_sent_again() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.print(v1::Stream::Stdout, "once ").await;
        if stage.attempt < 3 {
            return stage.refuse(Status::unavailable("the executor lost its zygote")).await;
        }
        stage.complete("1").await;
    });
    let mut execution = peer.connect_with(policy(3)).start(request());
    let finished = finished(&mut execution).await;
    assert_eq!((finished.outcome, &finished.stdout[..]), (Outcome::Completed, &b"once "[..]));
    assert_eq!(peer.attempts(), 3);
}

#[tokio::test]
async fn cancelled_execution_is_not_sent_again() {
    static ACCEPTED: tokio::sync::Notify = tokio::sync::Notify::const_new();
    static CANCELLED: AtomicBool = AtomicBool::new(false);
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        ACCEPTED.notify_one();
        CANCELLED.store(matches!(stage.request().await, Some(execute_request::Message::Cancel(_))), Ordering::SeqCst);
        stage.refuse(Status::unavailable("draining")).await;
    });
    let connection = peer.connect_with(policy(3));
    let mut execution = connection.start(request());
    ACCEPTED.notified().await;
    // Its answer comes after `accepted`, on the same connection.
    connection.is_healthy(Duration::from_secs(5)).await;
    tokio::task::yield_now().await;
    execution.control().cancel();
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Cancelled);
    assert_eq!((peer.attempts(), CANCELLED.load(Ordering::SeqCst)), (1, true));
}

#[tokio::test]
async fn lost_execution_says_how_often_it_was_tried() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.refuse(Status::unavailable("draining")).await;
    });
    let error = failed(&mut peer.connect_with(policy(2)).start(request())).await;
    insta::assert_snapshot!(peer.shown(&error), @"lost the executor at `URL` during an execution that had made no tool calls (2 attempts): draining (UNAVAILABLE)");
    assert_eq!(peer.attempts(), 2);
}

#[tokio::test]
async fn output_that_was_passed_on_is_not_sent_again_where_it_cannot_be_replayed() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.send(accepted_by_old_executor()).await;
        stage.print(v1::Stream::Stdout, "shown").await;
        stage.refuse(Status::unavailable("draining")).await;
    });
    let streamed = StartRequest { output: OutputMode::Stream, ..request() };
    let mut execution = peer.connect_with(policy(3)).start(streamed);
    assert!(matches!(execution.next_event().await, Some(Ok(Event::Output { .. }))));
    let error = failed(&mut execution).await;
    insta::assert_snapshot!(peer.shown(&error), @"lost the executor at `URL` during an execution that had made no tool calls; it cannot be replayed: its executor is of a release that cannot replay: draining (UNAVAILABLE)");
    assert_eq!(peer.attempts(), 1);
}

#[tokio::test]
async fn trace_context_and_correlation_id_are_headers() {
    let peer = Peer::new(async |mut stage| {
        let header = |name: &str| stage.metadata.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let headers = (header("traceparent"), header("x-correlation-id"));
        let start = stage.start().await;
        stage.accept().await;
        stage.complete(&format!("{headers:?} {}", String::from_utf8_lossy(&start.context)).replace('"', "")).await;
    });
    let traced = StartRequest {
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        correlation_id: "cm-1".to_owned(),
        context: "{}".into(),
        ..request()
    };
    let finished = finished(&mut peer.connect_with(policy(1)).start(traced)).await;
    insta::assert_snapshot!(String::from_utf8_lossy(&finished.value), @"(Some(00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01), Some(cm-1)) {}");
}

#[tokio::test]
async fn executors_wish_to_wait_is_followed() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        if stage.attempt == 1 {
            let mut status = Status::resource_exhausted("no worker was free");
            status.metadata_mut().insert("retry-after-ms", tonic::metadata::MetadataValue::from_static("300"));
            return stage.refuse(status).await;
        }
        stage.accept().await;
        stage.complete("1").await;
    });
    let began = Instant::now();
    let mut execution = peer.connect_with(policy(2)).start(request());
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Completed);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn pause_that_outlasts_the_deadline_is_not_begun() {
    let peer = Peer::new(async |stage| stage.refuse(Status::unavailable("draining")).await);
    let slow = RetryPolicy { backoff_base: Duration::from_secs(60), backoff_max: Duration::from_secs(60), ..policy(3) };
    let error = failed(&mut peer.connect_with(slow).start(request())).await;
    assert_eq!((error.code(), peer.attempts()), ("unavailable", 1));
}

#[tokio::test]
async fn connection_is_opened_again_after_a_loss() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let url = format!("unix:{}", directory.path().join("missing").display());
    let options = ConnectionOptions { retry: policy(2), ..ConnectionOptions::default() };
    let connection = Connection::new(&url.parse().expect("the url is one"), &options).expect("there is no key");
    let error = failed(&mut connection.start(request())).await;
    assert!(std::error::Error::source(&error).is_some_and(|source| source.to_string().starts_with("No such file")));
    assert!(!connection.is_healthy(Duration::from_secs(1)).await);

    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.complete("1").await;
    });
    let socket = peer.url().replacen("unix:", "", 1);
    std::os::unix::fs::symlink(socket, directory.path().join("missing")).expect("the name is free");
    let mut execution = connection.start(StartRequest { execution_id: "exec-2".to_owned(), ..request() });
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Completed);
}

#[test]
fn status_codes_have_the_names_of_grpc() {
    assert_eq!("RESOURCE_EXHAUSTED".parse(), Ok(StatusCode::ResourceExhausted));
    assert_eq!("unavailable".parse(), Ok(StatusCode::Unavailable));
    assert!("BUSY".parse::<StatusCode>().is_err());
}
