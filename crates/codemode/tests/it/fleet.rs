//! Several executors: which one gets an execution, and what happens when one of them is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use codemode::execution::{Connection, ConnectionOptions, Event, Execution, Outcome, RetryPolicy, StartRequest};
use codemode_proto::v1::execute_request::Message as Request;
use tokio::time::Instant;
use tonic::Status;

use crate::execution::{failed, finished};
use crate::peer::{PATIENCE, Peer, Stage, request};

fn connect(peers: &[&Peer], max_attempts: u32) -> Connection {
    // A pause that a test would notice: going to another executor must not wait for it.
    let pause = 10 * PATIENCE;
    let retry = RetryPolicy { max_attempts, backoff_base: pause, backoff_max: pause, ..RetryPolicy::default() };
    let options = ConnectionOptions { api_key: Some("key".to_owned()), retry, ..ConnectionOptions::default() };
    let addresses: Vec<_> = peers.iter().map(|peer| peer.url().parse().expect("the url is one")).collect();
    Connection::to_fleet(&addresses, &options).expect("the key is ASCII")
}

async fn complete(mut stage: Stage) {
    stage.start().await;
    stage.accept().await;
    stage.complete("1").await;
}

fn named(number: usize) -> StartRequest {
    StartRequest { execution_id: format!("exec-{number}"), deadline: 20 * PATIENCE, ..request() }
}

#[tokio::test]
async fn executions_are_spread_over_all() {
    let peers = [Peer::new(complete), Peer::new(complete), Peer::new(complete)];
    let connection = connect(&peers.each_ref(), 1);
    for number in 0..60 {
        assert_eq!(finished(&mut connection.start(named(number))).await.outcome, Outcome::Completed);
    }
    // That one of three gets fewer than 3 of 60 happens once in 10 million runs.
    assert!(peers.iter().all(|peer| peer.attempts() >= 3), "{:?}", peers.each_ref().map(Peer::attempts));
    assert_eq!(peers.iter().map(Peer::attempts).sum::<u32>(), 60);
}

#[tokio::test]
async fn the_less_busy_one_is_preferred() {
    // One of two never ends what it begins.
    let held = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "echo", "{}").await;
        while stage.request().await.is_some() {}
    });
    let quick = Peer::new(complete);
    let connection = connect(&[&held, &quick], 1);
    let mut running: Vec<Execution> = Vec::new();
    for number in 0..40 {
        let mut execution = connection.start(named(number));
        match execution.next_event().await {
            Some(Ok(Event::ToolCall(_))) => running.push(execution),
            Some(Ok(Event::Finished(_))) => {}
            other => panic!("{other:?} is of neither"),
        }
    }
    // Two choices of two are both: the busy one gets a second only where the other is as busy.
    assert!(held.attempts() <= 1, "{}", held.attempts());
    assert_eq!(held.attempts() + quick.attempts(), 40);
}

#[tokio::test]
async fn a_lost_execution_goes_to_another_executor_at_once_with_its_journal() {
    let play = |lost: Arc<AtomicBool>| {
        move |mut stage: Stage| {
            let lost = Arc::clone(&lost);
            async move {
                let start = stage.start().await;
                if start.journal_calls == 0 {
                    stage.accept().await;
                    stage.call(1, "echo", "{}").await;
                    assert_eq!(stage.result().await.call_id, 1);
                    lost.store(true, Ordering::SeqCst);
                    return stage.refuse(Status::unavailable("the executor is shutting down")).await;
                }
                let Some(Request::Journal(part)) = stage.request().await else { panic!("the journal follows") };
                assert_eq!(part.calls.len(), 1);
                stage.accept().await;
                stage.complete("1").await;
            }
        }
    };
    let lost = Arc::new(AtomicBool::new(false));
    let peers = [Peer::new(play(Arc::clone(&lost))), Peer::new(play(Arc::clone(&lost)))];
    let connection = connect(&peers.each_ref(), 2);
    let mut execution = connection.start(named(1));
    let Some(Ok(Event::ToolCall(call))) = execution.next_event().await else { panic!("it calls a tool") };
    let outcome = codemode::execution::ToolOutcome::Value("2".into());
    execution.control().answer(call.call_id, outcome).expect("the call is open");
    let end = tokio::time::timeout(PATIENCE, finished(&mut execution)).await.expect("it does not wait");
    assert_eq!((end.outcome, end.attempts), (Outcome::Completed, 2));
    assert_eq!(peers.each_ref().map(Peer::attempts), [1, 1]);
}

