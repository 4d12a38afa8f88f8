//! An async function as a tool: arguments and results typed by serde, described by schemars.

use std::sync::Arc;

use bytes::Bytes;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ToolContext, ToolError, ToolFuture};
use crate::execution::ToolDescription;
use crate::values::{Value, from_value, to_value};

/// The arguments of a tool that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArguments {}

type Run = dyn Fn(Value, ToolContext) -> ToolFuture + Send + Sync;

/// A tool of a registry.
#[derive(Clone)]
pub(super) struct Tool {
    pub(super) description: ToolDescription,
    pub(super) run: Arc<Run>,
}

impl Tool {
    pub(super) fn new<A, R, E, F, Fut>(name: &str, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        E: Into<ToolError>,
        F: Fn(A, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let input = schemars::schema_for!(A);
        let description = ToolDescription {
            name: name.to_owned(),
            description: text(&input, "description").unwrap_or_default(),
            parameters: parameters(&input),
            is_async: false,
            input_schema: document(&input),
            output_schema: document(&schemars::schema_for!(R)),
        };
        let name = name.to_owned();
        let run = move |arguments: Value, context| -> ToolFuture {
            match from_value::<A>(&arguments) {
                Ok(arguments) => {
                    let call = function(arguments, context);
                    Box::pin(async move {
                        let result = call.await.map_err(Into::into)?;
                        to_value(&result).map_err(|error| ToolError::from(error.to_string()))
                    })
                }
                Err(error) => {
                    let error = ToolError::invalid(format!("wrong arguments of the tool `{name}`: {error}"));
                    Box::pin(async move { Err(error) })
                }
            }
        };
        Self { description, run: Arc::new(run) }
    }
}

fn document(schema: &Schema) -> Bytes {
    serde_json::to_vec(schema).expect("a schema is JSON").into()
}

fn text(schema: &Schema, key: &str) -> Option<String> {
    Some(schema.get(key)?.as_str()?.to_owned())
}

/// The order of the fields, which positional arguments follow.
fn parameters(schema: &Schema) -> Vec<String> {
    let properties = schema.get("properties").and_then(|properties| properties.as_object());
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}
