"""What holds for every adapter, in its real framework with a real executor; the model alone is scripted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from importlib import import_module
from typing import Any

import pytest

from codemode import Codemode, ExecutorClient, RuntimeContext

from . import frameworks
from .scripted import Adapter, Answer

pytestmark = pytest.mark.anyio

_ADAPTERS = {
    "crewai": ("scripted_crewai", "CrewAIAdapter"),
    "google-adk": ("scripted_google_adk", "GoogleAdkAdapter"),
}
DONE = Answer("done")


_HERE = [name for name in _ADAPTERS if frameworks.AVAILABLE[name] or frameworks.required(name)]
if not _HERE:
    pytest.skip(f"none of {', '.join(_ADAPTERS)} is installed: make test-adapters", allow_module_level=True)


@pytest.fixture(params=_HERE)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    frameworks.need(request.param, whole_module=False)
    module, name = _ADAPTERS[request.param]
    made: Adapter = getattr(import_module(f".{module}", __package__), name)()
    return made


@pytest.fixture
def shop(codemode: Codemode) -> Codemode:
    def price(sku: str, currency: str = "EUR") -> dict[str, Any]:
        """The price of an article."""
        return {"sku": sku, "amount": len(sku), "currency": currency}

    async def stock(sku: str) -> int:
        """How many are there."""
        await asyncio.sleep(0)
        return len(sku) * 10

    def whoami(context: RuntimeContext) -> Any:
        """The caller."""
        return context.get("client_id")

    codemode.registry.register_tool("price", price)
    codemode.registry.register_tool("stock", stock)
    codemode.registry.register_tool("whoami", whoami)
    return codemode


async def test_a_program_calls_tools_and_the_model_reads_its_value(adapter: Adapter, shop: Codemode) -> None:
    program = """
