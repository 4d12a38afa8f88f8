//! Executors that die in the middle: what the next one is sent, and what the application sees of it.

use std::time::Duration;

use codemode::execution::{
    Event, Execution, ExecutionError, Finished, Outcome, OutputMode, OutputStream, RetryPolicy, StartRequest,
    Suspended, ToolOutcome,
};
use codemode::journal::{Journal, JournalError};
use codemode_proto::v1;
use codemode_proto::v1::execute_response::Message as Response;
use codemode_proto::v1::journal_call::Outcome as Known;
use codemode_proto::v1::tool_result::Outcome as Answer;
use tonic::Status;

use crate::execution::{called, failed, finished};
use crate::peer::{Peer, RUNTIME, Stage, accepted, request};

pub fn policy(max_attempts: u32) -> RetryPolicy {
    RetryPolicy { max_attempts, backoff_base: Duration::from_millis(1), ..RetryPolicy::default() }
}

fn value(text: &'static str) -> ToolOutcome {
    ToolOutcome::Value(text.into())
}

pub fn lost() -> Status {
    Status::unavailable("the executor is gone")
}

fn known(call: &v1::JournalCall) -> (u32, &str, Option<&str>, u32, u32) {
    let outcome = match &call.outcome {
        Some(Known::Value(value)) => std::str::from_utf8(value).ok(),
        Some(Known::Failure(failure)) => Some(failure.message.as_str()),
        None => None,
    };
    (call.call_id, call.tool.as_str(), outcome, call.seen, call.order)
}

/// A call that says which answers the program had received.
async fn call(stage: &Stage, call_id: u32, tool: &str, answered: &[u32]) {
    let answered = answered.iter().map(|call_id| v1::Answered { call_id: *call_id, failure: None }).collect();
    let call = v1::ToolCall {
        call_id,
        tool: tool.to_owned(),
        arguments: "{}".into(),
        clock: format!("clock {call_id}").into(),
        answered,
        unreplayable: String::new(),
    };
    stage.send(Response::ToolCall(call)).await;
}

async fn answer(execution: &mut Execution, text: &'static str) -> u32 {
    let call = called(execution).await;
    execution.control().answer(call.call_id, value(text)).expect("the call waits");
    call.call_id
}

async fn suspended(execution: &mut Execution) -> Suspended {
    match execution.next_event().await {
        Some(Ok(Event::Suspended(suspended))) => *suspended,
        other => panic!("{other:?} is not a suspension"),
    }
}

fn summary(finished: &Finished) -> (Outcome, u32, u32, usize) {
    (finished.outcome, finished.attempts, finished.replayed_calls, finished.journal.calls().len())
}

#[tokio::test]
async fn replay_is_sent_what_the_first_run_did() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        assert_eq!(start.seed.len(), 32);
        if stage.attempt == 1 {
            assert_eq!((start.journal_calls, start.journal_size, start.runtime.as_str()), (0, 0, ""));
            stage.accept().await;
            call(&stage, 1, "echo", &[]).await;
            stage.result().await;
            call(&stage, 2, "other", &[1]).await;
            stage.result().await;
            call(&stage, 5, "echo", &[]).await;
            stage.result().await;
            return stage.refuse(lost()).await;
        }
        assert_eq!((start.journal_calls, start.runtime.as_str()), (3, RUNTIME));
        let calls = stage.journal(&start).await;
        assert_eq!(
            calls.iter().map(known).collect::<Vec<_>>(),
            [(1, "echo", Some("1"), 0, 1), (2, "other", Some("2"), 1, 0), (5, "echo", Some("3"), 1, 0)]
        );
        assert_eq!(calls[2].clock.as_ref(), b"clock 5");
        assert_eq!(calls.iter().map(|call| prost::Message::encoded_len(call) as u64).sum::<u64>(), start.journal_size);
        stage.accept().await;
        call(&stage, 6, "echo", &[1, 5, 2]).await;
        assert_eq!(stage.result().await.call_id, 6);
        stage.complete("1").await;
    });
    let mut execution = peer.connect_with(policy(2)).start(request());
    for (number, text) in [(1, "1"), (2, "2"), (5, "3"), (6, "4")] {
        assert_eq!(answer(&mut execution, text).await, number);
    }
    let end = finished(&mut execution).await;
    assert_eq!(summary(&end), (Outcome::Completed, 2, 3, 4));
    let orders: Vec<_> = end.journal.calls().iter().map(|call| (call.number, call.seen, call.order)).collect();
    assert_eq!(orders, [(1, 0, 1), (2, 1, 3), (5, 1, 2), (6, 3, 0)]);
    assert_eq!(Journal::from_json(&end.journal.to_json()), Ok(end.journal));
    peer.applause().await;
}

