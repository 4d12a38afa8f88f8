//! A hostile executor: any messages, in any order.

use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use codemode_proto::v1::execute_response::Message;
use codemode_proto::v1::{self, ExecuteResponse};
use prost::Message as _;

use super::check::{Checker, Violation};
use super::{ExecutorInfo, Finished, Limits, StartRequest, ToolDescription, ToolOutcome, ToolSet};
use crate::journal::{Journal, Recorder};

/// Any messages to a client that asked for any limits.
pub fn executor_messages(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

/// Whether a client that asked for no limits takes these messages, what they say of its answers left aside. `replayed`: how many calls its journal has, and the
/// number of the last.
pub fn hear(
    tools: &[String],
    replayed: (u32, u32),
    responses: Vec<ExecuteResponse>,
) -> std::result::Result<(), Violation> {
    let mut client = Client::new(tools, Limits::default(), replayed);
    responses.into_iter().try_for_each(|response| client.take(response).map(drop))
}

fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    let given = |number: u64| (number != 0).then_some(number);
    let asked = Limits {
        value: given(choices.int_in_range(0..=200)?),
        output: given(choices.int_in_range(0..=200)?),
        tool_calls: given(choices.int_in_range(0..=3)?).and_then(|count| u32::try_from(count).ok()),
        ..Limits::default()
    };
    // A recorder has no journal here, so a replay is without one.
    let replayed = if choices.arbitrary()? { (0, 0) } else { (choices.int_in_range(1..=2)?, 3) };
    let mut client = Client::new(&["a".to_owned(), "b".to_owned()], asked, replayed);
    client.records = replayed == (0, 0);
    while !choices.is_empty() {
        if choices.ratio(1, 4)? {
            client.answer(choices.int_in_range(0..=5)?);
        }
        let response = if choices.arbitrary()? {
            let length = choices.int_in_range(0..=300)?;
            let bytes = choices.bytes(length.min(choices.len()))?;
            if let Ok(info) = v1::GetInfoResponse::decode(bytes) {
                let report = ExecutorInfo::from_wire(info).to_json();
                serde_json::from_str::<serde_json::Value>(&report).expect("the report is JSON");
            }
            let Ok(response) = ExecuteResponse::decode(bytes) else { continue };
            response
        } else {
            ExecuteResponse { message: Some(message(choices, client.last)?) }
        };
        if let Err(violation) = client.take(response) {
            let shown = violation.to_string();
            assert!(shown.len() < 1_000 && !shown.contains(char::is_control), "{shown:?}");
            return Ok(());
        }
        if client.ended {
            return Ok(());
        }
    }
    Ok(())
}

fn message(choices: &mut Unstructured<'_>, last: u32) -> Result<Message> {
    let size = choices.int_in_range(0..=300)?;
    let filler = bytes::Bytes::from(vec![b'x'; size]);
    Ok(match choices.int_in_range(0..=6u8)? {
        0 => {
            let limits = v1::Limits {
                value: choices.int_in_range(0..=400)?,
                output: choices.int_in_range(0..=400)?,
                tool_calls: choices.int_in_range(0..=4)?,
                ..v1::Limits::default()
            };
            Message::Accepted(v1::Accepted {
                limits: choices.arbitrary::<bool>()?.then_some(limits),
                ..v1::Accepted::default()
            })
        }
        1..=2 => Message::ToolCall(v1::ToolCall {
            call_id: if choices.ratio(7, 8)? { last.wrapping_add(1) } else { choices.arbitrary()? },
            tool: (*choices.choose(&["a", "b", "a", "b", "c"])?).to_owned(),
            arguments: filler,
            clock: vec![0; choices.int_in_range(0..=40_000)?].into(),
            answered: answered(choices)?,
            unreplayable: if choices.ratio(1, 16)? { choices.arbitrary()? } else { String::new() },
        }),
        3..=5 => Message::Output(v1::Output { stream: choices.int_in_range(0..=3)?, data: filler }),
        _ => Message::Finished(v1::Finished {
            outcome: choices.int_in_range(0..=8)?,
            value: filler,
            answered: answered(choices)?,
            ..v1::Finished::default()
        }),
    })
}