amounts = [tools['price'].run(sku=sku)['amount'] for sku in ('a', 'bbb')]
result = {'amounts': amounts, 'stock': await tools['stock'].run(sku='bbb')}
"""
    seen = await adapter.converse(adapter.tool(shop), [program, Answer("4 and 30")])
    assert seen.replies == ['{"amounts":[1,3],"stock":30}']
    assert seen.answer == "4 and 30"


async def test_the_model_reads_how_each_tool_is_called(adapter: Adapter, shop: Codemode) -> None:
    tool = adapter.tool(shop)
    seen = await adapter.converse(tool, [DONE])
    assert seen.descriptions == [tool.description]
    assert (
        "- tools['price'].run(sku: str, currency: str = 'EUR') -> dict: The price of an article.\n"
        "- await tools['stock'].run(sku: str) -> int: How many are there.\n"
        "- tools['whoami'].run(): The caller."
    ) in tool.description


async def test_a_tool_registered_later_is_described_and_can_be_called(adapter: Adapter, shop: Codemode) -> None:
    tool = adapter.tool(shop)
    shop.registry.register_tool("late", lambda: "here", description="Came later.")
    seen = await adapter.converse(tool, ["tools['late'].run()", DONE])
    assert seen.replies == ['"here"']
    assert "- tools['late'].run(): Came later." in seen.descriptions[0]


async def test_a_failed_program_is_explained_and_the_next_one_runs(adapter: Adapter, shop: Codemode) -> None:
    wrong = "print('so far')\nprice = tools['price'].run(sku='a')\nresult = price['cost']"
    seen = await adapter.converse(adapter.tool(shop), [wrong, "tools['price'].run(sku='a')['amount']", DONE])
    assert seen.replies == [
        "ERROR: KeyError: 'cost' (line 3)\n\n"
        "Traceback (most recent call last):\n"
        '  File "<program>", line 3, in <module>\n'
        "    result = price['cost']\n"
        "             ~~~~~^^^^^^^^\n"
        "KeyError: 'cost'\n\n"
        "Stdout:\nso far\n\n"
        "Correct the program and send the whole of it again: its variables are gone. "
        "These tool calls completed, and what they changed stays: price.",
        "1",
    ]
    assert seen.answer == "done"


async def test_a_refused_argument_names_the_field(adapter: Adapter, shop: Codemode) -> None:
    seen = await adapter.converse(adapter.tool(shop), ["tools['price'].run(sky='a')", DONE])
    first = seen.replies[0].splitlines()[0]
    assert first.startswith("ERROR: ToolError: tool 'price' failed: TypeError: ")
    assert "sku: is required" in seen.replies[0]


async def test_a_program_without_a_value_says_so_and_shows_what_it_printed(adapter: Adapter, shop: Codemode) -> None:
    turns = ["x = 1", "print('hi')", "result = None", DONE]
    seen = await adapter.converse(adapter.tool(shop), turns)
    assert seen.replies == [
        "Code executed successfully (no result returned)",
        "Code executed successfully (no result returned)\n\nStdout:\nhi",
        "null",
    ]


async def test_tools_see_the_callers_context(adapter: Adapter, shop: Codemode) -> None:
    turns = ["result = tools['whoami'].run()", DONE]
    context = RuntimeContext(variables={"client_id": "acme"})
    assert (await adapter.converse(adapter.tool(shop), turns, context)).replies == ['"acme"']
    assert (await adapter.converse(adapter.tool(shop), turns)).replies == ["null"]
    assert shop.registry.get_context() is None


async def test_the_context_of_the_caller_counts_where_none_is_given(adapter: Adapter, shop: Codemode) -> None:
    shop.with_context(client_id="initech")
    seen = await adapter.converse(adapter.tool(shop), ["result = tools['whoami'].run()", DONE])
    assert seen.replies == ['"initech"']


async def test_callers_at_the_same_time_have_contexts_of_their_own(adapter: Adapter, shop: Codemode) -> None:
    both_are_in = threading.Barrier(2, timeout=20)

    def meet(context: RuntimeContext) -> Any:
        both_are_in.wait()
        return context.get("client_id")

    shop.registry.register_tool("meet", meet)
    tool = adapter.tool(shop)
    conversations = [
        adapter.converse(tool, ["tools['meet'].run()", DONE], RuntimeContext(variables={"client_id": name}))
        for name in ("acme", "initech")
    ]
    seen = await asyncio.gather(*conversations)
    assert [each.replies for each in seen] == [['"acme"'], ['"initech"']]
    assert shop.registry.get_context() is None


async def test_the_same_program_is_run_anew_for_another_caller(adapter: Adapter, shop: Codemode) -> None:
    tool = adapter.tool(shop)
    turns = ["tools['whoami'].run()", "tools['whoami'].run()", DONE]
    for name in ("acme", "initech"):
        seen = await adapter.converse(tool, turns, RuntimeContext(variables={"client_id": name}))
        assert seen.replies == [f'"{name}"'] * 2


async def test_a_filter_hides_tools_and_refuses_their_calls(adapter: Adapter, shop: Codemode) -> None:
    tool = adapter.tool(shop, tool_filter=["price"])
    seen = await adapter.converse(tool, ["sorted(tools)", "tools['stock'].run(sku='a')", DONE])
    assert "stock" not in seen.descriptions[0]
    assert seen.replies[0] == '["price"]'
    assert seen.replies[1].startswith("ERROR: ToolError: no tool named 'stock'")


async def test_a_filter_over_a_scoped_registry_narrows_it(adapter: Adapter, shop: Codemode) -> None:
    scoped = Codemode(registry=shop.registry.scoped(["price", "whoami"]), executor_client=shop.executor_client)
    tool = adapter.tool(scoped, tool_filter=["price", "stock"])
    seen = await adapter.converse(tool, ["sorted(tools)", DONE])
    assert seen.replies == ['["price"]']


async def test_a_program_over_its_time_is_stopped(adapter: Adapter, shop: Codemode) -> None:
    tool = adapter.tool(shop, execution_timeout=1)
    seen = await adapter.converse(tool, ["while True: pass", DONE])
    assert seen.replies[0].startswith("ERROR: Timeout: ")
    assert "took too long" in seen.replies[0]


async def test_times_and_lengths_come_from_the_registry_where_the_tool_has_none(
    adapter: Adapter, shop: Codemode
) -> None:
    shop.registry.update_config(code_timeout=1, max_code_length=30)
    seen = await adapter.converse(adapter.tool(shop), ["while True: pass", f"result = '{'x' * 30}'", DONE])
    assert seen.replies[0].startswith("ERROR: Timeout: ")
    assert seen.replies[1].startswith("ERROR: CodeTooLong: ")
    assert "`max_code_length`" in seen.replies[1]


async def test_a_slow_tool_call_fails_alone(adapter: Adapter, shop: Codemode) -> None:
    over = threading.Event()
    shop.registry.register_tool("slow", lambda: over.wait(20), description="Slow.")
    tool = adapter.tool(shop, tool_call_timeout=1)
    program = "try:\n    tools['slow'].run()\nexcept ToolError as error:\n    result = error.type"
    try:
        seen = await adapter.converse(tool, [program, DONE])
    finally:
        over.set()
    assert seen.replies == ['"TimeoutError"']


async def test_what_the_model_reads_of_an_unreachable_executor_has_no_address(
    adapter: Adapter, shop: Codemode, caplog: pytest.LogCaptureFixture
) -> None:
    with ExecutorClient("http://127.0.0.1:9", "the-key", timeout=5, retry_enabled=False) as unreachable:
        tool = adapter.tool(Codemode(registry=shop.registry, executor_client=unreachable))
        with caplog.at_level(logging.INFO, "codemode.integrations"):
            seen = await adapter.converse(tool, ["1", DONE])
    assert seen.replies[0].startswith("EXECUTOR ERROR: the code executor could not be reached")
    assert "127.0.0.1" not in seen.replies[0]
    records = [record.getMessage() for record in caplog.records if record.name == "codemode.integrations"]
    assert len(records) == 1
    assert "127.0.0.1:9" in records[0]
    assert "the-key" not in caplog.text + seen.replies[0]


async def test_an_error_of_the_application_is_logged_and_not_shown(
    adapter: Adapter, shop: Codemode, caplog: pytest.LogCaptureFixture
) -> None:
    shop.registry.set_config("connection", object())  # cannot be sent
    seen = await adapter.converse(adapter.tool(shop), ["1", DONE])
    assert seen.replies[0].startswith("UNEXPECTED ERROR: the application failed to run the program.")
    assert "connection" not in seen.replies[0]
    records = [record for record in caplog.records if record.name == "codemode.integrations"]
    assert [record.exc_info is not None for record in records] == [True]


async def test_a_description_of_ones_own_replaces_all_and_a_suffix_is_added(adapter: Adapter, shop: Codemode) -> None:
    tool = adapter.tool(shop, description="Mine.", description_suffix="And this.")
    seen = await adapter.converse(tool, [DONE])
    assert seen.descriptions == ["Mine.\n\nAnd this."]


async def test_an_async_tool_runs_on_the_loop_where_the_framework_is_async(adapter: Adapter, shop: Codemode) -> None:
    loops = set()

    async def loop() -> None:
        loops.add(asyncio.get_running_loop())

    shop.registry.register_tool("loop", loop)
    assert (
        await adapter.call(adapter.tool(shop), "await tools['loop'].run()")
        == "Code executed successfully (no result returned)"
    )
    assert loops == {asyncio.get_running_loop()}


async def test_cancelling_the_framework_cancels_the_program(adapter: Adapter, shop: Codemode) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    shop.registry.register_tool("wait", wait)
    task = asyncio.create_task(adapter.call(adapter.tool(shop), "await tools['wait'].run()"))
    await asyncio.wait_for(began.wait(), 20)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    await asyncio.wait_for(ended.wait(), 20)