#[tokio::test]
async fn seed_is_the_same_on_each_attempt_and_another_for_each_execution() {
    static SEEDS: std::sync::Mutex<Vec<bytes::Bytes>> = std::sync::Mutex::new(Vec::new());
    let peer = Peer::new(async |mut stage| {
        let seed = stage.start().await.seed;
        SEEDS.lock().expect("no test panics under the lock").push(seed);
        if stage.attempt == 1 {
            return stage.refuse(lost()).await;
        }
        stage.accept().await;
        stage.complete("1").await;
    });
    let connection = peer.connect_with(policy(2));
    finished(&mut connection.start(request())).await;
    finished(&mut connection.start(request())).await;
    let seeds = SEEDS.lock().expect("no test panics under the lock").clone();
    assert_eq!((seeds.len(), seeds[0] == seeds[1], seeds[1] == seeds[2]), (3, true, false));
}

#[tokio::test]
async fn answer_that_came_after_the_loss_is_sent_when_it_is_asked_for() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        if stage.attempt == 1 {
            stage.accept().await;
            call(&stage, 1, "echo", &[]).await;
            call(&stage, 2, "other", &[]).await;
            return stage.refuse(lost()).await;
        }
        let calls = stage.journal(&start).await;
        assert_eq!(calls.iter().map(known).collect::<Vec<_>>(), [(1, "echo", None, 0, 0), (2, "other", None, 0, 0)]);
        stage.accept().await;
        call(&stage, 2, "other", &[]).await;
        call(&stage, 1, "echo", &[]).await;
        let results = [stage.result().await, stage.result().await];
        let answers = results.map(|result| (result.call_id, result.outcome));
        assert!(answers.contains(&(1, Some(Answer::Value("1".into())))), "{answers:?}");
        assert!(answers.contains(&(2, Some(Answer::Value("2".into())))), "{answers:?}");
        stage.complete("1").await;
    });
    let mut execution = peer.connect_with(policy(2)).start(request());
    let (first, second) = (called(&mut execution).await, called(&mut execution).await);
    while peer.attempts() < 2 {
        tokio::task::yield_now().await;
    }
    execution.control().answer(second.call_id, value("2")).expect("the call waits");
    execution.control().answer(first.call_id, value("1")).expect("the call waits");
    assert_eq!(summary(&finished(&mut execution).await), (Outcome::Completed, 2, 2, 2));
    peer.applause().await;
}

#[tokio::test]
async fn executor_may_die_again_and_again() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        let calls = stage.journal(&start).await;
        assert_eq!(calls.len(), stage.attempt as usize - 1);
        stage.accept().await;
        call(&stage, stage.attempt, "echo", &(1..stage.attempt).collect::<Vec<_>>()).await;
        stage.result().await;
        if stage.attempt < 4 {
            return stage.refuse(lost()).await;
        }
        stage.complete("1").await;
    });
    let mut execution = peer.connect_with(policy(4)).start(request());
    for number in 1..=4 {
        assert_eq!(answer(&mut execution, "1").await, number);
    }
    assert_eq!(summary(&finished(&mut execution).await), (Outcome::Completed, 4, 3, 4));
    peer.applause().await;
}

#[tokio::test]
async fn loss_that_is_not_mended_says_how_often_it_was_tried_and_keeps_the_journal() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        if stage.attempt == 1 {
            stage.accept().await;
            stage.call(1, "echo", "{}").await;
            stage.result().await;
        }
        stage.refuse(lost()).await;
    });
    let mut execution = peer.connect_with(policy(3)).start(request());
    answer(&mut execution, "1").await;
    let error = failed(&mut execution).await;
    insta::assert_snapshot!(peer.shown(&error), @"lost the executor at `URL` during an execution that had made 1 tool call (3 attempts): the executor is gone (UNAVAILABLE)");
    assert_eq!((error.code(), error.is_retryable()), ("lost", false));
    assert_eq!(execution.control().journal().calls().len(), 1);
}