#[tokio::test]
async fn a_full_executor_is_passed_over() {
    let full = Peer::new(async |stage| stage.refuse(Status::resource_exhausted("no worker is free")).await);
    let free = Peer::new(complete);
    let connection = connect(&[&full, &free], 2);
    for number in 0..10 {
        assert_eq!(finished(&mut connection.start(named(number))).await.outcome, Outcome::Completed);
    }
    assert_eq!(free.attempts(), 10);
}

#[tokio::test]
async fn one_that_was_lost_gets_nothing_until_it_serves_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let served = Arc::new(AtomicU32::new(0));
    let play = {
        let (broken, served) = (Arc::clone(&broken), Arc::clone(&served));
        move |stage: Stage| {
            let (broken, served) = (Arc::clone(&broken), Arc::clone(&served));
            async move {
                if broken.load(Ordering::SeqCst) {
                    return stage.refuse(Status::unavailable("draining")).await;
                }
                served.fetch_add(1, Ordering::SeqCst);
                complete(stage).await;
            }
        }
    };
    let (first, other) = (Peer::new(play), Peer::new(complete));
    first.set_ready(false).await;
    let connection = connect(&[&first, &other], 2);
    let mut number = 0;
    while first.attempts() == 0 {
        number += 1;
        assert_eq!(finished(&mut connection.start(named(number))).await.outcome, Outcome::Completed);
    }
    for _ in 0..20 {
        number += 1;
        assert_eq!(finished(&mut connection.start(named(number))).await.outcome, Outcome::Completed);
    }
    assert_eq!(first.attempts(), 1);
    broken.store(false, Ordering::SeqCst);
    first.set_ready(true).await;
    let deadline = Instant::now() + PATIENCE;
    while served.load(Ordering::SeqCst) == 0 {
        number += 1;
        assert_eq!(finished(&mut connection.start(named(number))).await.outcome, Outcome::Completed);
        assert!(Instant::now() < deadline, "it never gets its share again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn where_all_are_lost_all_are_tried() {
    let refuse = async |stage: Stage| stage.refuse(Status::unavailable("draining")).await;
    let peers = [Peer::new(refuse), Peer::new(refuse)];
    let options = ConnectionOptions {
        retry: RetryPolicy { max_attempts: 4, backoff_base: Duration::from_millis(1), ..RetryPolicy::default() },
        ..ConnectionOptions::default()
    };
    let addresses = peers.each_ref().map(|peer| peer.url().parse().expect("the url is one"));
    let connection = Connection::to_fleet(&addresses, &options).expect("there is no key");
    let error = failed(&mut connection.start(request())).await;
    assert!(error.to_string().contains("(4 attempts)"), "{error}");
    assert_eq!(peers.iter().map(Peer::attempts).sum::<u32>(), 4);
    assert!(peers.iter().all(|peer| peer.attempts() > 0));
}

#[tokio::test]
async fn every_address_of_a_name_is_an_executor() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let peer = Peer::serving(incoming, tokio::task::JoinSet::new(), complete);
    let address = format!("dns:///localhost:{port}").parse().expect("the url is one");
    let connection = Connection::new(&address, &ConnectionOptions::default()).expect("there is no key");
    // Where `localhost` has an IPv6 address too, nobody listens there: the execution goes to the other one.
    assert_eq!(finished(&mut connection.start(request())).await.outcome, Outcome::Completed);
    assert_eq!(peer.attempts(), 1);
    assert!(connection.is_healthy(PATIENCE).await);
}

#[tokio::test]
async fn a_name_without_an_address_is_named() {
    // Too long a name for any server to be asked for it, which might take its time.
    let nobody = format!("{}.invalid", "x".repeat(64));
    let address = format!("dns+http://{nobody}:1").parse().expect("the url is one");
    let connection = Connection::new(&address, &ConnectionOptions::default()).expect("there is no key");
    let error = failed(&mut connection.start(request())).await;
    let source = std::error::Error::source(&error).expect("it has a cause").to_string();
    assert!(source.starts_with(&format!("failed to look up `{nobody}:1`: ")), "{source}");
}
