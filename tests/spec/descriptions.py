"""What the document's tables say of single parameters, where it is more than a name: each description is proved.

The key is the entry, the parameter and the description as it is worded. `PLAIN` has the descriptions that say only what
the parameter is; every one of them is passed in some example, provocation or call. A description in neither fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc  # type: ignore[import-untyped]

from .claims import attempts
from .world import PROJECT, WeatherTool, World

Proof = Callable[[World], Any]

_EXECUTION: dict[str, Any] = {"code": "result = 42", "available_tools": [], "config": {}}


def _legacy_config(world: World, **executor: Any) -> Any:
    from codemode.config import ConfigLoader

    return ConfigLoader.load_dict(
        {
            "project": {"name": PROJECT},
            "framework": {"type": "crewai"},
            "executor": {"url": world.url, "api_key": world.key, **executor},
        }
    )


def _legacy_and_exclusive(world: World) -> None:
    from codemode import Codemode

    config = _legacy_config(world)
    codemode = world.closing(Codemode(config))
    assert codemode.config is config
    assert codemode.execute("result = 1") == "1"
    try:
        Codemode(config=config, client_config=world.client_config())
    except ValueError:
        return
    raise AssertionError("both configurations were accepted")


def _registry(world: World) -> None:
    from codemode import Codemode, ComponentRegistry

    given = world.registry()
    assert world.closing(Codemode(registry=given, client_config=world.client_config())).registry is given
    made = [world.closing(Codemode(client_config=world.client_config())).registry for _ in range(2)]
    assert made[0] is not made[1] and all(type(one) is ComponentRegistry for one in made)


def _executor_client(world: World) -> None:
    from codemode import Codemode

    client = world.client()
    codemode = Codemode(client_config=world.client_config(), executor_client=client)
    assert codemode.executor_client is client


def _default_timeout_is_the_configuration_s(world: World) -> None:
    from codemode import Codemode
    from codemode.core.executor_client import ExecutorClientError

    config = _legacy_config(world, limits={"code_timeout": 1})
    codemode = world.closing(Codemode(config))
    program = "import time\ntime.sleep({})\nresult = 'late'"
    try:
        codemode.execute(program.format(60))
    except ExecutorClientError as error:
        assert "1 s" in str(error) or "timed out" in str(error), error
    else:
        raise AssertionError("the configuration's `code_timeout` was not applied")
    assert codemode.execute(program.format(1.5), execution_timeout=20) == '"late"'


def _timeout(world: World) -> None:
    from codemode.core.executor_client import ExecutorTimeoutError

    try:
        world.client(timeout=1).execute(**{**_EXECUTION, "code": "import time\ntime.sleep(60)"})
    except ExecutorTimeoutError:
        return
    raise AssertionError("the request's timeout was not applied")


def _retry_enabled(world: World) -> None:
    assert len(attempts(world, grpc.StatusCode.UNAVAILABLE, retry_enabled=False, retry_backoff_base_ms=10)) == 1
    assert len(attempts(world, grpc.StatusCode.UNAVAILABLE, retry_backoff_base_ms=10)) == 3


def _retry_max_attempts(world: World) -> None:
    for count in (1, 2, 5):
        made = attempts(world, grpc.StatusCode.UNAVAILABLE, retry_max_attempts=count, retry_backoff_base_ms=10)
        assert len(made) == count


def _retry_backoff_base(world: World) -> None:
    first, second = attempts(world, grpc.StatusCode.UNAVAILABLE, retry_max_attempts=2, retry_backoff_base_ms=300)
    assert second - first > 0.15  # with any jitter between a half and the whole


def _retry_backoff_max(world: World) -> None:
    # A wait of the base would outlast the request, and is not begun.
    options = {"timeout": 30, "retry_max_attempts": 4, "retry_backoff_base_ms": 100_000, "retry_backoff_max_ms": 20}
    assert len(attempts(world, grpc.StatusCode.UNAVAILABLE, **options)) == 4


def _retry_status_codes(world: World) -> None:
    options = {"retry_status_codes": [grpc.StatusCode.ABORTED], "retry_backoff_base_ms": 10}
    assert len(attempts(world, grpc.StatusCode.ABORTED, **options)) == 3
    assert len(attempts(world, grpc.StatusCode.UNAVAILABLE, **options)) == 1
    assert len(attempts(world, grpc.StatusCode.ABORTED, retry_backoff_base_ms=10)) == 1


def _include_correlation_id(world: World) -> None:
    assert (world.client().execute(**_EXECUTION).correlation_id or "").startswith("cm-")
    assert world.client(include_correlation_id=False).execute(**_EXECUTION).correlation_id is None


def _correlation_id_prefix(world: World) -> None:
    result = world.client(correlation_id_prefix="myapp").execute(**_EXECUTION)
    assert (result.correlation_id or "").startswith("myapp-")


def _correlation_id(world: World) -> None:
    client = world.client()
    made = {client.execute(**_EXECUTION).correlation_id for _ in range(2)}
    assert len(made) == 2 and None not in made
    assert client.execute(**_EXECUTION, correlation_id="mine").correlation_id == "mine"


def _available_tools(world: World) -> None:
    codemode = world.codemode()
    codemode.registry.register_tool("other", lambda: 1)
    client = codemode.executor_client
    program = "result = sorted(name for name in ('weather', 'other') if name in tools)"
    for names in ([], ["weather"], ["weather", "other"]):
        result = client.execute(program, names, {})
        assert result.value == sorted(names), (names, result)


def _config(world: World) -> None:
    config = {"debug": True, "nothing": None, "count": 3, "nested": {"a": [1, 2.5]}}
    result = world.client().execute("result = config", [], config)
    assert result.value == config


def _context(world: World) -> None:
    from codemode.core.registry import RuntimeContext

    codemode = world.codemode()

    def who() -> Any:
        found = codemode.registry.get_context()
        return found.require("client_id") if found is not None else None

    codemode.registry.register_tool("who", who)
    context = RuntimeContext(variables={"client_id": "acme"})
    result = codemode.executor_client.execute("tools.who()", ["who"], {}, context=context)
    assert result.value == "acme", result


def _execution_timeout(world: World) -> None:
    result = world.client().execute("import time\ntime.sleep(60)", [], {}, execution_timeout=1)
    assert not result.success and result.outcome == "timed_out", result


def _unique_name(world: World) -> None:
    registry = world.registry()
    registry.register_tool("second", WeatherTool())
    assert {"weather", "second"} <= set(registry.tools)


def _description(world: World) -> None:
    codemode = world.codemode()
    codemode.registry.register_tool("named", WeatherTool(), "Tells the weather.")
    described = codemode.registry.get_tool_registration("named")
    assert described is not None and described.description == "Tells the weather."
    found = codemode.execute(
        "result = [t['description'] for t in tools['__list__'].run()['tools'] if t['name'] == 'named']"
    )
    assert found == '["Tells the weather."]'


def _input_schema(world: World) -> None:
    from pydantic import BaseModel

    class Input(BaseModel):
        count: int

    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    for given in (Input, schema):
        codemode = world.codemode()
        codemode.registry.register_tool("double", lambda count: count * 2, input_schema=given)
        assert codemode.execute("result = tools['double'].run(count=4)") == "8"
        refused = (
            "try:\n    tools['double'].run(count='x')\nexcept Exception as error:\n    result = 'count' in str(error)"
        )
        assert codemode.execute(refused) == "true"


def _output_schema(world: World) -> None:
    from pydantic import BaseModel

    class Output(BaseModel):
        temperature: float

    schema = {"type": "object", "properties": {"temperature": {"type": "number"}}}
    for given in (Output, schema):
        codemode = world.codemode()
        codemode.registry.register_tool("measure", lambda: {"temperature": 1.5}, output_schema=given)
        found = codemode.execute(
            "result = list(tools['__schema__'].run(name='measure')['output_schema']['properties'])"
        )
        assert found == '["temperature"]'


def _overwrite(world: World) -> None:
    registry, tool = world.registry(), WeatherTool()
    registry.register_tool("weather", tool, overwrite=True)
    assert registry.get_tool("weather") is tool


DESCRIPTIONS: Mapping[tuple[str, str, str], Proof] = {
    (
        "Codemode()",
        "config",
        "Legacy CodemodeConfig object (mutually exclusive with `client_config`)",
    ): _legacy_and_exclusive,
    ("Codemode()", "registry", "Optional existing registry. Creates new if `None`"): _registry,
    ("Codemode()", "executor_client", "Optional pre-configured ExecutorClient"): _executor_client,
    (
        "Codemode.execute",
        "execution_timeout",
        "Custom timeout in seconds. Uses config default if `None`",
    ): _default_timeout_is_the_configuration_s,
    ("ExecutorClient()", "timeout", "Request timeout in seconds"): _timeout,
    ("ExecutorClient()", "retry_enabled", "Enable automatic retry"): _retry_enabled,
    ("ExecutorClient()", "retry_max_attempts", "Maximum retry attempts"): _retry_max_attempts,
    ("ExecutorClient()", "retry_backoff_base_ms", "Base backoff time in milliseconds"): _retry_backoff_base,
    ("ExecutorClient()", "retry_backoff_max_ms", "Maximum backoff time in milliseconds"): _retry_backoff_max,
    ("ExecutorClient()", "retry_status_codes", "gRPC status codes to retry on"): _retry_status_codes,
    ("ExecutorClient()", "include_correlation_id", "Auto-generate correlation IDs"): _include_correlation_id,
    ("ExecutorClient()", "correlation_id_prefix", "Prefix for correlation IDs"): _correlation_id_prefix,
    ("ExecutorClient.execute", "available_tools", "List of tool names available for use"): _available_tools,
    ("ExecutorClient.execute", "config", "Configuration dictionary"): _config,
    ("ExecutorClient.execute", "execution_timeout", "Timeout for code execution"): _execution_timeout,
    ("ExecutorClient.execute", "context", "Optional runtime context to inject"): _context,
    (
        "ExecutorClient.execute",
        "correlation_id",
        "Optional correlation ID (auto-generated if not provided)",
    ): _correlation_id,
    ("ComponentRegistry.register_tool", "name", "Unique identifier for the tool"): _unique_name,
    ("ComponentRegistry.register_tool", "description", "Description override"): _description,
    (
        "ComponentRegistry.register_tool",
        "input_schema",
        "Pydantic model or JSON Schema for input",
    ): _input_schema,
    (
        "ComponentRegistry.register_tool",
        "output_schema",
        "Pydantic model or JSON Schema for output",
    ): _output_schema,
    ("ComponentRegistry.register_tool", "overwrite", "Overwrite existing tool if `True`"): _overwrite,
}
"""Entry, parameter and description → its proof."""

PLAIN = frozenset(
    {
        "New-style ClientConfig (recommended)",
        "ClientConfig object",
        "Optional existing registry",
        "Path to `codemode-client.yaml`",
        "Path to `codemode.yaml`",
        "Python code to execute",
        "Dynamic variables (client_id, user_id, etc.)",
        "URL of the executor service",
        "API key for authentication",
        "TLS configuration",
        "Tool instance to register",
        "Tool name",
        "Context to set",
        "ID prefix string",
    }
)
"""Descriptions that the other checks of their entry prove."""
