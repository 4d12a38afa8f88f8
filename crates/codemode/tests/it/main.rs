//! The client against a peer that plays an executor: real gRPC over a real socket.

#![expect(unreachable_pub, reason = "a test binary has no public interface")]

mod client;
mod execution;
mod fleet;
mod hostile;
mod journal;
mod local;
mod loss;
mod oracle;
mod peer;
mod registry;
mod replay;
mod retry;
mod tls;
mod values;
mod values_agree;
