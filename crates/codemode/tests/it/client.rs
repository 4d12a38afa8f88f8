//! Programs with their tools, as an application runs them.

use std::sync::Arc;
use std::time::Duration;

use codemode::client::{ExecuteOptions, ToolCallStatus};
use codemode::execution::Outcome;
use codemode::registry::NoArguments;
use codemode::values::Value;
use codemode::{Codemode, ToolError};
use codemode_proto::v1;
use codemode_proto::v1::execute_response::Message as Response;
use codemode_proto::v1::tool_result::Outcome as Answer;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Barrier;

use crate::peer::Peer;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    text: String,
}

fn codemode(peer: &Peer) -> Codemode {
    let codemode = Codemode::connect(&peer.url(), "key").expect("the url is one");
    let echo = |echo: Echo| async move { Ok::<_, ToolError>(echo.text) };
    codemode.register_tool("echo", echo).expect("the name is good");
    codemode
}

#[tokio::test]
async fn result_has_value_output_and_tool_calls() {
    let peer = Peer::new(async |mut stage| {
        let start = stage.start().await;
        assert_eq!(start.config.as_ref(), br#"{"limit":3}"#);
        stage.accept().await;
        stage.call(1, "echo", r#"{"text":"a"}"#).await;
        assert_eq!(stage.result().await.outcome, Some(Answer::Value(r#""a""#.into())));
        stage.call(2, "echo", r#"{"text":1}"#).await;
        assert!(matches!(stage.result().await.outcome, Some(Answer::Failure(_))));
        stage.call(3, "echo", "[]").await;
        assert!(matches!(stage.result().await.outcome, Some(Answer::Failure(_))));
        stage.print(v1::Stream::Stdout, "hello\n").await;
        stage.complete(r#"{"$":["tuple",[1,{"$":["bytes","aGk="]}]]}"#).await;
    });
    let config = Value::Dict(vec![("limit".into(), Value::Int(3))]);
    let options = ExecuteOptions { config, ..ExecuteOptions::default() };
    let result = codemode(&peer).execute_with("program", options).await.expect("the peer answers");
    assert_eq!((result.success, result.outcome), (true, Outcome::Completed));
    assert_eq!(result.result.as_deref(), Some(r#"[1,"aGk="]"#));
    assert_eq!(result.value, Value::Tuple(vec![Value::Int(1), Value::Bytes("hi".into())]));
    assert_eq!((result.stdout.as_str(), result.code.as_str()), ("hello\n", "program"));
    assert_eq!(result.correlation_id.split('-').map(str::len).collect::<Vec<_>>(), [2, 6, 4]);
    let names: Vec<_> = result.tool_calls.iter().map(|call| (call.name.as_str(), call.arguments.to_json())).collect();
    assert_eq!(
        names,
        [("echo", r#"{"text":"a"}"#.to_owned()), ("echo", r#"{"text":1}"#.to_owned()), ("echo", "null".to_owned())]
    );
    assert_eq!(result.tool_calls[0].status, ToolCallStatus::Completed);
    assert!(matches!(result.tool_calls[1].status, ToolCallStatus::Failed(_)));
    peer.applause().await;
}

#[tokio::test]
async fn tool_calls_run_side_by_side() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        for call_id in 1..=3 {
            stage.call(call_id, "meet", "{}").await;
        }
        for _ in 1..=3 {
            stage.result().await;
        }
        stage.complete("null").await;
    });
    let codemode = codemode(&peer);
    let barrier = Arc::new(Barrier::new(3));
    codemode
        .register_tool("meet", move |_: NoArguments| {
            let barrier = Arc::clone(&barrier);
            async move { Ok::<_, ToolError>(barrier.wait().await.is_leader()) }
        })
        .expect("the name is good");
    assert!(codemode.execute("").await.expect("the peer answers").success);
}

#[tokio::test]
async fn tools_of_an_execution_that_ended_are_cancelled() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "forever", "{}").await;
        stage.call(2, "echo", r#"{"text":"a"}"#).await;
        stage.result().await;
        let exceeded = v1::Exceeded { limit: v1::Limit::WallTime.into(), message: "30 s of 30 s".to_owned() };
        stage
            .send(Response::Finished(v1::Finished {
                outcome: v1::Outcome::TimedOut.into(),
                exceeded: Some(exceeded),
                ..v1::Finished::default()
            }))
            .await;
    });
    let codemode = codemode(&peer);
    let dropped = Arc::new(());
    let held = Arc::clone(&dropped);
    codemode
        .register_tool("forever", move |_: NoArguments| {
            let held = Arc::clone(&held);
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok::<_, ToolError>(())
            }
        })
        .expect("the name is good");
    let result = codemode.execute("").await.expect("the peer answers");
    assert_eq!((result.success, result.outcome, result.result), (false, Outcome::TimedOut, None));
    let error = result.error.expect("it failed");
    assert_eq!((error.kind.as_str(), error.message.as_str(), error.limit), ("Timeout", "30 s of 30 s", "wall_time"));
    assert_eq!(result.tool_calls[0].status, ToolCallStatus::Cancelled);
    // The closure holds one and this function another: the call's own is gone.
    tokio::time::timeout(Duration::from_secs(5), async {
        while Arc::strong_count(&dropped) > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the call was cancelled");
}

#[tokio::test]
async fn tool_that_panics_fails_its_call_alone() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.call(1, "broken", "{}").await;
        match stage.result().await.outcome {
            Some(Answer::Failure(failure)) => assert_eq!(failure.message, "the tool panicked"),
            other => panic!("{other:?}"),
        }
        stage.complete("null").await;
    });
    let codemode = codemode(&peer);
    let broken = |_: NoArguments| async {
        let orders: Vec<i64> = Vec::new();
        Ok::<_, ToolError>(orders[0])
    };
    codemode.register_tool("broken", broken).expect("the name is good");
    assert!(codemode.execute("").await.expect("the peer answers").success);
    peer.applause().await;
}

#[tokio::test]
async fn malformed_value_is_no_success() {
    let peer = Peer::new(async |mut stage| {
        stage.start().await;
        stage.accept().await;
        stage.complete(r#"{"$":["pickle","gA=="]}"#).await;
    });
    let result = codemode(&peer).execute("").await.expect("the peer answers");
    assert_eq!((result.success, result.outcome), (false, Outcome::Killed));
    insta::assert_snapshot!(result.error.expect("it failed").message, @"the worker sent a malformed value: not an encoded value: unknown tag `pickle`");
}
