//! What starts an execution: the program, the tools that it may call, and what holds for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use codemode_proto::v1;

use super::Limits;
use crate::journal::{Journal, Replay};

/// The most tools of one execution, and the longest name of one, by the contract.
const MAX_TOOLS: usize = 1_000;
const MAX_TOOL_NAME: usize = 128;
/// Names that begin so belong to the meta-tools.
const RESERVED_PREFIX: &str = "__";

/// A tool as the program sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolDescription {
    /// 1 to 128 characters; names that begin with `__` are reserved.
    pub name: String,
    /// What the meta-tools show to the program.
    pub description: String,
    /// Parameter names in order; positional arguments are mapped by them.
    pub parameters: Vec<String>,
    /// Whether the program gets an awaitable.
    pub is_async: bool,
    /// JSON Schema documents; empty means none.
    pub input_schema: Bytes,
    /// See `input_schema`.
    pub output_schema: Bytes,
}

/// The tools of an execution, checked and ready to be sent. Built once for each version of a registry.
#[derive(Clone, Debug, Default)]
pub struct ToolSet {
    pub(super) tools: Vec<v1::Tool>,
    pub(super) names: HashSet<Arc<str>>,
}

/// Why tools cannot be offered. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolSetError {
    /// Empty, longer than 128 characters, or reserved.
    #[error("`{name}` cannot be the name of a tool: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two tools have one name.
    #[error("two tools have the name `{name}`")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// More than an execution may have.
    #[error("{count} tools are more than the {MAX_TOOLS} that an execution may have")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

/// Checks the name of a tool against the contract.
pub(crate) fn check_tool_name(name: &str) -> Result<(), ToolSetError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.chars().count() > MAX_TOOL_NAME {
        "it is longer than 128 characters"
    } else if name.starts_with(RESERVED_PREFIX) {
        "names that begin with `__` are reserved"
    } else {
        return Ok(());
    };
    Err(ToolSetError::Name { name: name.to_owned(), reason })
}

impl ToolSet {
    /// Checks names and counts.
    pub fn new(tools: impl IntoIterator<Item = ToolDescription>) -> Result<Self, ToolSetError> {
        let mut set = Self::default();
        for tool in tools {
            check_tool_name(&tool.name)?;
            if !set.names.insert(Arc::from(tool.name.as_str())) {
                return Err(ToolSetError::Duplicate { name: tool.name });
            }
            set.tools.push(v1::Tool {
                name: tool.name,
                description: tool.description,
                parameters: tool.parameters,
                is_async: tool.is_async,
                input_schema: tool.input_schema,
                output_schema: tool.output_schema,
            });
        }
        if set.tools.len() > MAX_TOOLS {
            return Err(ToolSetError::TooMany { count: set.tools.len() });
        }
        Ok(set)
    }

    /// How many tools there are.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    pub(crate) fn as_wire(&self) -> &[v1::Tool] {
        &self.tools
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }
}

/// What becomes of the program's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputMode {
    /// It is kept and given with [`super::Finished`].
    #[default]
    Accumulate,
    /// Each piece is an event when it arrives.
    Stream,
}

/// An execution to start.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// Unique for each execution: 1 to 128 characters of `[A-Za-z0-9._:-]`.
    pub execution_id: String,
    /// The Python program.
    pub code: String,
    /// The tools that it may call.
    pub tools: Arc<ToolSet>,
    /// An encoded value: the program's global `config`. Empty means none.
    pub config: Bytes,
    /// What is asked for.
    pub limits: Limits,
    /// An encoded dict: what the program may read of the caller's context. Empty means nothing.
    pub context: Bytes,
    /// For tracing only; printable ASCII, at most 128 characters, or empty.
    pub correlation_id: String,
    /// The W3C trace context of the caller, sent as the `traceparent` header; empty for none.
    pub traceparent: String,
    /// For the whole of it, attempts and backoff included, as seen from here.
    pub deadline: Duration,
    /// What becomes of the output.
    pub output: OutputMode,
    /// What it goes on from: the journal of an execution with the same id, program, config, context, tools and limits (the
    /// wall and processor times may differ). Calls without an outcome in it count as suspended until they are answered.
    pub journal: Option<Journal>,
    /// Calls without an outcome in `journal` that the application works on again: it is given each when the program makes it.
    pub resumed: Vec<u32>,
}

