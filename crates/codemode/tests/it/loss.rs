//! Executors that are lost at the worst moments: no tool runs twice, and the application hears one end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use codemode::execution::{Execution, Outcome, ToolOutcome};
use codemode_proto::v1;
use codemode_proto::v1::execute_request::Message as Request;
use tonic::Status;

use crate::execution::{called, finished};
use crate::peer::{Peer, Stage, request};
use crate::replay::{lost, policy};

/// The first attempt: two calls, one after the other, with their answers.
async fn two_calls(stage: &mut Stage) {
    stage.accept().await;
    for call_id in [1, 2] {
        stage.call(call_id, "echo", "{}").await;
        assert_eq!(stage.result().await.call_id, call_id);
    }
}

/// Answers the two calls of the first attempt, and hears how it ends: with no other call.
async fn end(execution: &mut Execution) -> (Outcome, u32, u32, usize) {
    for call_id in [1, 2] {
        assert_eq!(called(execution).await.call_id, call_id);
        execution.control().answer(call_id, ToolOutcome::Value("7".into())).expect("the call waits");
    }
    let end = finished(execution).await;
    (end.outcome, end.attempts, end.replayed_calls, end.journal.calls().len())
}

#[tokio::test]
async fn replay_that_is_lost_before_it_is_accepted_is_sent_again_as_it_was() {
    let sent: Arc<Mutex<Vec<Vec<v1::JournalCall>>>> = Arc::default();
    let journals = Arc::clone(&sent);
    let peer = Peer::new(move |mut stage| {
        let journals = Arc::clone(&journals);
        async move {
            let start = stage.start().await;
            if stage.attempt == 1 {
                two_calls(&mut stage).await;
                return stage.refuse(lost()).await;
            }
            let journal = stage.journal(&start).await;
            journals.lock().expect("no test panics under the lock").push(journal);
            if stage.attempt == 2 {
                return stage.refuse(lost()).await;
            }
            stage.accept().await;
            stage.complete("1").await;
        }
    });
    let mut execution = peer.connect_with(policy(3)).start(request());
    assert_eq!(end(&mut execution).await, (Outcome::Completed, 3, 2, 2));
    let sent = sent.lock().expect("no test panics under the lock").clone();
    assert_eq!((sent.len(), sent[0].len()), (2, 2));
    assert_eq!(sent[0], sent[1]);
    peer.applause().await;
}

#[tokio::test]
async fn end_that_never_came_is_asked_for_again_without_a_call() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        if stage.attempt == 1 {
            two_calls(&mut stage).await;
            // The program ended here, and its executor with it.
            return stage.refuse(lost()).await;
        }
        assert_eq!(stage.journal(&start).await.len(), 2);
        stage.accept().await;
        stage.complete("\"the end\"").await;
    });
    let mut execution = peer.connect_with(policy(2)).start(request());
    assert_eq!(end(&mut execution).await, (Outcome::Completed, 2, 2, 2));
    assert!(execution.next_event().await.is_none());
    peer.applause().await;
}

#[tokio::test]
async fn executor_without_room_for_a_replay_is_asked_again() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        match stage.attempt {
            1 => {
                two_calls(&mut stage).await;
                stage.refuse(lost()).await;
            }
            2 | 3 => stage.refuse(Status::resource_exhausted("all workers are in use")).await,
            _ => {
                assert_eq!(stage.journal(&start).await.len(), 2);
                stage.accept().await;
                stage.complete("1").await;
            }
        }
    });
    let mut execution = peer.connect_with(policy(4)).start(request());
    assert_eq!(end(&mut execution).await, (Outcome::Completed, 4, 2, 2));
    peer.applause().await;
}

#[tokio::test]
async fn executor_that_is_lost_while_it_cancels_is_not_replaced() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "echo", "{}").await;
        assert!(matches!(stage.request().await, Some(Request::Cancel(_))));
        stage.refuse(lost()).await;
    });
    let mut execution = peer.connect_with(policy(5)).start(request());
    called(&mut execution).await;
    execution.control().cancel();
    let end = finished(&mut execution).await;
    assert_eq!((end.outcome, end.attempts, end.journal.calls().len()), (Outcome::Cancelled, 1, 1));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(peer.attempts(), 1);
    peer.applause().await;
}
