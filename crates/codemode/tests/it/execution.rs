//! One execution: events in order, results, cancellation, the deadline, the end of the connection.

use std::time::Duration;

use bytes::Bytes;
use codemode::execution::{
    Event, ExecutionError, Finished, Limits, Outcome, OutputMode, OutputStream, SendError, StartRequest, ToolCall,
    ToolOutcome,
};
use codemode_proto::v1;
use codemode_proto::v1::execute_request::Message as Request;
use codemode_proto::v1::execute_response::Message as Response;
use codemode_proto::v1::tool_result::Outcome as Answer;

use crate::peer::{Peer, request};

pub async fn finished(execution: &mut codemode::execution::Execution) -> Finished {
    match execution.next_event().await {
        Some(Ok(Event::Finished(finished))) => *finished,
        other => panic!("{other:?} is not the end"),
    }
}

pub async fn failed(execution: &mut codemode::execution::Execution) -> ExecutionError {
    match execution.next_event().await {
        Some(Err(error)) => error,
        other => panic!("{other:?} is not an error"),
    }
}

pub async fn called(execution: &mut codemode::execution::Execution) -> ToolCall {
    match execution.next_event().await {
        Some(Ok(Event::ToolCall(call))) => call,
        other => panic!("{other:?} is not a tool call"),
    }
}

#[tokio::test]
async fn start_carries_the_request_the_key_and_the_correlation_id() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        assert_eq!(stage.metadata.get("authorization").map(AsRef::as_ref), Some(&b"Bearer key"[..]));
        assert_eq!(stage.metadata.get("x-correlation-id").map(AsRef::as_ref), Some(&b"cm-1"[..]));
        assert_eq!((start.execution_id.as_str(), start.code.as_str()), ("exec-1", "result = 1"));
        assert_eq!(start.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["echo", "other"]);
        assert_eq!(start.limits.map(|limits| (limits.memory, limits.output)), Some((7, 0)));
        stage.accept().await;
        stage.complete("1").await;
    });
    let limits = Limits { memory: Some(7), ..Limits::default() };
    let mut execution = peer.connect().start(StartRequest { limits, ..request() });
    let end = finished(&mut execution).await;
    assert_eq!(
        (end.outcome, end.value.as_ref(), end.jail_profile.as_str()),
        (Outcome::Completed, &b"1"[..], "standard")
    );
    assert_eq!(execution.next_event().await.map(|event| event.is_ok()), None);
    peer.applause().await;
}

#[tokio::test]
async fn tool_calls_are_answered_in_any_order() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "echo", r#"{"a":1}"#).await;
        stage.call(2, "other", "{}").await;
        let (first, second) = (stage.result().await, stage.result().await);
        assert_eq!((first.call_id, first.outcome), (2, Some(Answer::Value("2".into()))));
        let failure = v1::ToolFailure {
            r#type: "OrderNotFound".to_owned(),
            message: "no".to_owned(),
            builtin_type: "LookupError".to_owned(),
        };
        assert_eq!((second.call_id, second.outcome), (1, Some(Answer::Failure(failure))));
        stage.complete("null").await;
    });
    let mut execution = peer.start();
    let first = called(&mut execution).await;
    assert_eq!(first, ToolCall { call_id: 1, tool: "echo".to_owned(), arguments: r#"{"a":1}"#.into() });
    let second = called(&mut execution).await;
    let control = execution.control().clone();
    assert_eq!(control.answer(second.call_id, ToolOutcome::Value("2".into())), Ok(()));
    let failure = ToolOutcome::Failure {
        kind: "OrderNotFound".to_owned(),
        message: "no".to_owned(),
        builtin_type: "LookupError".to_owned(),
    };
    assert_eq!(control.answer(first.call_id, failure), Ok(()));
    assert_eq!(control.answer(1, ToolOutcome::Value("3".into())), Err(SendError::UnknownCall { call_id: 1 }));
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Completed);
    assert_eq!(control.answer(1, ToolOutcome::Value("3".into())), Err(SendError::Ended));
    peer.applause().await;
}

