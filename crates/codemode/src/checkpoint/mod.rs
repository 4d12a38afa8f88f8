//! Checkpoints at rest: sealed with a key of the application's, or with a digest where it gives none.

mod seal;

pub use seal::{CheckpointKey, SealError, open_plain, seal_plain};
