//! What a peer may not do. Each case ends the execution with an error, and the connection goes on.

use codemode::execution::{Limits, Outcome, StartRequest};
use codemode_proto::v1;
use codemode_proto::v1::execute_response::Message as Response;

use crate::execution::{failed, finished};
use crate::peer::{Peer, call, completed, request};

fn output(stream: v1::Stream, size: usize) -> Response {
    Response::Output(v1::Output { stream: stream.into(), data: vec![b'x'; size].into() })
}

fn accepted() -> Response {
    let limits = v1::Limits { value: 100, tool_calls: 2, output: 1_000_000, ..v1::Limits::default() };
    Response::Accepted(v1::Accepted { limits: Some(limits), ..v1::Accepted::default() })
}

/// The error that these messages end in. Calls that came before it are passed over.
async fn error_of(messages: Vec<Response>) -> String {
    let peer = Peer::new(move |mut stage| {
        let messages = if stage.attempt == 1 { messages.clone() } else { vec![accepted(), completed("1")] };
        async move {
            stage.start().await;
            for message in messages {
                stage.send(message).await;
            }
        }
    });
    let connection = peer.connect();
    let limits = Limits { output: Some(10), ..Limits::default() };
    let mut execution = connection.start(StartRequest { limits, ..request() });
    let error = loop {
        match execution.next_event().await.expect("the end has not come") {
            Ok(codemode::execution::Event::ToolCall(_)) => {}
            Ok(event) => panic!("{event:?}"),
            Err(error) => break error,
        }
    };
    assert!(!error.is_retryable());
    assert_eq!((peer.attempts(), error.code()), (1, "protocol"));
    let again = finished(&mut connection.start(request())).await;
    assert_eq!(again.outcome, Outcome::Completed);
    peer.shown(&error)
}

#[tokio::test]
async fn order_is_checked() {
    insta::assert_snapshot!(error_of(vec![call(1, "echo", "{}")]).await, @"the executor at `URL` broke the protocol: `tool_call` before `accepted`");
    insta::assert_snapshot!(error_of(vec![output(v1::Stream::Stdout, 1)]).await, @"the executor at `URL` broke the protocol: `output` before `accepted`");
    insta::assert_snapshot!(error_of(vec![completed("1")]).await, @"the executor at `URL` broke the protocol: `finished` before `accepted`");
    let rejected = v1::Finished { outcome: v1::Outcome::Rejected.into(), value: "1".into(), ..v1::Finished::default() };
    insta::assert_snapshot!(error_of(vec![Response::Finished(rejected)]).await, @"the executor at `URL` broke the protocol: `finished.value` before `accepted`");
    insta::assert_snapshot!(error_of(vec![accepted(), accepted()]).await, @"the executor at `URL` broke the protocol: `accepted` twice");
    insta::assert_snapshot!(error_of(vec![accepted()]).await, @"the executor at `URL` broke the protocol: the stream closed before `finished`");
}

#[tokio::test]
async fn tool_calls_are_checked() {
    insta::assert_snapshot!(error_of(vec![accepted(), call(0, "echo", "{}")]).await, @"the executor at `URL` broke the protocol: tool call 0 after tool call 0");
    insta::assert_snapshot!(error_of(vec![accepted(), call(1, "echo", "{}"), call(1, "echo", "{}")]).await, @"the executor at `URL` broke the protocol: tool call 1 after tool call 1");
    insta::assert_snapshot!(error_of(vec![accepted(), call(1, "shell", "{}")]).await, @"the executor at `URL` broke the protocol: a call of the tool `shell`, which was not offered");
    insta::assert_snapshot!(error_of(vec![accepted(), call(1, "\u{1b}[2Jx", "{}")]).await, @"the executor at `URL` broke the protocol: a call of the tool `�[2Jx`, which was not offered");
    insta::assert_snapshot!(error_of(vec![accepted(), call(1, "echo", &" ".repeat(101))]).await, @"the executor at `URL` broke the protocol: a value of 101 bytes where the limit is 100");
    let calls = (1..=3).map(|call_id| call(call_id, "echo", "{}"));
    insta::assert_snapshot!(error_of(std::iter::once(accepted()).chain(calls).collect()).await, @"the executor at `URL` broke the protocol: more tool calls than the limit of 2");
}

#[tokio::test]
async fn output_and_values_are_bounded() {
    insta::assert_snapshot!(error_of(vec![accepted(), output(v1::Stream::Stdout, 2_000)]).await, @"the executor at `URL` broke the protocol: more output than the limit of 10 bytes");
    insta::assert_snapshot!(error_of(vec![accepted(), output(v1::Stream::Unspecified, 1)]).await, @"the executor at `URL` broke the protocol: output of an unknown stream");
    insta::assert_snapshot!(error_of(vec![accepted(), completed(&" ".repeat(101))]).await, @"the executor at `URL` broke the protocol: a value of 101 bytes where the limit is 100");
    let unknown = Response::Finished(v1::Finished { outcome: 99, ..v1::Finished::default() });
    insta::assert_snapshot!(error_of(vec![accepted(), unknown]).await, @"the executor at `URL` broke the protocol: an unknown outcome");
}

#[tokio::test]
async fn answers_that_come_with_the_end_are_checked() {
    let ended = |answers: &[(u32, bool)]| {
        let answers = answers
            .iter()
            .map(|&(call_id, fails)| v1::Answered { call_id, failure: fails.then(v1::ToolFailure::default) });
        Response::Finished(v1::Finished {
            outcome: v1::Outcome::Completed.into(),
            value: "1".into(),
            answered: answers.collect(),
            ..v1::Finished::default()
        })
    };
    for answers in [&[(2, true)][..], &[(1, false)], &[(1, true), (1, true)], &[(0, true)]] {
        let error = error_of(vec![accepted(), call(1, "echo", "{}"), ended(answers)]).await;
        assert!(error.starts_with("the executor at `URL` broke the protocol: "), "{error}");
        assert!(error.contains("answer"), "{error}");
    }
}

#[tokio::test]
async fn what_follows_finished_is_never_seen() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.complete("1").await;
        stage.call(1, "echo", "{}").await;
        stage.gone().await;
    });
    let mut execution = peer.start();
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Completed);
    assert!(execution.next_event().await.is_none());
    drop(execution);
    peer.applause().await;
}

#[tokio::test]
async fn program_that_never_ran_needs_no_acceptance() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        let error = v1::ProgramError { r#type: "SyntaxError".to_owned(), ..v1::ProgramError::default() };
        let end = v1::Finished { outcome: v1::Outcome::Rejected.into(), error: Some(error), ..v1::Finished::default() };
        stage.send(Response::Finished(end)).await;
    });
    let end = finished(&mut peer.start()).await;
    assert_eq!((end.outcome, end.error.map(|error| error.kind)), (Outcome::Rejected, Some("SyntaxError".to_owned())));
}

#[tokio::test]
async fn peer_that_speaks_no_grpc_is_told_apart() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&path).expect("the directory is new");
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        loop {
            let (mut stream, _) = listener.accept().await.expect("the socket works");
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
        }
    });
    let address = format!("unix:{}", path.display()).parse().expect("the url is one");
    let options = codemode::execution::ConnectionOptions {
        retry: codemode::execution::RetryPolicy::none(),
        ..codemode::execution::ConnectionOptions::default()
    };
    let connection = codemode::execution::Connection::new(&address, &options).expect("there is no key");
    assert_eq!(failed(&mut connection.start(request())).await.code(), "unavailable");
}
