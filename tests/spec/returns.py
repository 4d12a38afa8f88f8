"""Calls what the document says returns something: for each ``Returns`` line, calls and what each must give.

The key is the entry and the line as the document words it; a line without calls fails. A call gives the value that was
returned and either what it must equal or `ANYTHING`; the type is the one of the document's signature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .world import WeatherTool, World

ANYTHING = object()
"""Equal to nothing in particular: only the type counts."""

Returned = Iterator[tuple[Any, Any]]

_EXECUTION: dict[str, Any] = {"code": "result = 42", "available_tools": [], "config": {}}


def _from_client_config(world: World) -> Returned:
    from codemode import Codemode

    registry = world.registry()
    for codemode in (
        Codemode.from_client_config(world.client_config(), registry),
        Codemode.from_client_config(registry=registry, config_path=_file(world, "codemode-client.yaml")),
        Codemode.from_client_config(registry=registry, config_path=str(_file(world, "codemode-client.yaml"))),
    ):
        yield _configured(world, codemode, registry), codemode


def _from_env(world: World) -> Returned:
    import os
    from unittest import mock

    from codemode import Codemode

    registry = world.registry()
    with mock.patch.dict(os.environ, CODEMODE_EXECUTOR_URL=world.url, CODEMODE_EXECUTOR_API_KEY=world.key):
        codemode = Codemode.from_env(registry)
    yield _configured(world, codemode, registry), codemode


def _from_config(world: World) -> Returned:
    from codemode import Codemode

    registry = world.registry()
    codemode = Codemode.from_config(_file(world, "codemode.yaml"), registry)
    yield _configured(world, codemode, registry), codemode


def _configured(world: World, codemode: Any, registry: Any) -> Any:
    world.closing(codemode)
    assert codemode.registry is registry
    assert codemode.execute("result = tools['weather'].run(location='Oslo')['location']") == '"Oslo"'
    return codemode


def _file(world: World, name: str) -> Any:
    world.write_files()
    return world.directory / name


def _execute(world: World) -> Returned:
    codemode = world.codemode()
    for program, text in (("result = 2 + 2", "4"), ("result = 'a'", '"a"'), ("pass", "null"), ("result = [1]", "[1]")):
        yield codemode.execute(program), text


async def _execute_async(world: World) -> list[tuple[Any, Any]]:
    codemode = world.codemode()
    return [(await codemode.execute_async("result = 2 + 2"), "4")]


def _crewai_tool(world: World) -> Returned:
    tool = world.codemode().as_crewai_tool()
    assert tool.run(code="result = 6 * 7") == "42"
    yield tool, ANYTHING


def _with_context(world: World) -> Returned:
    codemode = world.codemode()
    yield codemode.with_context(client_id="acme"), codemode


def _check(method: str, *, of_client: bool) -> Callable[[World], Returned]:
    def calls(world: World) -> Returned:
        healthy, dead = world.codemode(), world.codemode(world.client_config(world.nowhere()))
        for codemode, expected in ((healthy, True), (dead, False)):
            yield getattr(codemode.executor_client if of_client else codemode, method)(), expected

    return calls


def _client_execute(world: World) -> Returned:
    result = world.client().execute(**_EXECUTION)
    assert (result.success, result.result) == (True, "42")
    yield result, ANYTHING
    failed = world.client().execute(**{**_EXECUTION, "code": "1 / 0"})
    assert not failed.success and "ZeroDivisionError" in (failed.error or "")
    yield failed, ANYTHING


async def _client_execute_async(world: World) -> list[tuple[Any, Any]]:
    result = await world.client().execute_async(**_EXECUTION)
    assert (result.success, result.result) == (True, "42")
    return [(result, ANYTHING)]


def _get_tool(world: World) -> Returned:
    registry, tool = world.registry(), WeatherTool()
    registry.register_tool("other", tool)
    assert registry.get_tool("other") is tool
    yield registry.get_tool("other"), tool


def _tools(world: World) -> Returned:
    registry = world.registry()
    assert registry.tools["weather"] is registry.get_tool("weather")
    yield registry.tools, ANYTHING


def _get_context(world: World) -> Returned:
    from codemode.core.registry import RuntimeContext

    registry, context = world.registry(), RuntimeContext(variables={"client_id": "acme"})
    yield registry.get_context(), None
    registry.set_context(context)
    yield registry.get_context(), context
    registry.clear_context()
    yield registry.get_context(), None


def _correlation_id(_world: World) -> Returned:
    from codemode.core.correlation import generate_correlation_id

    made = [generate_correlation_id() for _ in range(100)]
    assert len(set(made)) == len(made)
    for one in made:
        assert 13 <= len(one) <= 17, one  # approximately 15
        assert re.fullmatch(r"cm-[0-9a-z]+-[0-9a-z]+", one), one
        yield one, ANYTHING


_CONFIGURED = "Configured `Codemode` instance"
_OUTCOME = "`ExecutionResult` with execution outcome"

CALLS: Mapping[tuple[str, str], Callable[[World], Any]] = {
    ("Codemode.from_client_config", _CONFIGURED): _from_client_config,
    ("Codemode.from_env", _CONFIGURED): _from_env,
    ("Codemode.from_config", _CONFIGURED): _from_config,
    ("Codemode.execute", "Execution result as string"): _execute,
    ("Codemode.execute_async", "Execution result as string"): _execute_async,
    ("Codemode.as_crewai_tool", "`CodemodeTool` instance"): _crewai_tool,
    ("Codemode.with_context", "Self for method chaining"): _with_context,
    ("Codemode.health_check", "`True` if executor is healthy, `False` otherwise"): _check(
        "health_check", of_client=False
    ),
    ("Codemode.ready_check", "`True` if executor is ready, `False` otherwise"): _check("ready_check", of_client=False),
    ("ExecutorClient.execute", _OUTCOME): _client_execute,
    ("ExecutorClient.execute_async", _OUTCOME): _client_execute_async,
    ("ExecutorClient.health_check", "`True` if healthy, `False` otherwise"): _check("health_check", of_client=True),
    ("ExecutorClient.ready_check", "`True` if ready, `False` otherwise"): _check("ready_check", of_client=True),
    ("ComponentRegistry.get_tool", "Tool instance"): _get_tool,
    ("ComponentRegistry.list_tools", "Dictionary mapping tool names to tool instances"): _tools,
    ("ComponentRegistry.get_context", "`RuntimeContext` if set, `None` otherwise"): _get_context,
    (
        "generate_correlation_id",
        "Correlation ID string (approximately 15 characters with default prefix)",
    ): _correlation_id,
}
"""Entry and line → calls: pairs of what was returned and what it must equal."""

TYPES: Mapping[str, str] = {
    "str": "builtins:str",
    "bool": "builtins:bool",
    "dict": "builtins:dict",
    "Any": "builtins:object",
    "None": "types:NoneType",
    "Codemode": "codemode:Codemode",
    "CodemodeTool": "codemode.integrations.crewai:CodemodeTool",
    "ExecutionResult": "codemode.executor.models:ExecutionResult",
    "RuntimeContext": "codemode.core.registry:RuntimeContext",
}
"""Where the types that the document returns are."""
