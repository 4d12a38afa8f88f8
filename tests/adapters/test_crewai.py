"""CrewAI alone: its ways of running a crew and of calling a tool, contexts, and its tools as tools of programs."""

from __future__ import annotations

import asyncio
import copy
import threading
from typing import Any

import pytest

from codemode import Codemode, RuntimeContext
from codemode.core.context import get_current_context

from . import frameworks
from .scripted import Answer

frameworks.need("crewai")

from crewai.tools import BaseTool, tool  # noqa: E402
from pydantic import BaseModel, Field  # noqa: E402

from codemode.integrations.crewai import (  # noqa: E402
    CodemodeTool,
    CodemodeToolInput,
    create_codemode_tool,
    create_crewai_integration,
)

from .scripted_crewai import ScriptedLLM, crew_of  # noqa: E402

WHOAMI = "result = tools['whoami'].run()"
DONE = Answer("done")


@pytest.fixture
def asked(codemode: Codemode) -> Codemode:
    """Has the tool `whoami`, which returns the caller's ``client_id``."""

    def whoami(context: RuntimeContext) -> Any:
        return context.get("client_id")

    codemode.registry.register_tool("whoami", whoami)
    return codemode


def made(codemode: Codemode, **options: Any) -> CodemodeTool:
    return create_codemode_tool(codemode.registry, codemode.executor_client, **options)


def wrapped(codemode: Codemode, crew: Any, client_id: str) -> Any:
    return create_crewai_integration(codemode.registry).wrap_crew(crew, RuntimeContext({"client_id": client_id}))


# === the tool ===


def test_the_tool_is_a_crewai_tool_that_serialises_without_its_client(codemode: Codemode) -> None:
    made_tool = made(codemode)
    assert isinstance(made_tool, BaseTool)
    assert made_tool.name == "codemode"
    assert made_tool.args_schema is CodemodeToolInput
    assert made_tool.registry is codemode.registry
    assert made_tool.executor_client is codemode.executor_client
    assert not {"registry", "executor_client"} & made_tool.model_dump(mode="json").keys()
    assert repr(made_tool) == "CodemodeTool(name='codemode', tools=0)"


def test_fields_of_crewai_can_be_set(codemode: Codemode) -> None:
    made_tool = CodemodeTool(codemode.registry, codemode.executor_client, name="python", result_as_answer=True)
    assert (made_tool.name, made_tool.result_as_answer) == ("python", True)


def test_the_facade_makes_the_tool(asked: Codemode) -> None:
    asked.registry.register_tool("other", lambda: 1)
    made_tool = asked.as_crewai_tool(tool_filter=["whoami"])
    assert isinstance(made_tool, CodemodeTool)
    assert made_tool.run(code="sorted(tools)") == '["whoami"]'


def test_empty_code_is_refused_by_the_schema(codemode: Codemode) -> None:
    with pytest.raises(ValueError, match="at least 1 character"):
        made(codemode).run(code="")
    assert made(codemode).run(code=" ") == "ERROR: there is no program: `code` must be the text of a Python program."


def test_a_description_that_was_set_later_stays(codemode: Codemode) -> None:
    made_tool = made(codemode)
    made_tool.description = "Mine."
    codemode.registry.register_tool("late", lambda: 1)
    assert made_tool.to_structured_tool().description == "Mine."


@pytest.mark.anyio
async def test_the_sync_tool_works_within_a_running_loop(asked: Codemode) -> None:
    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return x * 2

    asked.registry.register_tool("double", double)
    assert made(asked).run(code="await tools['double'].run(x=4)") == "8"


def test_the_sync_tool_works_from_several_threads(codemode: Codemode) -> None:
    meet = threading.Barrier(3, timeout=20)
    codemode.registry.register_tool("meet", meet.wait)
    made_tool, results = made(codemode), []

    def run() -> None:
        results.append(made_tool.run(code="tools['meet'].run() is not None"))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == ["true"] * 3


# === ways of running a crew ===


@pytest.mark.parametrize("native", [True, False], ids=["native-tool-calls", "text"])
def test_kickoff(asked: Codemode, native: bool) -> None:
    wrong = "result = missing"
    llm = ScriptedLLM([wrong, WHOAMI, DONE], native=native)
    output = wrapped(asked, crew_of(made(asked), llm), "acme").kickoff()
    assert output.raw == "done"
    assert llm.seen.replies[0].startswith("ERROR: NameError: name 'missing' is not defined (line 1)\n")
    assert llm.seen.replies[1].startswith('"acme"')
    assert "- tools['whoami'].run()" in llm.seen.descriptions[0]
    assert asked.registry.get_context() is None


@pytest.mark.anyio
@pytest.mark.parametrize("native", [True, False], ids=["native-tool-calls", "text"])
@pytest.mark.parametrize("way", ["kickoff_async", "akickoff"])
async def test_async_kickoff(asked: Codemode, way: str, native: bool) -> None:
    llm = ScriptedLLM([WHOAMI, DONE], native=native)
    output = await getattr(wrapped(asked, crew_of(made(asked), llm), "acme"), way)()
    assert output.raw == "done"
    assert llm.seen.replies[0].startswith('"acme"')
    assert asked.registry.get_context() is None


