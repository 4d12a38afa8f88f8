//! What an execution was made of, as digests: a journal is resumed only with the same.

use prost::Message as _;
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};

use super::JournalError;
use crate::execution::{Limits, StartRequest};

/// SHA-256 of each part of a request that a program's course depends on, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprints {
    program: String,
    config: String,
    context: String,
    tools: String,
    limits: String,
}

impl Fingerprints {
    pub(super) fn of(request: &StartRequest) -> Self {
        let mut tools = Context::new(&SHA256);
        for tool in request.tools.as_wire() {
            tools.update(&tool.encode_length_delimited_to_vec());
        }
        // How long it may run decides when a program is cut off, never what it does: it may be resumed with more time.
        let limits = Limits { wall_time: None, cpu_time: None, ..request.limits.clone() };
        Self {
            program: hash(request.code.as_bytes()),
            config: hash(&request.config),
            context: hash(&request.context),
            tools: hex(tools.finish().as_ref()),
            limits: hash(&limits.to_wire().encode_to_vec()),
        }
    }

    /// Whether these are of `other`.
    pub(super) fn check(&self, other: &Self) -> Result<(), JournalError> {
        let parts = [
            (&self.program, &other.program, "program"),
            (&self.config, &other.config, "config"),
            (&self.context, &other.context, "context"),
            (&self.tools, &other.tools, "set of tools"),
            (&self.limits, &other.limits, "set of limits"),
        ];
        match parts.iter().find(|(ours, theirs, _)| ours != theirs) {
            Some((_, _, what)) => Err(JournalError::Other { what }),
            None => Ok(()),
        }
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn hash(data: &[u8]) -> String {
    hex(digest(&SHA256, data).as_ref())
}

pub(super) fn hex(data: &[u8]) -> String {
    use std::fmt::Write as _;
    data.iter().fold(String::with_capacity(2 * data.len()), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
