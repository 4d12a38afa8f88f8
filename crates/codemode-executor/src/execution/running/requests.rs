//! What the client says while the program runs, and what it does not say in time.

use codemode_proto::v1::{self, execute_request};
use tokio::time::Instant;

use super::Running;
use crate::execution::calls::Taken;
use crate::execution::end::End;
use crate::execution::explain::Raise;
use crate::execution::{ExecutionError, failure_json};
use crate::frame::{self, ResultStatus};
use crate::limits::display_size;

impl Running {
    pub(super) fn take_request(&mut self, request: v1::ExecuteRequest) -> Result<Option<End>, ExecutionError> {
        match request.message {
            Some(execute_request::Message::ToolResult(_)) if !self.journal.is_complete() => {
                Err(self.journal.expected("tool_result"))
            }
            Some(execute_request::Message::ToolResult(result)) => {
                if self.calls.take(result.call_id)? == Taken::Wanted {
                    self.answer_call(result)?;
                }
                Ok(None)
            }
            Some(execute_request::Message::Cancel(v1::Cancel {})) => Ok(Some(End::cancelled())),
            Some(execute_request::Message::Start(_)) => {
                Err(ExecutionError::Malformed("`start` was sent a second time".to_owned()))
            }
            Some(execute_request::Message::Journal(part)) => {
                self.journal.take(part, &mut self.calls, &mut self.outbound)?;
                let _ = self.write_to_worker();
                Ok(None)
            }
            None => {
                Err(ExecutionError::Malformed("`message` has none of `tool_result`, `cancel`, `journal`".to_owned()))
            }
        }
    }

    fn answer_call(&mut self, result: v1::ToolResult) -> Result<(), ExecutionError> {
        let call_id = result.call_id;
        match result.outcome {
            Some(v1::tool_result::Outcome::Value(value)) if value.len() as u64 > self.bounds.limits.value => {
                let message = format!(
                    "the tool's result is {}; for one value {}",
                    display_size(value.len() as u64),
                    self.bounds.limit(Raise::Value)
                );
                self.fail_call(call_id, "ValueError", message);
            }
            Some(v1::tool_result::Outcome::Value(value)) => {
                self.calls.answer(call_id, None);
                frame::put_result(&mut self.outbound, call_id, ResultStatus::Value, &value);
            }
            Some(v1::tool_result::Outcome::Failure(failure)) => {
                self.calls.answer(call_id, None);
                self.put_failure(call_id, &failure.r#type, &failure.message, &failure.builtin_type);
            }
            None => {
                return Err(ExecutionError::Malformed(
                    "`tool_result.outcome` has neither `value` nor `failure`".to_owned(),
                ));
            }
        }
        // What cannot be written now waits until the worker reads.
        let _ = self.write_to_worker();
        Ok(())
    }

    pub(super) fn put_failure(&mut self, call_id: u32, kind: &str, message: &str, builtin: &str) {
        let payload = failure_json(kind, message, builtin);
        frame::put_result(&mut self.outbound, call_id, ResultStatus::Failure, payload.as_bytes());
    }

    /// Answers a call of which the client knows, in its place. It learns of that with the next call.
    pub(super) fn fail_call(&mut self, call_id: u32, kind: &str, message: String) {
        self.put_failure(call_id, kind, &message, kind);
        let failure = v1::ToolFailure { r#type: kind.to_owned(), message, builtin_type: kind.to_owned() };
        self.calls.answer(call_id, Some(failure));
    }

    pub(super) fn expire_calls(&mut self) {
        let remedy = self.bounds.remedy(Raise::ToolCallTime);
        let seconds = self.bounds.limits.tool_call_time.as_secs_f64();
        while let Some(call_id) = self.calls.expire(Instant::now()) {
            let message = format!("the tool did not answer within {seconds} s: {remedy}");
            self.fail_call(call_id, "TimeoutError", message);
        }
        let _ = self.write_to_worker();
    }
}
