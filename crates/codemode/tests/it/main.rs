//! The client against a peer that plays an executor: real gRPC over a real socket.

#![expect(unreachable_pub, reason = "a test binary has no public interface")]

mod client;
mod execution;
mod hostile;
mod local;
mod peer;
mod registry;
mod retry;
mod tls;
mod values;
