//! The gRPC service: the only part of the executor that knows gRPC.

mod execute;
mod info;
mod status;

use codemode_proto::v1;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};

use crate::auth::Authenticator;
use crate::connections::Peer;
use crate::execution::Executions;
use crate::tenants::TenantId;
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
    fn authenticate<T>(&self, request: &Request<T>) -> Result<TenantId, Status> {
        let authorization = request.metadata().get("authorization").map(MetadataValue::as_bytes);
        let tenant = self.authenticator.admits(authorization).ok_or_else(status::unauthenticated)?;
        if let Some(peer) = request.extensions().get::<Peer>() {
            peer.admit();
        }
        Ok(tenant)
    }
}

#[tonic::async_trait]
impl v1::executor_server::Executor for ExecutorService {
    type ExecuteStream = ResponseStream;

    async fn execute(
        &self,
        request: Request<Streaming<v1::ExecuteRequest>>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        let tenant = self.authenticate(&request)?;
        execute::execute(self.executions.clone(), tenant, request.into_inner()).map(Response::new)
    }

    async fn get_info(&self, request: Request<v1::GetInfoRequest>) -> Result<Response<v1::GetInfoResponse>, Status> {
        let tenant = self.authenticate(&request)?;
        Ok(Response::new(info::info(&self.executions, tenant, &self.jail)))
    }
}
