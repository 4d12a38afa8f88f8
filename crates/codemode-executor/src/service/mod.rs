//! The gRPC service: the only part of the executor that knows gRPC.

mod body;
mod execute;
mod gate;
mod info;
mod start;
mod status;

use codemode_proto::v1;
use tonic::{Request, Response, Status, Streaming};

use crate::execution::Executions;
use execute::ResponseStream;
pub(crate) use gate::{Gate, MAX_SMALL_REQUEST};
pub(crate) use info::jail_report;

/// `codemode.v1.Executor`, behind its [`Gate`].
#[derive(Debug)]
pub(crate) struct ExecutorService {
    executions: Executions,
    jail: v1::JailReport,
}

impl ExecutorService {
    pub(crate) fn new(executions: Executions, jail: v1::JailReport) -> Self {
        Self { executions, jail }
    }

    pub(crate) fn executions(&self) -> &Executions {
        &self.executions
    }
}

#[tonic::async_trait]
impl v1::executor_server::Executor for ExecutorService {
    type ExecuteStream = ResponseStream;

    async fn execute(
        &self,
        request: Request<Streaming<v1::ExecuteRequest>>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        execute::execute(self.executions.clone(), request)
    }

    async fn get_info(&self, request: Request<v1::GetInfoRequest>) -> Result<Response<v1::GetInfoResponse>, Status> {
        let tenant = gate::tenant(&request)?;
        Ok(Response::new(info::info(&self.executions, tenant, &self.jail)))
    }
}
