//! Client library of codemode: programs that a model wrote run in an executor's jail, tools run here.
pub mod execution;
pub mod local;
mod random;
pub mod transport;
pub mod values;