fn answered(choices: &mut Unstructured<'_>) -> Result<Vec<v1::Answered>> {
    (0..choices.int_in_range(0..=2)?)
        .map(|_| {
            let failure = choices.ratio(1, 4)?.then(v1::ToolFailure::default);
            Ok(v1::Answered { call_id: choices.int_in_range(0..=6)?, failure })
        })
        .collect()
}

/// What the session does with each message, and what must hold of what an application then has.
struct Client {
    asked: Limits,
    checker: Checker,
    recorder: Recorder,
    /// Whether the recorder is told of calls: whoever gives the messages gives the answers, too.
    records: bool,
    tools: Vec<String>,
    most_output: u64,
    most_value: u64,
    accepted: bool,
    replayed: u32,
    /// The number of the last call.
    last: u32,
    calls: u32,
    output: u64,
    ended: bool,
}

impl Client {
    fn new(tools: &[String], asked: Limits, (calls, replayed): (u32, u32)) -> Self {
        let described = tools.iter().map(|name| ToolDescription { name: name.clone(), ..ToolDescription::default() });
        let offered = ToolSet::new(described).expect("names of tools");
        let mut recorder = Recorder::new(&Arc::new(StartRequest::new("e", "1")), None);
        recorder.begin_attempt();
        Self {
            recorder,
            records: false,
            checker: Checker::new(Arc::new(offered), replayed, calls),
            tools: tools.to_vec(),
            most_output: asked.output.unwrap_or(16 << 20) + 1024,
            most_value: asked.value.unwrap_or(64 << 20),
            asked,
            accepted: false,
            replayed,
            last: replayed,
            calls,
            output: 0,
            ended: false,
        }
    }

    /// The application answers a call, or one that there is not.
    fn answer(&mut self, number: u32) {
        let _ = self.recorder.answer(number, &ToolOutcome::Value(bytes::Bytes::from_static(b"1")));
    }

    fn take(&mut self, response: ExecuteResponse) -> std::result::Result<(), Violation> {
        assert!(!self.ended, "something after `finished` is never read");
        match response.message.ok_or(Violation::Empty)? {
            Message::Accepted(accepted) => {
                self.checker.accept(&self.asked, &accepted.limits.unwrap_or_default())?;
                self.recorder.accepted(&accepted.runtime)?;
                assert!(!self.accepted, "`accepted` twice");
                assert!(self.checker.value_limit() <= self.most_value);
                self.accepted = true;
            }
            Message::ToolCall(call) => {
                let tool = self.checker.tool_call(&call)?;
                if self.records {
                    self.recorder.called(&call, &tool)?;
                }
                assert!(self.accepted && self.tools.contains(&call.tool));
                if call.call_id > self.replayed {
                    assert!(call.call_id > self.last, "{call:?} after {}", self.last);
                    (self.last, self.calls) = (call.call_id, self.calls + 1);
                    assert!(self.asked.tool_calls.is_none_or(|most| self.calls <= most));
                }
                assert!(call.arguments.len() as u64 <= self.most_value);
            }
            Message::Output(output) => {
                self.checker.output(&output)?;
                self.output += output.data.len() as u64;
                assert!(self.accepted && self.output <= self.most_output, "{} bytes of output", self.output);
            }
            Message::Finished(finished) => {
                self.checker.finished(&finished)?;
                if self.records {
                    self.recorder.ended(&finished.answered)?;
                }
                let journal = self.recorder.snapshot();
                let document = journal.to_json();
                assert_eq!(Journal::from_json(&document).expect("what was written is read"), journal);
                let finished = Finished::from_wire(finished, journal).ok_or(Violation::UnknownOutcome)?;
                assert!(self.accepted || matches!(finished.outcome.as_str(), "rejected" | "cancelled"));
                assert!(finished.value.len() as u64 <= self.most_value);
                self.ended = true;
            }
        }
        Ok(())
    }
}
