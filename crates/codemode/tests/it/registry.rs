//! Tools from async functions: schemas, parameter order, refusals.

use codemode::execution::ToolDescription;
use codemode::registry::{ComponentRegistry, NoArguments, ToolContext, ToolError, ToolHost as _};
use codemode::values::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The weather of a place.
#[derive(Deserialize, JsonSchema)]
struct WeatherArgs {
    location: String,
    #[serde(default)]
    days: Option<u32>,
    at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Weather {
    temperature: f64,
    place: String,
}

fn context() -> ToolContext {
    ToolContext { execution_id: "exec-1".to_owned(), correlation_id: String::new(), call_id: 3 }
}

fn arguments(json: &str) -> Value {
    Value::decode(json.as_bytes()).expect("it is an encoded value")
}

fn weather() -> ComponentRegistry {
    let registry = ComponentRegistry::new();
    registry
        .register("weather", |args: WeatherArgs| async move {
            if args.location.is_empty() {
                return Err(ToolError::new("NoSuchPlace", "nowhere").builtin("LookupError"));
            }
            let days = args.days.unwrap_or(1);
            Ok(Weather { temperature: f64::from(days), place: args.at.unwrap_or(args.location) })
        })
        .expect("the name is good");
    registry
}

#[tokio::test]
async fn arguments_and_results_are_typed() {
    let registry = weather();
    let call = |json| registry.call("weather", arguments(json), context());
    let value = call(r#"{"location":"Oslo","days":2}"#).await.expect("the arguments are right");
    assert_eq!(value.to_json(), r#"{"temperature":2.0,"place":"Oslo"}"#);
    let error = call(r#"{"location":""}"#).await.expect_err("there is no such place");
    assert_eq!(error.to_string(), "NoSuchPlace: nowhere");
    let error = call(r#"{"days":2}"#).await.expect_err("the location is missing");
    insta::assert_snapshot!(error, @"ValueError: wrong arguments of the tool `weather`: missing field `location`");
    let error = call(r#"{"location":1}"#).await.expect_err("the location is text");
    insta::assert_snapshot!(error, @"ValueError: wrong arguments of the tool `weather`: invalid type: integer `1`, expected a string");
    let error = registry.call("gone", arguments("{}"), context()).await.expect_err("there is no such tool");
    insta::assert_snapshot!(error, @"LookupError: the tool `gone` was removed");
}

#[test]
fn description_comes_from_the_types() {
    let ToolDescription { name, description, parameters, is_async, input_schema, output_schema } =
        weather().description("weather").expect("it is registered");
    assert_eq!((name.as_str(), description.as_str(), is_async), ("weather", "The weather of a place.", false));
    assert_eq!(parameters, ["location", "days", "at"]);
    let text = |schema: bytes::Bytes| String::from_utf8(schema.to_vec()).expect("it is JSON");
    insta::assert_snapshot!(text(input_schema), @r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"WeatherArgs","description":"The weather of a place.","type":"object","properties":{"location":{"type":"string"},"days":{"type":["integer","null"],"format":"uint32","minimum":0,"default":null},"at":{"type":["string","null"]}},"required":["location"]}"#);
    insta::assert_snapshot!(text(output_schema), @r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Weather","type":"object","properties":{"temperature":{"type":"number","format":"double"},"place":{"type":"string"}},"required":["temperature","place"]}"#);
}

#[tokio::test]
async fn names_are_unique_unless_overwritten() {
    let registry = weather();
    let other = |_: NoArguments| async { Ok::<_, ToolError>(1) };
    insta::assert_snapshot!(registry.register("weather", other).expect_err("it exists"), @"a tool with the name `weather` exists already");
    insta::assert_snapshot!(registry.register("__list__", other).expect_err("it is reserved"), @"`__list__` cannot be the name of a tool: names that begin with `__` are reserved");
    let builder = registry.tool("weather").description("Another.").awaitable().overwrite();
    builder.register(other).expect("it may be overwritten");
    let description = registry.description("weather").expect("it is registered");
    assert_eq!((description.description.as_str(), description.is_async), ("Another.", true));
    let value = registry.call("weather", arguments("{}"), context()).await.expect("it takes nothing");
    assert_eq!(value, Value::Int(1));
    assert_eq!((registry.names(), registry.tools().len()), (vec!["weather".to_owned()], 1));
    registry.remove("weather").expect("it is registered");
    insta::assert_snapshot!(registry.remove("weather").expect_err("it is gone"), @"no tool has the name `weather`");
    assert!(registry.tools().is_empty());
}

#[tokio::test]
async fn tool_may_know_which_call_it_serves() {
    let registry = ComponentRegistry::new();
    registry
        .tool("charge")
        .register_with_context(|_: NoArguments, context| async move { Ok::<_, ToolError>(context.idempotency_key()) })
        .expect("the name is good");
    let value = registry.call("charge", arguments("{}"), context()).await.expect("it takes nothing");
    assert_eq!(value.as_str(), Some("exec-1:3"));
}