#[tokio::test]
async fn executor_of_another_runtime_is_passed_over() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        match stage.attempt {
            1 => {
                stage.accept().await;
                stage.call(1, "echo", "{}").await;
                stage.result().await;
                stage.refuse(lost()).await;
            }
            2 => stage.refuse(Status::failed_precondition("the runtime is another")).await,
            _ => {
                assert_eq!(stage.journal(&start).await.len(), 1);
                stage.accept().await;
                stage.complete("1").await;
            }
        }
    });
    let mut execution = peer.connect_with(policy(3)).start(request());
    answer(&mut execution, "1").await;
    assert_eq!(summary(&finished(&mut execution).await), (Outcome::Completed, 3, 1, 1));
}

#[tokio::test]
async fn journal_of_another_runtime_is_a_clear_error() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        if stage.attempt > 1 {
            return stage.refuse(Status::failed_precondition("this executor has the runtime `x`")).await;
        }
        stage.accept().await;
        stage.call(1, "echo", "{}").await;
        stage.result().await;
        stage.refuse(lost()).await;
    });
    let mut execution = peer.connect_with(policy(2)).start(request());
    answer(&mut execution, "1").await;
    let error = failed(&mut execution).await;
    insta::assert_snapshot!(peer.shown(&error), @"no executor at `URL` can replay an execution of the runtime `cpython-3.12 runner-1`, which had made 1 tool call (2 attempts): this executor has the runtime `x` (FAILED_PRECONDITION)");
}

