//! `codemode health`: asks an executor what a balancer asks it (`grpc.health.v1`), for probes that run a command, as those of
//! Docker do, and those of Kubernetes where the executor serves TLS.
//!
//! It needs no API key, prints why an executor is not healthy, and never tries twice: a probe is repeated by whoever runs it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use codemode::execution::{Connection, ConnectionOptions};
use codemode::transport::{Address, TlsOptions};

use crate::exit;

#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    /// `http://host:port`, `https://host:port` or `unix:/path`
    url: Address,
    /// Ask whether the process lives, not whether it takes executions
    #[arg(long)]
    live: bool,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
    /// The authorities, PEM, that sign the executor's certificate, in place of the system's
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    tls_ca_file: Option<PathBuf>,
    /// A certificate to present, PEM, where the executor asks its clients for one
    #[arg(long, value_name = "FILE", requires = "tls_client_key_file", help_heading = "TLS")]
    tls_client_cert_file: Option<PathBuf>,
    /// The private key of that certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_client_cert_file", help_heading = "TLS")]
    tls_client_key_file: Option<PathBuf>,
}

pub(crate) fn run(arguments: HealthArguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error, None, exit::FAILURE),
    };
    runtime.block_on(ask(arguments))
}

async fn ask(arguments: HealthArguments) -> ExitCode {
    let timeout = Duration::from_secs(arguments.timeout);
    let (ca_file, client_cert_file) = (arguments.tls_ca_file, arguments.tls_client_cert_file);
    let tls = (ca_file.is_some() || client_cert_file.is_some()).then_some(TlsOptions {
        ca_file,
        client_cert_file,
        client_key_file: arguments.tls_client_key_file,
    });
    let options = ConnectionOptions { connect_timeout: timeout, tls, ..ConnectionOptions::default() };
    let connection = match Connection::new(&arguments.url, &options) {
        Ok(connection) => connection,
        Err(error) => return exit::report(&error, None, exit::USAGE),
    };
    let (asked, wrong) = if arguments.live {
        (connection.is_live(timeout).await, "the executor does not serve")
    } else {
        (connection.is_ready(timeout).await, "the executor takes no executions: it is starting or draining")
    };
    match asked {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => exit::report(&std::io::Error::other(wrong), None, exit::FAILURE),
        Err(error) => exit::report(&error, None, exit::FAILURE),
    }
}