#[tokio::test]
async fn output_accumulates_or_streams() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.print(v1::Stream::Stdout, "a").await;
        stage.print(v1::Stream::Stderr, "b").await;
        stage.print(v1::Stream::Stdout, "c").await;
        stage.complete("null").await;
    });
    let connection = peer.connect();
    let end = finished(&mut connection.start(request())).await;
    assert_eq!((end.stdout.as_slice(), end.stderr.as_slice()), (&b"ac"[..], &b"b"[..]));

    let mut execution = connection.start(StartRequest { output: OutputMode::Stream, ..request() });
    for (stream, data) in [(OutputStream::Stdout, "a"), (OutputStream::Stderr, "b"), (OutputStream::Stdout, "c")] {
        let event = execution.next_event().await.expect("the end has not come").expect("nothing failed");
        assert_eq!(event, Event::Output { stream, data: Bytes::from(data) });
    }
    assert_eq!(finished(&mut execution).await.stdout, b"");
}

#[tokio::test]
async fn result_over_the_value_limit_reaches_the_program_as_a_failure() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        let limits = v1::Limits { value: 4, ..v1::Limits::default() };
        stage.send(Response::Accepted(v1::Accepted { limits: Some(limits), ..v1::Accepted::default() })).await;
        stage.call(1, "echo", "{}").await;
        match stage.result().await.outcome {
            Some(Answer::Failure(failure)) => {
                let expected = "the result of the tool `echo` is 5 bytes long; the limit of one value is 4";
                assert_eq!((failure.r#type.as_str(), failure.message.as_str()), ("ValueError", expected));
            }
            other => panic!("{other:?}"),
        }
        stage.complete("null").await;
    });
    let mut execution = peer.start();
    let call = called(&mut execution).await;
    assert_eq!(execution.control().answer(call.call_id, ToolOutcome::Value("12345".into())), Ok(()));
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Completed);
    peer.applause().await;
}

#[tokio::test]
async fn cancel_reaches_the_executor_and_ends_in_order() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "echo", "{}").await;
        assert!(matches!(stage.request().await, Some(Request::Cancel(_))));
        let end = v1::Finished { outcome: v1::Outcome::Cancelled.into(), ..v1::Finished::default() };
        stage.send(Response::Finished(end)).await;
    });
    let mut execution = peer.start();
    called(&mut execution).await;
    execution.control().cancel();
    execution.control().cancel();
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Cancelled);
    peer.applause().await;
}

#[tokio::test]
async fn cancel_before_acceptance_ends_at_once() {
    let peer = Peer::new(async |stage| stage.gone().await);
    let mut execution = peer.start();
    execution.control().cancel();
    assert_eq!(finished(&mut execution).await.outcome, Outcome::Cancelled);
    peer.applause().await;
}

#[tokio::test]
async fn dropped_execution_resets_the_stream() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "echo", "{}").await;
        stage.gone().await;
    });
    let mut execution = peer.start();
    called(&mut execution).await;
    drop(execution);
    peer.applause().await;
}

#[tokio::test]
async fn deadline_holds_before_and_after_acceptance() {
    static STARTED: tokio::sync::Notify = tokio::sync::Notify::const_new();
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        STARTED.notify_one();
        if stage.attempt == 2 {
            stage.accept().await;
            stage.call(1, "echo", "{}").await;
        }
        stage.gone().await;
    });
    let connection = peer.connect();
    let deadline = Duration::from_millis(8_500);
    // Only then, so that a slow machine comes as far.
    let pass = async || {
        tokio::time::pause();
        tokio::time::advance(deadline).await;
        tokio::time::resume();
    };
    let mut execution = connection.start(StartRequest { deadline, ..request() });
    STARTED.notified().await;
    pass().await;
    let error = failed(&mut execution).await;
    insta::assert_snapshot!(peer.shown(&error), @"no answer from the executor at `URL` within 8.5 s");
    let mut execution = connection.start(StartRequest { deadline, ..request() });
    called(&mut execution).await;
    pass().await;
    let error = failed(&mut execution).await;
    insta::assert_snapshot!(peer.shown(&error), @"no answer from the executor at `URL` within 8.5 s; the execution had made 1 tool call");
    peer.applause().await;
}

