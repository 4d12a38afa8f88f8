//! Why a value cannot be read or written.

use super::MAX_DEPTH;

/// Why a text is not an encoded value, or a value not of the type that was asked for. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Not JSON.
    #[error("not an encoded value: {reason} at byte {offset}")]
    Json {
        /// What is wrong.
        reason: &'static str,
        /// Where.
        offset: usize,
    },
    /// Deeper than allowed, to read or to write.
    #[error("a value nests deeper than {MAX_DEPTH} levels")]
    Depth,
    /// A tag that the contract does not have, or one in the wrong shape.
    #[error("not an encoded value: {0}")]
    Tag(String),
    /// What is in a tag does not fit it.
    #[error("not an encoded value: wrong content of the tag `{0}`")]
    Content(&'static str),
    /// A Rust value that has no JSON form: a map with keys that are not text, or an error of its own `Serialize`.
    #[error("the value cannot be sent: {0}")]
    Serialize(#[source] serde_json::Error),
    /// The value is not what the Rust type expects. The message names the field.
    #[error("{0}")]
    Deserialize(String),
}
