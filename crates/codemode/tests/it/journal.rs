//! The journal as a document: what is written is read again, and nothing else is.

use codemode::execution::{Event, Finished, ToolOutcome};
use codemode::journal::{Journal, JournalError};
use codemode_proto::v1;
use codemode_proto::v1::execute_response::Message as Response;
use proptest::prelude::*;

use crate::peer::Peer;

/// The journal of an execution that passes these arguments and gets these outcomes; `None` leaves its call open.
fn journal_of(calls: Vec<(Vec<u8>, Option<ToolOutcome>)>) -> Journal {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is room for it");
    runtime.block_on(async {
        let sent = calls.clone();
        let peer = Peer::new(move |mut stage| {
            let sent = sent.clone();
            async move {
                stage.start().await;
                stage.accept().await;
                let mut answered = Vec::new();
                for (call_id, (arguments, outcome)) in (1..).zip(sent) {
                    let call = v1::ToolCall {
                        call_id,
                        tool: "echo".to_owned(),
                        arguments: arguments.into(),
                        clock: vec![0xff, 0].into(),
                        answered: std::mem::take(&mut answered),
                        unreplayable: String::new(),
                    };
                    stage.send(Response::ToolCall(call)).await;
                    if outcome.is_some() {
                        stage.result().await;
                        answered.push(v1::Answered { call_id, failure: None });
                    }
                }
                stage.complete("1").await;
            }
        });
        let mut execution = peer.start();
        let control = execution.control().clone();
        let mut outcomes = calls.into_iter().map(|(_, outcome)| outcome);
        loop {
            match execution.next_event().await.expect("the end has not come").expect("nothing failed") {
                Event::ToolCall(call) => {
                    if let Some(outcome) = outcomes.next().expect("each call was written") {
                        control.answer(call.call_id, outcome).expect("the call waits");
                    }
                }
                Event::Finished(finished) => break Finished::clone(&finished).journal,
                other => panic!("{other:?}"),
            }
        }
    })
}

fn outcome() -> impl Strategy<Value = Option<ToolOutcome>> {
    let text = "[ -~é\u{0}]{0,20}";
    prop_oneof![
        Just(None),
        bytes().prop_map(|value| Some(ToolOutcome::Value(value.into()))),
        (text, text, text).prop_map(|(kind, message, builtin_type)| Some(ToolOutcome::Failure {
            kind,
            message,
            builtin_type
        })),
    ]
}

/// Encoded values, and what a worker that broke out may send in their place.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let json = prop_oneof![
        Just("null"),
        Just(" null"),
        Just("{}"),
        Just(r#"{"a": 1.50}"#),
        Just(r#""\ud800""#),
        Just("1e400"),
        Just(""),
        Just(r#"{"$":["bytes","aGk="]}"#),
        Just("[1,]"),
        Just("-0.0"),
        Just("123456789012345678901234567890"),
    ];
    prop_oneof![json.prop_map(|text| text.as_bytes().to_vec()), proptest::collection::vec(any::<u8>(), 0..20)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn document_is_read_as_it_was_written(calls in proptest::collection::vec((bytes(), outcome()), 0..6)) {
        let journal = journal_of(calls.clone());
        let read = Journal::from_json(&journal.to_json()).expect("it was written here");
        for (call, (arguments, _)) in read.calls().iter().zip(&calls) {
            prop_assert_eq!(call.arguments.as_ref(), arguments.as_slice());
        }
        prop_assert_eq!(read.to_json(), journal.to_json());
    }

    #[test]
    fn garbage_is_refused(document in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Journal::from_json(&document).is_err());
        let _ = Journal::from_log(&document);
    }

    #[test]
    fn any_edit_is_noticed(position in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let document = example().to_json();
        let mut edited = document.clone();
        let position = position.index(edited.len());
        prop_assume!(edited[position] != byte);
        edited[position] = byte;
        prop_assert!(Journal::from_json(&edited).is_err());
        prop_assert!(Journal::from_json(&document[..position]).is_err());
    }
}

fn example() -> Journal {
    journal_of(vec![(br#"{"a": 1}"#.to_vec(), Some(ToolOutcome::Value("null".into()))), (b"{}".to_vec(), None)])
}

#[test]
fn newer_format_names_both() {
    let document = String::from_utf8(example().to_json()).expect("it is JSON");
    assert!(document.starts_with(r#"{"format":1,"sha256":""#), "{document}");
    let error = Journal::from_json(br#"{"format":2,"anything":[]}"#).expect_err("it is newer");
    insta::assert_snapshot!(error, @"the journal has the format 2; this release reads up to 1");
    assert_eq!(Journal::from_json(document.replace("exec-1", "exec-2").as_bytes()), Err(JournalError::Edited));
}

#[test]
fn call_is_answered_once() {
    let journal = example();
    let answered = journal.answer(2, ToolOutcome::Value("2".into())).expect("the call is open");
    assert_eq!((journal.calls()[1].outcome.is_none(), answered.calls()[1].outcome.is_some()), (true, true));
    assert_eq!(answered.answer(2, ToolOutcome::Value("2".into())), Err(JournalError::Answered { number: 2 }));
    assert_eq!(journal.answer(7, ToolOutcome::Value("2".into())), Err(JournalError::UnknownCall { number: 7 }));
}
