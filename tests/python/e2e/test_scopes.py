"""Scopes, meta-tools, agents as tools, and marked tools, through a real executor."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codemode import Codemode, ComponentRegistry, ExecutorClient, UnknownToolError
from codemode.tools import tool

LOOK = """
seen = {'names': sorted(tools.keys()), 'list': tools['__list__'].run(), 'search': tools['__search__'].run('the')}
for name in ('weather', 'admin'):
    try:
        seen[name] = tools[name].run()
        seen['schema of ' + name] = tools['__schema__'].run(name)
    except KeyError as error:
        seen[name] = type(error).__name__
result = seen
"""


def registry() -> ComponentRegistry:
    made = ComponentRegistry()

    def weather(city: str = "Oslo", days: int = 1) -> str:
        """Weather of the city."""
        return f"{city} {days}"

    made.register_tool("weather", weather)
    made.register_tool("admin", lambda: "secret", "Deletes the database.")
    return made


@pytest.fixture
def client(executor: Codemode) -> ExecutorClient:
    return executor.executor_client


def over(registry: Any, client: ExecutorClient) -> Codemode:
    return Codemode(registry=registry, executor_client=client)


class TestScopes:
    def test_a_program_has_the_tools_of_the_scope_and_no_others(self, client: ExecutorClient) -> None:
        parent = registry()
        scope = parent.scoped(["weather"])
        seen = over(scope, client).run(LOOK).value
        assert seen["names"] == ["weather"]
        assert (seen["weather"], seen["admin"]) == ("Oslo 1", "ToolError")
        assert "schema of admin" not in seen
        everything = over(parent, client).run(LOOK).value
        assert (everything["names"], everything["admin"]) == (["admin", "weather"], "secret")

    def test_the_application_cannot_widen_it_by_a_name(self, client: ExecutorClient) -> None:
        codemode = over(registry().scoped(["weather"]), client)
        with pytest.raises(UnknownToolError, match=r"^tool `admin` is not registered$"):
            codemode.run("1", tool_filter=["weather", "admin"])
        with pytest.raises(UnknownToolError, match=r"^tool `admin` is not registered$"):
            client.execute("1", ["admin"], {}, registry=codemode.registry)

    def test_a_scope_follows_its_registry(self, client: ExecutorClient) -> None:
        parent = registry()
        codemode = over(parent.scoped(["later", "weather"]).scoped(["later"]), client)
        assert codemode.run("result = tools.keys()").value == []
        parent.register_tool("later", lambda: "now")
        assert codemode.run("result = [tools.keys(), tools.later()]").value == [["later"], "now"]

    def test_configuration_and_context_are_the_parents(self, client: ExecutorClient) -> None:
        parent = registry()
        scope = parent.scoped(["who"])
        seen: list[Any] = []

        def who() -> str:
            contexts = parent.get_context(), scope.get_context()
            seen.append(contexts[0] is contexts[1])
            assert contexts[0] is not None
            return str(contexts[0].require("tenant"))

        parent.register_tool("who", who)
        parent.set_config("level", 3)
        codemode = over(scope, client).with_context(tenant="acme")
        assert codemode.run("result = [config, tools.who()]").value == [{"level": 3}, "acme"]
        assert seen == [True]
        scope.clear_context()


class TestMetaTools:
    @pytest.mark.parametrize("scoped", [False, True])
    def test_the_application_is_told_what_a_program_is(self, client: ExecutorClient, scoped: bool) -> None:
        parent = registry()
        held: Any = parent.scoped(["weather"]) if scoped else parent
        program = over(held, client).run(LOOK).value
        assert held.get_tool("__list__").run() == program["list"]
        assert held.get_tool("__search__").run("the") == program["search"]
        for name in held.tools:
            assert held.get_tool("__schema__").run(name) == program[f"schema of {name}"]


class TestMarkedTools:
    def test_functions_classes_and_methods(self, client: ExecutorClient) -> None:
        @tool
        def add(a: int, b: int) -> int:
            return a + b

        @tool("later")
        async def later(n: int) -> int:
            await asyncio.sleep(0)
            return n

        @tool(name="counter")
        class Counter:
            def __init__(self) -> None:
                self.count = 0

            def run(self) -> int:
                self.count += 1
                return self.count

        class Account:
            owner = "Ada"

            @tool
            def balance(self) -> str:
                return self.owner

        made = ComponentRegistry()
        for marked in (add, later, Counter):
            made.register(marked)
        made.discover_tools(Account())
        codemode = over(made, client)
        program = (
            "result = [tools.add(1, b=2), await tools.later(3), tools.counter(), tools.counter(), tools.balance()]"
        )
        assert codemode.run(program).value == [3, 3, 1, 2, "Ada"]
        assert add(1, 2) == 3


class TestComponents:
    def test_programs_run_those_that_are_registered_as_tools(self, client: ExecutorClient) -> None:
        class Crew:
            def kickoff(self, inputs: dict[str, Any] | None = None, from_checkpoint: Any = None) -> dict[str, Any]:
                return {"raw": f"about {(inputs or {})['topic']}"}

        class Flow:
            async def kickoff_async(self, inputs: dict[str, Any] | None = None) -> Any:
                return inputs

        class Researcher:
            def run(self, topic: str) -> str:
                return f"found {topic}"

        class Graph:
            def invoke(self, input: dict[str, Any], config: Any = None, **kwargs: Any) -> Any:
                return {**input, "done": True}

            async def ainvoke(self, input: dict[str, Any], config: Any = None, **kwargs: Any) -> Any: ...

        made = ComponentRegistry()
        made.register_team("crew", Crew(), as_tool=True)
        made.register_flow("flow", Flow(), as_tool=True)
        made.register_agent("researcher", Researcher(), as_tool=True)
        made.register_flow("graph", Graph(), as_tool=True)
        made.register_agent("hidden", Researcher())
        program = """
result = [
    tools['crew'].run(inputs={'topic': 'x'}),
    await tools['flow'].run(inputs={'n': 1}),
    tools['researcher'].run(topic='y'),
    tools['graph'].run({'state': 1}),
    sorted(tools.keys()),
]
"""
        assert over(made, client).run(program).value == [
            {"raw": "about x"},
            {"n": 1},
            "found y",
            {"state": 1, "done": True},
            ["crew", "flow", "graph", "researcher"],
        ]
