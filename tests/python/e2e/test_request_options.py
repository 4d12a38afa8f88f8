"""What a request may say besides the program: times of tools, lengths, traces, and what of the context is readable."""

from __future__ import annotations

import asyncio
import threading

import pytest
import trio

from codemode import Codemode, ExecutorClient, RuntimeContext, get_current_context
from codemode.core.trace import CallTraceCollector

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class TestToolCallTimeout:
    PROGRAM = (
        "try:\n    await tools.slow()\nexcept TimeoutError as error:\n    result = f'{error.type}: {error.message}'"
    )

    def test_an_async_tool_is_cancelled_and_the_program_told(self, local_codemode: Codemode) -> None:
        cancelled = threading.Event()

        async def slow() -> None:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        local_codemode.registry.register_tool("slow", slow)
        result = local_codemode.run(self.PROGRAM, tool_call_timeout=0.2)
        # Who tells first, the executor or this side, is chance; the executor also says how to raise the limit.
        told = "TimeoutError: the tool did not answer within 0.2 s"
        assert result.value.startswith(told)
        assert cancelled.wait(10)
        (call,) = result.tool_calls
        assert (call.name, call.status) == ("slow", "error")
        assert call.error is not None and call.error.startswith(told)

    def test_a_sync_tool_holds_neither_the_program_nor_the_caller(self, local_codemode: Codemode) -> None:
        release = threading.Event()
        local_codemode.registry.register_tool("slow", lambda: release.wait(20))
        result = local_codemode.run(self.PROGRAM.replace("await ", ""), tool_call_timeout=0.2)
        release.set()
        told = "TimeoutError: the tool did not answer within 0.2 s"
        assert result.value.startswith(told)
        (call,) = result.tool_calls
        assert call.status == "error"
        assert call.error is not None and call.error.startswith(told)

    def test_a_trio_tool_is_cancelled(self, local_codemode: Codemode) -> None:
        cancelled: list[bool] = []

        async def slow() -> None:
            try:
                await trio.sleep_forever()
            finally:
                cancelled.append(True)

        local_codemode.registry.register_tool("slow", slow)
        assert trio.run(self._run, local_codemode).startswith('"TimeoutError: the tool did not answer within 0.2 s')
        assert cancelled == [True]

    async def _run(self, codemode: Codemode) -> str:
        result = await codemode.run_async(self.PROGRAM, tool_call_timeout=0.2)
        assert result.result is not None, result.error
        return result.result

    def test_a_quick_tool_is_not_touched(self, local_codemode: Codemode) -> None:
        async def quick() -> int:
            return 1

        local_codemode.registry.register_tool("quick", quick)
        assert local_codemode.run("await tools.quick()", tool_call_timeout=10).value == 1


def test_a_program_that_is_too_long_is_not_sent(local_codemode: Codemode) -> None:
    result = local_codemode.run("x" * 101, max_code_length=100)
    assert (result.outcome, result.error) == (
        "rejected",
        "CodeTooLong: the program has 101 characters; `max_code_length` is 100",
    )
    assert local_codemode.run("result = 1" + " " * 90, max_code_length=100).value == 1


class TestTraces:
    def test_tools_see_the_trace(self, local_codemode: Codemode) -> None:
        def where() -> str:
            context = get_current_context()
            assert context is not None
            return str(context.metadata.get("traceparent"))

        local_codemode.registry.register_tool("where", where)
        assert local_codemode.run("tools.where()", traceparent=TRACE).value == TRACE
        assert local_codemode.with_context(traceparent=TRACE).run("tools.where()").value == TRACE
        local_codemode.registry.clear_context()
        assert local_codemode.run("tools.where()").value == "None"
        with pytest.raises(ValueError, match="`traceparent` cannot be sent: it is not a W3C trace context"):
            local_codemode.run("1", traceparent="nonsense")

    def test_a_span_of_the_application_is_the_trace_and_the_tools_parent(self, local_codemode: Codemode) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        tracer = TracerProvider().get_tracer("test")
        seen: list[tuple[str, str]] = []

        async def act() -> None:
            context = get_current_context()
            assert context is not None
            with tracer.start_as_current_span("tool") as span:
                seen.append((f"{span.get_span_context().trace_id:032x}", context.metadata["traceparent"]))

        local_codemode.registry.register_tool("act", act)
        local_codemode.registry.register_tool("act_too", lambda: asyncio.run(act()))
        with tracer.start_as_current_span("request") as span:
            local_codemode.execute("await tools.act(); tools.act_too()")
            mine = span.get_span_context()
        expected = f"00-{mine.trace_id:032x}-{mine.span_id:016x}-{mine.trace_flags:02x}"
        assert seen == [(f"{mine.trace_id:032x}", expected)] * 2
        seen.clear()
        local_codemode.run("await tools.act()", traceparent=TRACE)
        assert seen == [(TRACE.split("-")[1], TRACE)]
        assert not trace.get_current_span().get_span_context().is_valid

    def test_a_collector_is_given_the_calls(self, local_codemode: Codemode) -> None:
        collector = CallTraceCollector()
        local_codemode.executor_client.trace_collector = collector
        try:
            local_codemode.registry.register_tool("add", lambda a, b: a + b)
            local_codemode.run("tools.add(1, 2)", correlation_id="req-1")
        finally:
            local_codemode.executor_client.trace_collector = None
        assert [(call.name, call.args_json) for call in collector.drain("req-1")] == [("add", '{"a":1,"b":2}')]


