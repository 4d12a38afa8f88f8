//! The first message of an execution, checked and made ready for the worker.
//!
//! Everything here comes from a client that may be hostile: counts, sizes and characters are checked before a worker is
//! taken. The header that the worker gets is built once, as JSON text.

use std::collections::HashSet;

use codemode_proto::v1;
use serde::Serialize;
use serde_json::value::RawValue;

use super::explain::Bounds;
use super::journal::{JournalSize, MAX_JOURNAL};
use crate::limits::{InvalidLimit, Limits, display_size};

const MAX_ID: usize = 128;
const MAX_TOOLS: usize = 1_000;
const MAX_TOOL_NAME: usize = 128;
const MAX_PARAMETERS: usize = 256;
const SEED: usize = 32;

/// What is wrong with a start message. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidStart {
    #[error("`start.execution_id` must be 1 to {MAX_ID} characters of A-Z, a-z, 0-9 and `._:-`")]
    ExecutionId,
    #[error("`start.correlation_id` must be at most {MAX_ID} printable ASCII characters")]
    CorrelationId,
    #[error("`start.tools` has {0} tools; the most is {MAX_TOOLS}")]
    TooManyTools(usize),
    #[error(
        "`start.tools[{index}].name` must be 1 to {MAX_TOOL_NAME} characters without control characters, and must not begin with `__`"
    )]
    ToolName { index: usize },
    #[error("`start.tools[{index}].name` repeats `{name}`; names are unique")]
    RepeatedTool { index: usize, name: String },
    #[error("`start.tools[{index}].{field}` is not UTF-8 text")]
    ToolText { index: usize, field: &'static str },
    #[error("`start.tools[{index}].parameters` has more than {MAX_PARAMETERS} names")]
    Parameters { index: usize },
    #[error("`start.{field}` is not JSON text: {error}")]
    Json { field: &'static str, error: serde_json::Error },
    #[error("`start.{field}` is {}; the limit is {}", display_size(*size as u64), display_size(*limit))]
    TooLarge { field: &'static str, size: usize, limit: u64 },
    #[error("`start.seed` is {0} bytes; it must be {SEED} or none")]
    Seed(usize),
    #[error("`start.runtime` must be at most {MAX_ID} printable ASCII characters")]
    Runtime,
    #[error("`start.journal_calls` is {calls}; the limit is {limit} tool calls")]
    JournalCalls { calls: u32, limit: u32 },
    #[error("`start.journal_size` is {}; the most is {}", display_size(*.0), display_size(MAX_JOURNAL))]
    JournalSize(u64),
    #[error("`start.{0}` is missing: a replay needs it")]
    JournalNeeds(&'static str),
    #[error(transparent)]
    Limit(#[from] InvalidLimit),
}

/// A start message that holds what the contract promises.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) execution_id: String,
    pub(crate) correlation_id: String,
    pub(crate) bounds: Bounds,
    /// By index, as the worker calls them.
    pub(crate) tools: Vec<String>,
    /// `None` when the source is longer than its limit: the program is rejected without a worker.
    pub(crate) header: Option<Vec<u8>>,
    pub(crate) code_size: usize,
    pub(crate) journal: JournalSize,
    /// Of the attempt that made the journal; empty where the client does not say.
    pub(crate) runtime: String,
}

#[derive(Serialize)]
struct Header<'a> {
    code: &'a str,
    tools: Vec<(&'a str, bool, &'a [String])>,
    /// An encoded value as text: the worker decodes it as it does every other.
    config: Option<&'a str>,
    context: Option<&'a str>,
    seed: String,
    journal: u32,
    limits: HeaderLimits,
    describe: Vec<(&'a str, Option<&'a str>, Option<&'a str>)>,
}

#[derive(Serialize)]
struct HeaderLimits {
    value: u64,
    tool_calls: u32,
    memory: u64,
}

impl Program {
    pub(crate) fn check(start: &v1::Start, defaults: &Limits, ceilings: &Limits) -> Result<Self, InvalidStart> {
        if !is_id(&start.execution_id) {
            return Err(InvalidStart::ExecutionId);
        }
        let printable = |byte: u8| (b' '..=b'~').contains(&byte);
        if start.correlation_id.len() > MAX_ID || !start.correlation_id.bytes().all(printable) {
            return Err(InvalidStart::CorrelationId);
        }
        let limits = Limits::resolve(start.limits, defaults, ceilings)?;
        let journal = check_journal(start, &limits)?;
        let config = encoded("config", &start.config, limits.value)?;
        let context = encoded("context", &start.context, limits.value)?;
        let describe = check_tools(&start.tools)?;
        let header = (start.code.len() as u64 <= limits.code).then(|| {
            let header = Header {
                code: &start.code,
                tools: start
                    .tools
                    .iter()
                    .map(|tool| (tool.name.as_str(), tool.is_async, tool.parameters.as_slice()))
                    .collect(),
                config,
                context,
                seed: seed(&start.seed),
                journal: journal.calls,
                limits: HeaderLimits { value: limits.value, tool_calls: limits.tool_calls, memory: limits.memory },
                describe,
            };
            serde_json::to_vec(&header).expect("strings, numbers and checked JSON always serialise")
        });
        Ok(Self {
            execution_id: start.execution_id.clone(),
            correlation_id: start.correlation_id.clone(),
            bounds: Bounds { limits, ceilings: ceilings.clone() },
            tools: start.tools.iter().map(|tool| tool.name.clone()).collect(),
            header,
            code_size: start.code.len(),
            journal,
            runtime: start.runtime.clone(),
        })
    }
}

fn check_journal(start: &v1::Start, limits: &Limits) -> Result<JournalSize, InvalidStart> {
    if !matches!(start.seed.len(), 0 | SEED) {
        return Err(InvalidStart::Seed(start.seed.len()));
    }
    if start.runtime.len() > MAX_ID || !start.runtime.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(InvalidStart::Runtime);
    }
    let (calls, limit) = (start.journal_calls, limits.tool_calls);
    if calls > limit {
        return Err(InvalidStart::JournalCalls { calls, limit });
    }
    if start.journal_size > MAX_JOURNAL {
        return Err(InvalidStart::JournalSize(start.journal_size));
    }
    if calls > 0 {
        // Without these it would run as another program than the one that made the journal.
        let needs = [("seed", start.seed.is_empty()), ("runtime", start.runtime.is_empty())];
        if let Some((field, _)) = needs.into_iter().find(|(_, missing)| *missing) {
            return Err(InvalidStart::JournalNeeds(field));
        }
    }
    Ok(JournalSize { calls, bytes: start.journal_size })
}

/// An encoded value as text; its content is the worker's to decode.
fn encoded<'a>(field: &'static str, value: &'a [u8], limit: u64) -> Result<Option<&'a str>, InvalidStart> {
    if value.len() as u64 > limit {
        return Err(InvalidStart::TooLarge { field, size: value.len(), limit });
    }
    if value.is_empty() {
        return Ok(None);
    }
    let text = serde_json::from_slice::<&RawValue>(value).map_err(|error| InvalidStart::Json { field, error })?;
    Ok(Some(text.get()))
}

fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(allowed)
}

type Description<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

fn check_tools(tools: &[v1::Tool]) -> Result<Vec<Description<'_>>, InvalidStart> {
    if tools.len() > MAX_TOOLS {
        return Err(InvalidStart::TooManyTools(tools.len()));
    }
    let mut names = HashSet::with_capacity(tools.len());
    let mut describe = Vec::with_capacity(tools.len());
    for (index, tool) in tools.iter().enumerate() {
        let name = tool.name.as_str();
        let length = name.chars().count();
        if !(1..=MAX_TOOL_NAME).contains(&length) || name.starts_with("__") || name.chars().any(char::is_control) {
            return Err(InvalidStart::ToolName { index });
        }
        if !names.insert(name) {
            return Err(InvalidStart::RepeatedTool { index, name: name.to_owned() });
        }
        if tool.parameters.len() > MAX_PARAMETERS {
            return Err(InvalidStart::Parameters { index });
        }
        let input = text(&tool.input_schema).ok_or(InvalidStart::ToolText { index, field: "input_schema" })?;
        let output = text(&tool.output_schema).ok_or(InvalidStart::ToolText { index, field: "output_schema" })?;
        describe.push((tool.description.as_str(), input, output));
    }
    Ok(describe)
}