#[tokio::test]
async fn output_is_passed_on_once() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        stage.journal(&start).await;
        stage.accept().await;
        stage.print(v1::Stream::Stdout, "one ").await;
        stage.print(v1::Stream::Stderr, "err").await;
        if stage.attempt == 1 {
            stage.print(v1::Stream::Stdout, "tw").await;
            return stage.refuse(lost()).await;
        }
        stage.print(v1::Stream::Stdout, "two three").await;
        stage.complete("1").await;
    });
    let connection = peer.connect_with(policy(2));
    let mut execution = connection.start(StartRequest { output: OutputMode::Stream, ..request() });
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let end = loop {
        match execution.next_event().await.expect("the end has not come").expect("nothing failed") {
            Event::Output { stream: OutputStream::Stdout, data } => stdout.extend(data),
            Event::Output { stream: OutputStream::Stderr, data } => stderr.extend(data),
            Event::Finished(finished) => break finished,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((stdout.as_slice(), stderr.as_slice()), (&b"one two three"[..], &b"err"[..]));
    assert_eq!((end.attempts, end.journal.streamed()), (2, [13, 3]));
}

/// The error that a replay of one answered call (`echo`, `{}`) and one open one (`other`, `{}`) ends in.
async fn error_of_replay(messages: Vec<Response>) -> String {
    let peer = Peer::new(move |mut stage| {
        let messages = messages.clone();
        async move {
            let start = stage.start().await;
            if stage.attempt == 1 {
                stage.accept().await;
                call(&stage, 1, "echo", &[]).await;
                stage.result().await;
                call(&stage, 2, "other", &[1]).await;
                return stage.refuse(lost()).await;
            }
            stage.journal(&start).await;
            for message in messages {
                stage.send(message).await;
            }
            stage.gone().await;
        }
    });
    let mut execution = peer.connect_with(policy(3)).start(request());
    answer(&mut execution, "1").await;
    called(&mut execution).await;
    let error = loop {
        match execution.next_event().await.expect("the end has not come") {
            Ok(Event::ToolCall(_)) => {}
            Ok(event) => panic!("{event:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!((peer.attempts(), error.is_retryable()), (2, false));
    peer.shown(&error)
}

fn made(call_id: u32, tool: &str, answered: &[(u32, bool)]) -> Response {
    let failure = v1::ToolFailure { message: "late".to_owned(), ..v1::ToolFailure::default() };
    let answered = answered
        .iter()
        .map(|(call_id, failed)| v1::Answered { call_id: *call_id, failure: failed.then(|| failure.clone()) });
    Response::ToolCall(v1::ToolCall {
        call_id,
        tool: tool.to_owned(),
        arguments: "{}".into(),
        answered: answered.collect(),
        ..v1::ToolCall::default()
    })
}

#[tokio::test]
async fn replay_is_checked_against_the_journal() {
    insta::assert_snapshot!(error_of_replay(vec![accepted(), made(1, "echo", &[])]).await, @"the executor at `URL` broke the protocol: tool call 1 again, which has its answer or waits for it");
    insta::assert_snapshot!(error_of_replay(vec![accepted(), made(2, "other", &[]), made(2, "other", &[])]).await, @"the executor at `URL` broke the protocol: tool call 2 again, which has its answer or waits for it");
    insta::assert_snapshot!(error_of_replay(vec![accepted(), made(2, "echo", &[])]).await, @"the executor at `URL` broke the protocol: tool call 2 with another tool or other arguments than the journal has");
    insta::assert_snapshot!(error_of_replay(vec![accepted(), made(3, "echo", &[(2, false)])]).await, @"the executor at `URL` broke the protocol: an answer to tool call 2 that the program cannot have received");
    insta::assert_snapshot!(error_of_replay(vec![accepted(), made(3, "echo", &[(1, true)])]).await, @"the executor at `URL` broke the protocol: an answer to tool call 1 that the program cannot have received");
    insta::assert_snapshot!(error_of_replay(vec![accepted(), made(3, "echo", &[(1, false), (1, false)])]).await, @"the executor at `URL` broke the protocol: an answer to tool call 1 that the program cannot have received");
    let other = Response::Accepted(v1::Accepted { runtime: "other".to_owned(), ..v1::Accepted::default() });
    insta::assert_snapshot!(error_of_replay(vec![other]).await, @"the executor at `URL` broke the protocol: a replay under the runtime `other` of a journal of `cpython-3.12 runner-1`");
    let clock = Response::ToolCall(v1::ToolCall {
        call_id: 3,
        tool: "echo".to_owned(),
        clock: vec![0; 65_537].into(),
        ..v1::ToolCall::default()
    });
    insta::assert_snapshot!(error_of_replay(vec![accepted(), clock]).await, @"the executor at `URL` broke the protocol: 65551 bytes of the clock where the contract allows 65536");
    let diverged = v1::Finished {
        outcome: v1::Outcome::Diverged.into(),
        divergence: Some(v1::Divergence { call_id: 1, message: "it went another way".to_owned() }),
        ..v1::Finished::default()
    };
    insta::assert_snapshot!(error_of_replay(vec![accepted(), Response::Finished(diverged)]).await, @"the replay at `URL` diverged from its journal at tool call 1: it went another way");
}

#[tokio::test]
async fn divergence_of_what_is_no_replay_is_a_violation() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage
            .send(Response::Finished(v1::Finished { outcome: v1::Outcome::Diverged.into(), ..v1::Finished::default() }))
            .await;
    });
    let error = failed(&mut peer.start()).await;
    insta::assert_snapshot!(peer.shown(&error), @"the executor at `URL` broke the protocol: an unknown outcome");
}

#[tokio::test]
async fn answer_of_the_executor_replaces_that_of_the_tool() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        if stage.attempt == 1 {
            stage.accept().await;
            call(&stage, 1, "echo", &[]).await;
            stage.send(made(2, "other", &[(1, true)])).await;
            stage.result().await;
            return stage.refuse(lost()).await;
        }
        let calls = stage.journal(&start).await;
        assert_eq!(known(&calls[0]), (1, "echo", Some("late"), 0, 1));
        stage.accept().await;
        stage.complete("1").await;
    });
    let mut execution = peer.connect_with(policy(2)).start(request());
    let late = called(&mut execution).await;
    let second = called(&mut execution).await;
    execution.control().answer(late.call_id, value("too late")).expect("nobody minds");
    execution.control().answer(second.call_id, value("2")).expect("the call waits");
    assert_eq!(summary(&finished(&mut execution).await), (Outcome::Completed, 2, 2, 2));
    peer.applause().await;
}

#[tokio::test]
async fn large_journal_is_sent_in_parts_while_the_executor_takes_its_time() {
    const SIZE: usize = 700 * 1024;
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        if stage.attempt == 1 {
            stage.accept().await;
            for call_id in 1..=4 {
                call(&stage, call_id, "echo", &[]).await;
                stage.result().await;
            }
            return stage.refuse(lost()).await;
        }
        // Before it is read, nothing of it may be in the way of what the executor says.
        stage.accept().await;
        stage.print(v1::Stream::Stdout, "early").await;
        let calls = stage.journal(&start).await;
        assert_eq!(calls.len(), 4);
        stage.complete("1").await;
    });
    let mut execution = peer.connect_with(policy(2)).start(request());
    for _ in 1..=4 {
        let call = called(&mut execution).await;
        let large = format!("\"{}\"", "x".repeat(SIZE));
        execution.control().answer(call.call_id, ToolOutcome::Value(large.into())).expect("the call waits");
    }
    assert_eq!(finished(&mut execution).await.stdout, b"early");
    peer.applause().await;
}

