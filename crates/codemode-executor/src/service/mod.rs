//! The gRPC service: the only part of the executor that knows gRPC.

mod execute;
mod info;
mod status;

use codemode_proto::v1;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};

use crate::auth::Authenticator;
use crate::execution::Executions;
use execute::ResponseStream;
pub(crate) use info::jail_report;

/// `codemode.v1.Executor`.
#[derive(Debug)]
pub(crate) struct ExecutorService {
    pub(crate) executions: Executions,
    pub(crate) authenticator: Authenticator,
    pub(crate) jail: v1::JailReport,
}

impl ExecutorService {
    fn authenticate<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let authorization = request.metadata().get("authorization").map(MetadataValue::as_bytes);
        if self.authenticator.admits(authorization) { Ok(()) } else { Err(status::unauthenticated()) }
    }
}

#[tonic::async_trait]
impl v1::executor_server::Executor for ExecutorService {
    type ExecuteStream = ResponseStream;

    async fn execute(
        &self,
        request: Request<Streaming<v1::ExecuteRequest>>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        self.authenticate(&request)?;
        execute::execute(self.executions.clone(), request.into_inner()).map(Response::new)
    }

    async fn get_info(&self, request: Request<v1::GetInfoRequest>) -> Result<Response<v1::GetInfoResponse>, Status> {
        self.authenticate(&request)?;
        Ok(Response::new(info::info(&self.executions, &self.jail)))
    }
}