def test_kickoff_for_each(asked: Codemode) -> None:
    llm = ScriptedLLM([WHOAMI, DONE, WHOAMI, DONE])
    outputs = wrapped(asked, crew_of(made(asked), llm), "acme").kickoff_for_each(inputs=[{}, {}])
    assert [output.raw for output in outputs] == ["done", "done"]
    assert llm.seen.replies == ['"acme"']


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["kickoff_for_each_async", "akickoff_for_each"])
async def test_async_kickoff_for_each(asked: Codemode, way: str) -> None:
    llm = ScriptedLLM([WHOAMI, DONE])
    outputs = await getattr(wrapped(asked, crew_of(made(asked), llm), "acme"), way)(inputs=[{}])
    assert [output.raw for output in outputs] == ["done"]
    assert llm.seen.replies == ['"acme"']


def test_a_streaming_crew_has_the_context(asked: Codemode) -> None:
    llm = ScriptedLLM([WHOAMI, DONE])
    stream = wrapped(asked, crew_of(made(asked), llm, stream=True), "acme").kickoff()
    for _ in stream:
        assert asked.registry.get_context() is None
    assert stream.result.raw == "done"
    assert llm.seen.replies == ['"acme"']


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["kickoff_async", "akickoff"])
async def test_an_async_streaming_crew_has_the_context(asked: Codemode, way: str) -> None:
    llm = ScriptedLLM([WHOAMI, DONE])
    async with await getattr(wrapped(asked, crew_of(made(asked), llm, stream=True), "acme"), way)() as stream:
        async for _ in stream:
            assert asked.registry.get_context() is None
    assert stream.result.raw == "done"
    assert llm.seen.replies == ['"acme"']


def test_a_wrapped_crew_that_fails_leaves_the_callers_context(asked: Codemode) -> None:
    asked.with_context(client_id="outer")
    before = get_current_context()
    seen: list[Any] = []
    crew = wrapped(asked, crew_of(made(asked), failing(asked, seen)), "acme")
    with pytest.raises(RuntimeError, match="the model is gone"):
        crew.kickoff()
    assert set(seen) == {"acme"}
    assert asked.registry.get_context() is get_current_context() is before


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["kickoff_async", "akickoff"])
async def test_an_async_kickoff_that_fails_leaves_the_callers_context(asked: Codemode, way: str) -> None:
    asked.with_context(client_id="outer")
    before = get_current_context()
    seen: list[Any] = []
    crew = wrapped(asked, crew_of(made(asked), failing(asked, seen)), "acme")
    with pytest.raises(RuntimeError, match="the model is gone"):
        await getattr(crew, way)()
    assert set(seen) == {"acme"}
    assert asked.registry.get_context() is get_current_context() is before


def failing(codemode: Codemode, seen: list[Any]) -> ScriptedLLM:
    """A model that fails, after it has noted in whose context it was asked."""

    def fail() -> None:
        context = codemode.registry.get_context()
        seen.append(context.get("client_id") if context is not None else None)
        raise RuntimeError("the model is gone")

    return ScriptedLLM([DONE], before=fail)


def test_an_unwrapped_crew_and_one_wrapped_without_context_have_the_callers(asked: Codemode) -> None:
    asked.with_context(client_id="outer")
    integration = create_crewai_integration(asked.registry)
    llms = [ScriptedLLM([WHOAMI, DONE]), ScriptedLLM([WHOAMI, DONE])]
    crew_of(made(asked), llms[0]).kickoff()
    integration.wrap_team(crew_of(made(asked), llms[1])).kickoff()
    assert [llm.seen.replies for llm in llms] == [['"outer"']] * 2


def test_all_else_of_a_wrapped_crew_is_the_crews(asked: Codemode) -> None:
    crew = crew_of(made(asked), ScriptedLLM([]))
    team = wrapped(asked, crew, "acme")
    assert team.agents is crew.agents
    assert team.tasks is crew.tasks
    with pytest.raises(AttributeError):
        _ = team.nothing_of_this_name


def test_what_is_set_on_a_wrapped_crew_reaches_the_crew(asked: Codemode) -> None:
    crew = crew_of(made(asked), ScriptedLLM([]))
    team = wrapped(asked, crew, "acme")
    team.verbose, team.name = True, "mine"
    assert (crew.verbose, crew.name, team.name) == (True, "mine", "mine")
    with pytest.raises(ValueError, match="nothing_of_this_name"):
        team.nothing_of_this_name = 1


def test_a_copied_wrapped_crew_has_the_context(asked: Codemode) -> None:
    llm = ScriptedLLM([WHOAMI, DONE])
    crew = crew_of(made(asked), llm)
    team = copy.copy(wrapped(asked, crew, "acme"))
    assert team.agents is crew.agents
    team.kickoff()
    assert llm.seen.replies == ['"acme"']
    with pytest.raises(AttributeError, match=r"^'CrewWithContext' object has no attribute '__len__'$"):
        _ = team.__len__