#[tokio::test]
async fn journal_that_is_too_large_lets_go_and_says_so() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        for call_id in 1..=3 {
            call(&stage, call_id, "echo", &[]).await;
            stage.result().await;
        }
        stage.refuse(lost()).await;
    });
    let mut execution = peer.connect_with(policy(2)).start(request());
    for _ in 1..=3 {
        let call = called(&mut execution).await;
        let large = bytes::Bytes::from(vec![b'1'; 30 * 1024 * 1024]);
        execution.control().answer(call.call_id, ToolOutcome::Value(large)).expect("the call waits");
    }
    let error = failed(&mut execution).await;
    insta::assert_snapshot!(peer.shown(&error), @"lost the executor at `URL` during an execution that had made 3 tool calls; it cannot be replayed: its journal is larger than 64 MiB: the executor is gone (UNAVAILABLE)");
    let journal = execution.control().journal();
    assert!(journal.calls().iter().all(|call| call.outcome == Some(ToolOutcome::Value(bytes::Bytes::new()))));
}

#[tokio::test]
async fn cancellation_between_attempts_ends_with_the_journal() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "echo", "{}").await;
        stage.refuse(lost()).await;
    });
    let slow = RetryPolicy { backoff_base: Duration::from_secs(5), ..policy(3) };
    let mut execution = peer.connect_with(slow).start(request());
    called(&mut execution).await;
    execution.control().cancel();
    let end = finished(&mut execution).await;
    assert_eq!(summary(&end), (Outcome::Cancelled, 1, 0, 1));
    assert_eq!(peer.attempts(), 1);
}

#[tokio::test]
async fn suspended_execution_goes_on_elsewhere() {
    let first = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.print(v1::Stream::Stdout, "asked").await;
        call(&stage, 1, "echo", &[]).await;
        call(&stage, 2, "other", &[]).await;
        stage.result().await;
        stage.gone().await;
    });
    let mut execution = first.start();
    let (approval, plain) = (called(&mut execution).await, called(&mut execution).await);
    execution.control().suspend(approval.call_id).expect("the call is open");
    execution.control().answer(plain.call_id, value("2")).expect("the call waits");
    let end = suspended(&mut execution).await;
    assert_eq!((end.stdout.as_slice(), end.attempts), (&b"asked"[..], 1));
    first.applause().await;

    let journal = Journal::from_json(&end.journal.to_json()).expect("it was written here");
    let second = Peer::new(async |mut stage| {
        let start = stage.start().await;
        let calls = stage.journal(&start).await;
        stage.accept().await;
        if stage.attempt == 1 {
            assert_eq!(known(&calls[0]), (1, "echo", None, 0, 0));
            call(&stage, 1, "echo", &[]).await;
            return stage.gone().await;
        }
        assert_eq!(known(&calls[0]), (1, "echo", Some("yes"), 0, 0));
        stage.complete("1").await;
    });
    let resume =
        |journal: &Journal| second.connect().start(StartRequest { journal: Some(journal.clone()), ..request() });
    // Nobody has decided yet: it waits again.
    let again = suspended(&mut resume(&journal)).await.journal;
    assert_eq!(again.calls().iter().filter(|call| call.outcome.is_none()).count(), 1);
    let decided = again.answer(1, value("yes")).expect("the call is open");
    let mut execution = resume(&decided);
    assert_eq!(summary(&finished(&mut execution).await), (Outcome::Completed, 1, 2, 2));
    second.applause().await;
}