/// Optional text: empty means none.
#[expect(clippy::option_option, reason = "the outer one is the check, the inner one the content")]
fn text(bytes: &[u8]) -> Option<Option<&str>> {
    match std::str::from_utf8(bytes) {
        Ok("") => Some(None),
        Ok(text) => Some(Some(text)),
        Err(_) => None,
    }
}

/// The client's seed in hexadecimal, or one made here: the worker's random numbers are drawn from it.
fn seed(given: &[u8]) -> String {
    let mut bytes = [0; SEED];
    match given.try_into() {
        Ok(given) => bytes = given,
        Err(_) => getrandom::fill(&mut bytes).expect("the kernel gives random bytes once it has booted"),
    }
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        write!(text, "{byte:02x}").expect("a string takes every write");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: &v1::Start) -> Result<Program, String> {
        Program::check(start, &Limits::defaults(), &Limits::ceilings()).map_err(|error| error.to_string())
    }

    fn start() -> v1::Start {
        v1::Start { execution_id: "e1".to_owned(), code: "1".to_owned(), ..v1::Start::default() }
    }

    fn tool(name: &str) -> v1::Tool {
        v1::Tool { name: name.to_owned(), ..v1::Tool::default() }
    }

    #[test]
    fn header_carries_the_program() {
        let program = check(&v1::Start {
            config: bytes::Bytes::from_static(b"{\"a\":1}"),
            context: bytes::Bytes::from_static(b"{\"tenant\":\"acme\"}"),
            tools: vec![v1::Tool { parameters: vec!["city".to_owned()], ..tool("weather") }],
            ..start()
        })
        .unwrap();
        let header: serde_json::Value = serde_json::from_slice(&program.header.unwrap()).unwrap();
        assert_eq!(header["code"], "1");
        assert_eq!(header["config"], r#"{"a":1}"#);
        assert_eq!(header["context"], r#"{"tenant":"acme"}"#);
        assert_eq!(header["tools"], serde_json::json!([["weather", false, ["city"]]]));
        assert_eq!(header["describe"], serde_json::json!([["", null, null]]));
        assert_eq!(header["seed"].as_str().unwrap().len(), 64);
        assert_eq!(header["journal"], 0);
    }

    #[test]
    fn seed_of_the_client_is_the_workers() {
        let program = check(&v1::Start { seed: (0..32).collect::<Vec<u8>>().into(), ..start() }).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&program.header.unwrap()).unwrap();
        assert_eq!(header["seed"], "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    }

    #[test]
    fn bad_fields_are_named() {
        let cases = [
            (
                v1::Start { execution_id: "a b".to_owned(), ..start() },
                "`start.execution_id` must be 1 to 128 characters of A-Z, a-z, 0-9 and `._:-`",
            ),
            (
                v1::Start { correlation_id: "a\nb".to_owned(), ..start() },
                "`start.correlation_id` must be at most 128 printable ASCII characters",
            ),
            (
                v1::Start { tools: vec![tool("a"), tool("a")], ..start() },
                "`start.tools[1].name` repeats `a`; names are unique",
            ),
            (
                v1::Start { tools: vec![tool("__list__")], ..start() },
                "`start.tools[0].name` must be 1 to 128 characters without control characters, and must not begin with `__`",
            ),
            (
                v1::Start { config: bytes::Bytes::from_static(b"{"), ..start() },
                "`start.config` is not JSON text: EOF while parsing an object at line 1 column 1",
            ),
            (v1::Start { seed: vec![1; 31].into(), ..start() }, "`start.seed` is 31 bytes; it must be 32 or none"),
            (
                v1::Start { runtime: "cpython\n".to_owned(), ..start() },
                "`start.runtime` must be at most 128 printable ASCII characters",
            ),
            (
                v1::Start { journal_calls: 1_001, ..start() },
                "`start.journal_calls` is 1001; the limit is 1000 tool calls",
            ),
            (
                v1::Start { journal_calls: 1, journal_size: MAX_JOURNAL + 1, ..start() },
                "`start.journal_size` is 64.0 MiB; the most is 64.0 MiB",
            ),
            (v1::Start { journal_calls: 1, ..start() }, "`start.seed` is missing: a replay needs it"),
            (
                v1::Start { journal_calls: 1, seed: vec![1; 32].into(), ..start() },
                "`start.runtime` is missing: a replay needs it",
            ),
            (
                v1::Start { context: bytes::Bytes::from_static(b"}"), ..start() },
                "`start.context` is not JSON text: expected value at line 1 column 1",
            ),
        ];
        for (start, message) in cases {
            assert_eq!(check(&start).unwrap_err(), message);
        }
    }

    #[test]
    fn source_over_its_limit_gets_no_header() {
        let program = check(&v1::Start { code: "#".repeat(100_001), ..start() }).unwrap();
        assert!(program.header.is_none());
    }
}
