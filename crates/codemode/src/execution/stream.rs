//! The application's end of an execution.

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Control, ExecutionError, Finished, Suspended};

/// Where a piece of output was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A call of one of the application's tools. Its result goes to [`Control::answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Ascending within the execution, and the same on each attempt.
    pub call_id: u32,
    /// One of the tools that were offered.
    pub tool: String,
    /// An encoded value: a dict of keyword arguments. Not yet decoded, so not yet checked.
    pub arguments: Bytes,
}

/// What comes from an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The program calls a tool.
    ToolCall(ToolCall),
    /// A piece of output, in [`super::OutputMode::Stream`].
    Output {
        /// Where it was written.
        stream: OutputStream,
        /// Bytes; a character may be split between two pieces.
        data: Bytes,
    },
    /// The last event.
    Finished(Box<Finished>),
    /// The last event where every open call was suspended: see [`Control::suspend`].
    Suspended(Box<Suspended>),
}

/// A running execution. Dropping it cancels the program.
#[derive(Debug)]
pub struct Execution {
    events: mpsc::Receiver<Result<Event, ExecutionError>>,
    control: Control,
    /// Owns the session.
    task: JoinSet<()>,
    url: String,
    ended: bool,
}

impl Execution {
    pub(super) fn new(
        events: mpsc::Receiver<Result<Event, ExecutionError>>,
        control: Control,
        task: JoinSet<()>,
        url: String,
    ) -> Self {
        Self { events, control, task, url, ended: false }
    }

    /// Answers tool calls and cancels, from anywhere.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The next event; `None` after the last one, which is [`Event::Finished`],
    /// [`Event::Suspended`] or an error. Cancel-safe.
    pub async fn next_event(&mut self) -> Option<Result<Event, ExecutionError>> {
        std::future::poll_fn(|context| self.poll_event(context)).await
    }

    /// As [`Self::next_event`], for callers that have a waker of their own.
    pub fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Event, ExecutionError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.events.poll_recv(context).map(|event| {
            let event = event.unwrap_or_else(|| Err(ExecutionError::Stopped { url: self.url.clone() }));
            self.ended = matches!(event, Err(_) | Ok(Event::Finished(_) | Event::Suspended(_)));
            Some(event)
        })
    }

    /// Whether the last event was given.
    pub fn is_ended(&self) -> bool {
        self.ended
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        if self.ended {
            // What is left to the session is to read the end of the stream, which it does within a bound of its own.
            self.task.detach_all();
        }
    }
}