class TestReadableContext:
    def test_a_program_reads_what_is_marked_and_changes_nothing(self, local_codemode: Codemode) -> None:
        context = RuntimeContext({"tenant": "acme", "token": "s3cret"}, readable=["tenant"])
        local_codemode.registry.set_context(context)
        assert local_codemode.run("dict(context)").value == {"tenant": "acme"}
        result = local_codemode.run("context['tenant'] = 'other'")
        assert result.error is not None
        assert result.error.startswith("TypeError: the context is the application's: a program can read it")
        assert context.variables == {"tenant": "acme", "token": "s3cret"}

    def test_what_tools_see_is_not_what_the_program_made_of_it(self, local_codemode: Codemode) -> None:
        local_codemode.registry.register_tool("tenant", lambda: get_current_context().get("tenant"))  # type: ignore[union-attr]
        local_codemode.registry.set_readable_context("tenant", "plan")
        local_codemode.with_context(tenant=["acme"], token="s3cret")
        program = "context['tenant'].append('evil')\ncontext = {'tenant': 'other'}\nresult = tools.tenant()"
        assert local_codemode.run(program).value == ["acme"]

    @pytest.mark.parametrize(
        "change", ["context.clear()", "context.update(a=1)", "context |= {}", "del context['a']", "context.pop('a')"]
    )
    def test_no_way_changes_it(self, local_codemode: Codemode, change: str) -> None:
        local_codemode.registry.set_context(RuntimeContext({"a": 1}, readable=["a"]))
        result = local_codemode.run(f"try:\n    {change}\nexcept TypeError:\n    result = context")
        assert result.value == {"a": 1}, result.error

    def test_programs_for_the_package_before_this_one_find_it(self, local_codemode: Codemode) -> None:
        local_codemode.registry.set_context(RuntimeContext({"client_id": "acme"}, readable=["client_id"]))
        program = "import json\n[context['variables']['client_id'], context['metadata'], json.dumps(context)]"
        assert local_codemode.run(program).value == ["acme", {}, '{"client_id": "acme"}']
        result = local_codemode.run("context['tenant']")
        assert result.error is not None
        assert "the context has no readable variable 'tenant' (it has: 'client_id')" in result.error

    def test_nothing_is_readable_unless_it_is_marked(self, local_codemode: Codemode) -> None:
        assert local_codemode.with_context(token="s3cret").run("dict(context)").value == {}

    def test_a_variable_that_cannot_be_sent_is_named(self, local_codemode: Codemode) -> None:
        local_codemode.registry.set_context(RuntimeContext({"db": object()}, readable=["db"]))
        with pytest.raises(ValueError, match=r"cannot send context\.db: object"):
            local_codemode.run("1")


def test_a_context_of_one_request_is_not_that_of_the_registry(local_codemode: Codemode) -> None:
    local_codemode.registry.register_tool("tenant", lambda: get_current_context().require("tenant"))  # type: ignore[union-attr]
    local_codemode.with_context(tenant="acme")
    client: ExecutorClient = local_codemode.executor_client
    result = client.execute(
        "tools.tenant()",
        ["tenant"],
        {},
        context=RuntimeContext({"tenant": "other"}),
        registry=local_codemode.registry,
    )
    assert result.value == "other"
    assert local_codemode.run("tools.tenant()").value == "acme"