#[tokio::test]
async fn closed_connection_ends_its_executions() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "echo", "{}").await;
        stage.gone().await;
    });
    let connection = peer.connect();
    let mut execution = connection.start(request());
    called(&mut execution).await;
    connection.close();
    insta::assert_snapshot!(peer.shown(&failed(&mut execution).await), @"the connection to the executor at `URL` is closed");
    insta::assert_snapshot!(peer.shown(&failed(&mut connection.start(request())).await), @"the connection to the executor at `URL` is closed");
    peer.applause().await;
}

#[tokio::test]
async fn malformed_request_is_not_sent() {
    let peer = Peer::new(async |_| {});
    let error = failed(&mut peer.connect().start(StartRequest { execution_id: "a b".to_owned(), ..request() })).await;
    insta::assert_snapshot!(peer.shown(&error), @"`execution_id` cannot be sent: it has 1 to 128 characters of [A-Za-z0-9._:-]");
    assert_eq!((peer.attempts(), error.is_retryable()), (0, false));
}

#[tokio::test]
async fn slow_application_holds_the_executor_back() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        for call_id in 1..=3_000 {
            stage.call(call_id, "echo", "{}").await;
        }
        for _ in 1..=3_000 {
            stage.result().await;
        }
        stage.complete("null").await;
    });
    let mut execution = peer.start();
    let control = execution.control().clone();
    let mut unanswered = Vec::new();
    let mut calls = 0;
    loop {
        match execution.next_event().await.expect("the end has not come").expect("nothing failed") {
            Event::ToolCall(call) => unanswered.push(call.call_id),
            Event::Finished(_) => break,
            Event::Output { .. } | Event::Suspended(_) => {
                panic!("the program prints nothing, and no call is suspended")
            }
        }
        calls += 1;
        // The session stops reading at 1,024 calls without a result: fewer must be enough to go on.
        if unanswered.len() == 1_000 || calls == 3_000 {
            for call_id in unanswered.drain(..) {
                assert_eq!(control.answer(call_id, ToolOutcome::Value("1".into())), Ok(()));
            }
        }
    }
    assert_eq!(calls, 3_000);
    peer.applause().await;
}

#[tokio::test]
async fn info_and_health_are_answered() {
    let peer = Peer::new(async |_| {});
    let connection = peer.connect();
    let info = connection.info(crate::peer::PATIENCE).await.expect("the key is right");
    assert_eq!((info.version.as_str(), info.default_limits.wall_time), ("1.2.3", Some(Duration::from_secs(30))));
    insta::assert_snapshot!(info.to_json(), @r#"{"version":"1.2.3","python_version":"3.12.1","default_limits":{"wall_time":30.0,"cpu_time":null,"memory":1024,"output":null,"tool_calls":null,"code":null,"value":null,"open_files":null,"tasks":null,"scratch":null,"scratch_files":null,"tool_call_time":null},"limit_ceilings":{"wall_time":null,"cpu_time":null,"memory":null,"output":null,"tool_calls":null,"code":null,"value":null,"open_files":null,"tasks":null,"scratch":null,"scratch_files":null,"tool_call_time":null},"pool":{"idle":0,"in_use":0,"queued":0,"capacity":0,"queue_capacity":0},"jail":{"required_profile":"","reached_profile":"","layers":[]}}"#);
    assert!(connection.is_healthy(crate::peer::PATIENCE).await);

    let options = codemode::execution::ConnectionOptions::default();
    let address = peer.url().parse().expect("the url is one");
    let anonymous = codemode::execution::Connection::new(&address, &options).expect("there is no key");
    let error = anonymous.info(crate::peer::PATIENCE).await.expect_err("the key is missing");
    insta::assert_snapshot!(peer.shown(&error), @"the executor at `URL` refused the API key: the key is wrong (UNAUTHENTICATED)");
}