#[tokio::test]
async fn call_that_the_application_works_on_again_is_given_once_and_keeps_the_execution_from_suspending() {
    static MADE: tokio::sync::Notify = tokio::sync::Notify::const_new();
    let first = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        call(&stage, 1, "echo", &[]).await;
        call(&stage, 2, "other", &[]).await;
        stage.gone().await;
    });
    let mut execution = first.start();
    for call_id in 1..=2 {
        called(&mut execution).await;
        execution.control().suspend(call_id).expect("the call is open");
    }
    let journal = suspended(&mut execution).await.journal;

    let second = Peer::new(async |mut stage| {
        let start = stage.start().await;
        stage.journal(&start).await;
        if stage.attempt == 1 {
            // Before it gets to the first of them.
            return stage.refuse(lost()).await;
        }
        stage.accept().await;
        // The other one waits, and the one that is due has not been made: longer than it takes to suspend.
        call(&stage, 2, "other", &[]).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        call(&stage, 1, "echo", &[]).await;
        if stage.attempt == 2 {
            return stage.refuse(lost()).await;
        }
        MADE.notify_one();
        assert_eq!(stage.result().await.call_id, 1);
        stage.gone().await;
    });
    let resumed = StartRequest { journal: Some(journal.clone()), resumed: vec![1], ..request() };
    let mut execution = second.connect_with(policy(3)).start(resumed);
    let again = called(&mut execution).await;
    assert_eq!((again.call_id, again.tool.as_str()), (1, "echo"));
    // The last attempt asks for it, and waits longer than it takes to suspend.
    MADE.notified().await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    execution.control().answer(1, value("done")).expect("the call waits");
    let end = suspended(&mut execution).await;
    assert_eq!(end.attempts, 3);
    let outcomes: Vec<_> = end.journal.calls().iter().map(|call| (call.number, call.outcome.clone())).collect();
    assert_eq!(outcomes, [(1, Some(value("done"))), (2, None)]);
    second.applause().await;

    for (number, expected) in [(1, JournalError::Answered { number: 1 }), (7, JournalError::UnknownCall { number: 7 })]
    {
        let wrong = StartRequest { journal: Some(end.journal.clone()), resumed: vec![number], ..request() };
        let error = failed(&mut second.connect().start(wrong)).await;
        assert!(matches!(&error, ExecutionError::Journal { source } if *source == expected), "{error}");
    }
}

#[tokio::test]
async fn journal_of_other_code_or_settings_is_refused() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.complete("1").await;
    });
    let journal = finished(&mut peer.start()).await.journal;
    let refused = async |request: StartRequest| {
        let request = StartRequest { journal: Some(journal.clone()), ..request };
        peer.shown(&failed(&mut peer.connect().start(request)).await)
    };
    insta::assert_snapshot!(refused(StartRequest { code: "result = 2".to_owned(), ..request() }).await, @"failed to use the journal of the execution: the journal is of another execution: its program is not the same");
    insta::assert_snapshot!(refused(StartRequest { config: "{}".into(), ..request() }).await, @"failed to use the journal of the execution: the journal is of another execution: its config is not the same");
    insta::assert_snapshot!(refused(StartRequest { tools: std::sync::Arc::default(), ..request() }).await, @"failed to use the journal of the execution: the journal is of another execution: its set of tools is not the same");
    insta::assert_snapshot!(refused(StartRequest { execution_id: "other".to_owned(), ..request() }).await, @"failed to use the journal of the execution: the journal is of another execution: its execution id is not the same");
    assert_eq!(peer.attempts(), 1);
}

#[tokio::test]
async fn log_that_was_written_ahead_has_the_call_before_its_tool_runs() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        call(&stage, 1, "echo", &[]).await;
        stage.result().await;
        call(&stage, 2, "other", &[1]).await;
        stage.result().await;
        stage.complete("1").await;
    });
    let mut execution = peer.start();
    let control = execution.control().clone();
    let mut log = Vec::new();
    for number in 1..=2 {
        let call = called(&mut execution).await;
        log.extend(control.journal_changes());
        let read = Journal::from_log(&log).expect("it was written here");
        assert_eq!(
            (read.calls().len(), read.call(number).and_then(|call| call.outcome.clone())),
            (number as usize, None)
        );
        control.answer(call.call_id, value("1")).expect("the call waits");
    }
    finished(&mut execution).await;
    log.extend(control.journal_changes());
    assert_eq!(control.journal_changes(), b"");
    assert_eq!(Journal::from_log(&log), Ok(control.journal()));
    // Wherever a crash cuts it off, what is left is a journal, or too little to have begun.
    for end in 0..log.len() {
        match Journal::from_log(&log[..end]) {
            Ok(journal) => assert!(journal.calls().len() <= 2),
            Err(error) => assert_eq!(error, JournalError::Malformed { reason: "the log has no first line".to_owned() }),
        }
    }
}
