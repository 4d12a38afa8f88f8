//! The contract between an application and an executor, as Rust types.
//!
//! The code in `generated/` comes from `proto/codemode/v1/executor.proto`, whose comments are normative. It is checked in so
//! that a build needs no generator; `make gen` writes it anew and CI fails where it differs.

pub mod limits;

/// Messages, client and server of `codemode.v1`.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::large_enum_variant,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod v1 {
    include!("generated/codemode.v1.rs");
}

/// The compiled `.proto`, for server reflection and for the structure snapshot.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/codemode.v1.bin");