@pytest.mark.anyio
async def test_a_team_without_kickoff_async_runs_in_a_thread(asked: Codemode) -> None:
    class Team:
        def kickoff(self, inputs: dict[str, Any]) -> tuple[str, Any, bool]:
            context = asked.registry.get_context()
            assert context is not None
            return inputs["topic"], context.get("client_id"), threading.current_thread() is threading.main_thread()

    assert await wrapped(asked, Team(), "acme").kickoff_async(inputs={"topic": "ai"}) == ("ai", "acme", False)


@pytest.mark.anyio
async def test_one_crew_runs_for_two_callers_in_turn(asked: Codemode) -> None:
    tool_of_both = made(asked)
    for client_id in ("acme", "initech"):
        llm = ScriptedLLM([WHOAMI, DONE])
        crew = crew_of(tool_of_both, llm, cache=True)
        await wrapped(asked, crew, client_id).kickoff_async()
        assert llm.seen.replies == [f'"{client_id}"']


def test_the_same_program_again_is_not_answered_from_the_cache(asked: Codemode) -> None:
    counted: list[int] = []

    def count() -> int:
        counted.append(1)
        return len(counted)

    asked.registry.register_tool("count", count)
    program = "result = tools['count'].run()"
    llm = ScriptedLLM([program, program, DONE])
    crew_of(made(asked), llm, cache=True).kickoff()
    assert llm.seen.replies == ["1", "2"]


# === CrewAI's own tools, called by programs ===


class PriceInput(BaseModel):
    sku: str
    amount: int = Field(1, ge=1)


class PriceTool(BaseTool):
    name: str = "price"
    description: str = "The price of an article."
    args_schema: type[BaseModel] = PriceInput

    def _run(self, sku: str, amount: int = 1) -> dict[str, Any]:
        return {"sku": sku, "price": 3 * amount}


class AsyncPriceTool(PriceTool):
    async def _arun(self, sku: str, amount: int = 1) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"sku": sku, "price": 3 * amount}


@tool("shout")
def shout(text: str, times: int = 1) -> str:
    """Says it louder."""
    return text.upper() * times


@tool("shout later")
async def shout_later(text: str) -> str:
    """Says it louder, later."""
    await asyncio.sleep(0)
    return text.upper()


def test_a_crewai_tool_is_a_tool_of_programs(codemode: Codemode) -> None:
    codemode.registry.register_tool("price", PriceTool())
    codemode.registry.register_tool("shout", shout)
    made_tool = made(codemode)
    assert made_tool.run(code="tools['price'].run(sku='a', amount=2)") == '{"sku":"a","price":6}'
    assert made_tool.run(code="tools['price'].run('a')") == '{"sku":"a","price":3}'
    assert made_tool.run(code="tools['shout'].run(text='hi', times=2)") == '"HIHI"'
    assert made(codemode).description.endswith(
        "- tools['price'].run(sku: str, amount: int = 1): The price of an article.\n"
        "- tools['shout'].run(text: str, times: int = 1): Says it louder."
    )


def test_arguments_of_a_crewai_tool_are_checked(codemode: Codemode) -> None:
    codemode.registry.register_tool("price", PriceTool())
    made_tool = made(codemode)
    first = made_tool.run(code="tools['price'].run(sku='a', amount=0)").splitlines()[0]
    assert first.startswith("ERROR: ToolError: tool 'price' failed: ValidationError: amount: ")
    assert "sku: is required" in made_tool.run(code="tools['price'].run()")


def test_an_async_crewai_tool_is_a_tool_of_programs(codemode: Codemode) -> None:
    codemode.registry.register_tool("shout", shout_later)
    codemode.registry.register_tool("price", AsyncPriceTool())
    program = "call = tools['shout'].run_async(text='hi')\nresult = [await call, await tools['price'].run_async('a')]"
    assert made(codemode).run(code=program) == '["HI",{"sku":"a","price":3}]'


@pytest.mark.anyio
async def test_a_tool_of_a_coroutine_function_runs_on_the_callers_loop(codemode: Codemode) -> None:
    loops: list[object] = []

    @tool("where")
    async def where() -> str:
        """Says where it runs."""
        loops.append(asyncio.get_running_loop())
        return "here"

    codemode.registry.register_tool("where", where)
    assert await codemode.execute_async("await tools.where()") == '"here"'
    assert loops == [asyncio.get_running_loop()]


def test_a_failure_that_a_tool_returns_is_raised_in_the_program(codemode: Codemode) -> None:
    class Limited(PriceTool):
        max_usage_count: int | None = 1

    codemode.registry.register_tool("price", Limited())
    again = "try:\n    tools.price('a')\nexcept ToolError as error:\n    result = error.type, error.message"
    program = f"tools.price('a')\n{again}"
    result = codemode.run(program)
    assert result.success, result.error
    kind, message = result.value
    assert kind == "ToolFailure"
    assert "limit" in message
    assert [call.status for call in result.tool_calls] == ["success", "error"]