impl StartRequest {
    /// A program without tools, under the executor's default limits. The deadline is above the default wall time of 30 s.
    pub fn new(execution_id: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            execution_id: execution_id.into(),
            code: code.into(),
            tools: Arc::default(),
            config: Bytes::new(),
            limits: Limits::default(),
            context: Bytes::new(),
            correlation_id: String::new(),
            traceparent: String::new(),
            deadline: Duration::from_secs(35),
            output: OutputMode::Accumulate,
            journal: None,
            resumed: Vec::new(),
        }
    }

    /// What begins an attempt, whose journal follows.
    pub(super) fn to_wire(&self, seed: [u8; 32], replay: &Replay, runtime: &str) -> v1::ExecuteRequest {
        let replays = replay.len() > 0;
        v1::ExecuteRequest {
            message: Some(v1::execute_request::Message::Start(v1::Start {
                execution_id: self.execution_id.clone(),
                code: self.code.clone(),
                tools: self.tools.tools.clone(),
                config: self.config.clone(),
                limits: (!self.limits.is_default()).then(|| self.limits.to_wire()),
                correlation_id: self.correlation_id.clone(),
                context: self.context.clone(),
                seed: Bytes::copy_from_slice(&seed),
                journal_calls: replay.len(),
                journal_size: replay.size(),
                runtime: if replays { runtime.to_owned() } else { String::new() },
            })),
        }
    }

    /// What the contract asks of the fields that the executor would otherwise have to refuse.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let id = |character: char| character.is_ascii_alphanumeric() || "._:-".contains(character);
        if !(1..=128).contains(&self.execution_id.len()) || !self.execution_id.chars().all(id) {
            return Err(("execution_id", "it has 1 to 128 characters of [A-Za-z0-9._:-]"));
        }
        let printable = |character: char| (' '..='~').contains(&character);
        if self.correlation_id.len() > 128 || !self.correlation_id.chars().all(printable) {
            return Err(("correlation_id", "it has at most 128 characters of printable ASCII"));
        }
        if !self.traceparent.is_empty() && !is_traceparent(&self.traceparent) {
            return Err((
                "traceparent",
                "it is not a W3C trace context: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`",
            ));
        }
        if self.code.contains('\0') {
            return Err(("code", "a program has no NUL character"));
        }
        Ok(())
    }
}

/// `version-trace-parent-flags`, each in lower-case hexadecimal. A later version may have more fields.
fn is_traceparent(text: &str) -> bool {
    let hexadecimal = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let parts: Vec<&str> = text.split('-').collect();
    let known = parts.len() == 4 || (parts.len() > 4 && parts[0] != "00" && text.len() <= 256 && text.is_ascii());
    known && [2, 32, 16, 2].iter().zip(&parts).all(|(&length, part)| hexadecimal(part, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str) -> ToolDescription {
        ToolDescription { name: name.to_owned(), ..ToolDescription::default() }
    }

    #[test]
    fn tool_names_are_checked() {
        let error = |tools: &[&str]| match ToolSet::new(tools.iter().map(|name| tool(name))) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        insta::assert_snapshot!(error(&[""]), @"`` cannot be the name of a tool: it is empty");
        insta::assert_snapshot!(error(&["__list__"]), @"`__list__` cannot be the name of a tool: names that begin with `__` are reserved");
        insta::assert_snapshot!(error(&["weather", "weather"]), @"two tools have the name `weather`");
        assert_eq!(error(&["é".repeat(129).as_str()]).matches("longer than 128").count(), 1);
    }

    #[test]
    fn an_execution_has_at_most_a_thousand_tools() {
        let tools = |count: usize| ToolSet::new((0..count).map(|number| tool(&format!("tool_{number}"))));
        assert_eq!(tools(1_000).map(|set| set.len()), Ok(1_000));
        assert_eq!(tools(1_001).map(|set| set.len()), Err(ToolSetError::TooMany { count: 1_001 }));
    }

    #[test]
    fn a_program_with_nul_is_refused_before_it_is_sent() {
        assert_eq!(StartRequest::new("x", "a\0b").check(), Err(("code", "a program has no NUL character")));
        assert!(StartRequest::new("a b", "").check().is_err());
        assert_eq!(StartRequest::new("exec-1", "result = 1").check(), Ok(()));
    }

    #[test]
    fn trace_contexts_are_those_of_w3c() {
        let check = |traceparent: &str| {
            StartRequest { traceparent: traceparent.to_owned(), ..StartRequest::new("e", "1") }.check().is_ok()
        };
        assert!(check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        assert!(check("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what"));
        assert!(!check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what"));
        assert!(!check("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        assert!(!check("00-0af7651916cd43dd8448eb211c80319c"));
        assert!(!check("nonsense\n"));
    }
}
