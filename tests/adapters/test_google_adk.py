"""Google ADK alone: what its real tool context gives to tools, its declarations, its facade."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codemode import Codemode, RuntimeContext
from codemode.core.context import get_current_context

from . import frameworks
from .scripted import Answer

frameworks.need("google-adk")

from google.adk.tools import FunctionTool  # noqa: E402

from codemode.integrations.google_adk import (  # noqa: E402
    DEFAULT_TOOL_DESCRIPTION,
    CodemodeAdkTool,
    create_google_adk_tool,
)

from .scripted_google_adk import ScriptedLlm, run  # noqa: E402

pytestmark = pytest.mark.anyio

ASK = "result = tools['about'].run()"
DONE = Answer("done")


@pytest.fixture
def found() -> list[RuntimeContext]:
    """The contexts that the tool `about` was given."""
    return []


@pytest.fixture
def asked(codemode: Codemode, found: list[RuntimeContext]) -> Codemode:
    """Has the tool `about`, which returns what it is told about the caller."""

    def about(context: RuntimeContext) -> dict[str, Any]:
        found.append(context)
        return context.variables

    codemode.registry.register_tool("about", about)
    return codemode


def made(codemode: Codemode, **options: Any) -> CodemodeAdkTool:
    return create_google_adk_tool(codemode.registry, codemode.executor_client, **options)


async def test_the_real_tool_context_reaches_the_tools(asked: Codemode, found: list[RuntimeContext]) -> None:
    llm = ScriptedLlm([ASK, DONE])
    await run(made(asked).as_function_tool(), llm, user_id="ada", session_id="s7")
    (context,) = found
    assert context.variables == {
        "user_id": "ada",
        "app_name": "shop",
        "session_id": "s7",
        "invocation_id": context.get("invocation_id"),
    }
    assert context.get("invocation_id")
    assert context.metadata["agent_name"] == "analyst"
    assert context.metadata["function_call_id"]
    assert asked.registry.get_context() is get_current_context() is None


async def test_the_default_context_is_over_that_of_the_registry(asked: Codemode, found: list[RuntimeContext]) -> None:
    asked.with_context(client_id="acme", user_id="nobody")
    await run(made(asked).as_function_tool(), ScriptedLlm([ASK, DONE]), user_id="ada")
    (context,) = found
    assert (context.get("client_id"), context.get("user_id")) == ("acme", "ada")


async def test_a_resolver_of_ones_own_decides_alone(asked: Codemode) -> None:
    asked.with_context(client_id="acme")
    tool = made(asked, context_resolver=lambda context: RuntimeContext({"plan": context.state["plan"]}))
    seen = await run(tool.as_function_tool(), ScriptedLlm([ASK, DONE]), state={"plan": "gold"})
    assert seen.replies == ['{"plan":"gold"}']


async def test_a_resolver_that_fails_fails_the_call_and_is_not_shown(asked: Codemode) -> None:
    def resolve(_: Any) -> RuntimeContext:
        raise LookupError("secret table")

    seen = await run(made(asked, context_resolver=resolve).as_function_tool(), ScriptedLlm([ASK, DONE]))
    assert seen.replies[0].startswith("UNEXPECTED ERROR: ")
    assert "secret" not in seen.replies[0]


async def test_two_sessions_at_once_are_kept_apart(asked: Codemode) -> None:
    inside: list[Any] = []
    both_are_in = asyncio.Event()

    async def meet(context: RuntimeContext) -> Any:
        inside.append(context)
        if len(inside) == 2:
            both_are_in.set()
        await asyncio.wait_for(both_are_in.wait(), 20)
        return context.get("user_id")

    asked.registry.register_tool("meet", meet)
    tool = made(asked).as_function_tool()
    program = "await tools['meet'].run()"
    seen = await asyncio.gather(
        *(run(tool, ScriptedLlm([program, DONE]), user_id=name, session_id=name) for name in ("ada", "bob"))
    )
    assert [each.replies for each in seen] == [['"ada"'], ['"bob"']]


async def test_it_is_a_function_tool_that_declares_code_alone(asked: Codemode) -> None:
    tool = made(asked)
    function_tool = tool.as_function_tool()
    assert isinstance(function_tool, FunctionTool)
    assert function_tool is tool.as_function_tool()
    assert function_tool.name == "codemode"
    declaration = function_tool._get_declaration().model_dump(exclude_none=True)
    schema = declaration.get("parameters") or declaration["parameters_json_schema"]
    assert list(schema["properties"]) == ["code"]
    assert declaration["description"] == tool.description == function_tool.description


async def test_a_call_without_code_is_answered_by_adk(asked: Codemode) -> None:
    answer = await made(asked).as_function_tool().run_async(args={}, tool_context=None)
    assert "mandatory input parameters are not present:\ncode" in answer["error"]


async def test_code_that_is_no_text_is_refused(asked: Codemode) -> None:
    text = "ERROR: there is no program: `code` must be the text of a Python program."
    assert await made(asked)._execute(["1"]) == text  # type: ignore[arg-type]


async def test_the_facade_makes_the_tool(asked: Codemode) -> None:
    tool = asked.as_google_adk_tool(description="Mine.", tool_filter=["about"])
    assert isinstance(tool, CodemodeAdkTool)
    assert tool.description == "Mine."
    assert repr(tool) == "CodemodeAdkTool(tools=1)"


async def test_the_default_description_is_a_base_for_ones_own(asked: Codemode) -> None:
    assert made(asked).description.startswith(DEFAULT_TOOL_DESCRIPTION)
    tool = made(asked, description=DEFAULT_TOOL_DESCRIPTION, description_suffix="Prefer `about`.")
    assert tool.description == f"{DEFAULT_TOOL_DESCRIPTION}\n\nPrefer `about`."
