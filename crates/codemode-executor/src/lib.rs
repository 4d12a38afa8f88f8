//! The executor: a gRPC service that runs programs in jailed workers.
//!
//! Data flows one way: [`service`] (gRPC, keys) → [`tenants`] (whose turn it is) → [`execution`] (one program's life) →
//! [`pool`] (warm workers) → the worker, whose Python is in `worker/` and whose jail is the crate `codemode-jail`. Nothing in here needs `unsafe`.
//!
//! Feature `fuzzing`: the entry points of `fuzz/`, and nothing for anybody else.

mod auth;
mod config;
mod connections;
mod execution;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod limits;
mod pool;
mod server;
mod service;
mod shutdown;
mod tenants;
mod tls;
mod worker_files;

pub use auth::{ApiKey, InvalidKey};
pub use config::{Anonymous, ConfigError, ExecutorConfig, Listen, Strictness};
pub use limits::Limits;
pub use pool::PoolSize;
pub use server::{Executor, ServeError, start};
pub use tenants::{Rate, Tenant, TenantCeilings};
pub use tls::{ClientAuth, ServerTls, ServerTlsError};
