"""How executions are carried out: where tools run, with what context, and what becomes of failures and cancellation."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import Any

import pytest

from codemode import (
    Codemode,
    ExecutionFailedError,
    ExecutionResult,
    ExecutorConnectionError,
    ExecutorTimeoutError,
    UnknownToolError,
    get_current_context,
)

from .fake_executor import Connection, Execution, Finished

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="none")


class TestSync:
    def test_a_value_is_a_json_document_and_a_python_object(self, codemode: Codemode) -> None:
        assert codemode.execute("result = 2 + 2") == "4"
        assert codemode.execute("result = 'hello'") == '"hello"'
        assert codemode.execute("pass") == "null"
        result = codemode.run("result = {'at': (1, 2)}")
        assert (result.result, result.value) == ('{"at":[1,2]}', {"at": (1, 2)})

    def test_a_tool_is_called_and_recorded(self, codemode: Codemode) -> None:
        codemode.registry.register_tool("add", lambda a, b: a + b)
        result = codemode.run("result = tools['add'].run(a=1, b=2) + tools.add(3, 4)")
        assert result.value == 10
        assert [(call.name, call.args_json, call.status, call.error) for call in result.tool_calls] == [
            ("add", '{"a":1,"b":2}', "success", None),
            ("add", '{"a":3,"b":4}', "success", None),
        ]
        first, second = result.tool_calls
        assert 0 <= first.started_ms <= second.started_ms <= (result.duration_ms or 0)

    def test_gathered_sync_tools_overlap(self, codemode: Codemode) -> None:
        together = threading.Barrier(50, timeout=10)  # passes only if 50 calls are served at once
        codemode.registry.register_tool("meet", lambda n: together.wait() * 0 + n)
        code = "import asyncio\nresult = await asyncio.gather(*(tools.meet.run_async(n=n) for n in range(50)))"
        assert codemode.run(code).value == list(range(50))

    def test_an_async_tool_runs_on_a_private_loop_that_stays(self, codemode: Codemode) -> None:
        loops = []

        async def where() -> str:
            loops.append(asyncio.get_running_loop())
            return threading.current_thread().name

        codemode.registry.register_tool("where", where)
        assert codemode.run("result = [await tools.where(), await tools.where()]").value == ["codemode-loop"] * 2
        assert loops[0] is loops[1]

    @pytest.mark.anyio
    async def test_execute_works_within_a_running_loop(self, codemode: Codemode) -> None:
        async def double(n: int) -> int:
            await asyncio.sleep(0)
            return n * 2

        codemode.registry.register_tool("double", double)
        assert codemode.execute("result = await tools.double(n=21)") == "42"

    def test_a_hanging_tool_does_not_hold_the_caller(self, codemode: Codemode) -> None:
        called, release = threading.Event(), threading.Event()

        def hang() -> None:
            called.set()
            release.wait(60)

        codemode.registry.register_tool("hang", hang)
        begin = time.monotonic()
        result = out_of_time(codemode, "tools.hang()", called)
        release.set()
        assert time.monotonic() - begin < 30
        assert (result.outcome, result.limit) == ("timed_out", "wall_time")
        (call,) = result.tool_calls
        assert (call.status, call.error) == ("error", "the execution ended before the tool returned")

    def test_the_end_cancels_async_tools(self, codemode: Codemode) -> None:
        called, cancelled = threading.Event(), threading.Event()

        async def wait() -> None:
            called.set()
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.set()

        codemode.registry.register_tool("wait", wait)
        assert out_of_time(codemode, "await tools.wait()", called).outcome == "timed_out"
        assert cancelled.wait(20)

    def test_a_sync_tool_may_return_an_awaitable(self, codemode: Codemode) -> None:
        async def later(n: int) -> int:
            return n

        codemode.registry.register_tool("later", lambda n: later(n + 1))
        assert codemode.run("result = tools.later(n=1)").value == 2

    def test_a_nested_execution_is_served(self, codemode: Codemode) -> None:
        codemode.registry.register_tool("inner", lambda: int(codemode.execute("result = 20 + 1")))
        assert codemode.run("result = tools.inner() * 2").value == 42

    def test_a_keyboard_interrupt_cancels(
        self, codemode: Codemode, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: Any) -> Any:
            raise KeyboardInterrupt

        monkeypatch.setattr(Execution, "next_event", interrupted)
        with pytest.raises(KeyboardInterrupt):
            codemode.execute("import time; time.sleep(0.1)")
        assert connection.started[0].cancelled

    def test_the_deadline_is_an_exception_with_the_correlation_id(self, codemode: Codemode) -> None:
        codemode.registry.register_tool("hang", lambda: time.sleep(0.5))
        with pytest.raises(ExecutorTimeoutError) as raised:
            codemode.executor_client.execute(
                "tools.hang()", ["hang"], {}, 5, None, "req-1", timeout=0.1, registry=codemode.registry
            )
        assert raised.value.correlation_id == "req-1"

    def test_a_lost_connection_is_an_exception(self, codemode: Codemode, connection: Connection) -> None:
        connection.next_error = ExecutorConnectionError("gone")
        with pytest.raises(ExecutorConnectionError, match="gone"):
            codemode.execute("1")

    def test_output_is_streamed_and_kept(self, codemode: Codemode) -> None:
        pieces: list[tuple[str, str]] = []
        result = codemode.run(
            "import sys\nprint('é')\nprint('!', file=sys.stderr)", on_output=lambda *piece: pieces.append(piece)
        )
        assert pieces == [("stdout", "é\n"), ("stderr", "!\n")]
        assert (result.stdout, result.stderr) == ("é\n", "!\n")
        assert codemode.run("print('kept')").stdout == "kept\n"

    def test_an_output_function_that_raises_cancels(self, codemode: Codemode, connection: Connection) -> None:
        def refuse(stream: str, text: str) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            codemode.run("print(1)", on_output=refuse)
        assert connection.started[0].cancelled

    def test_output_cut_within_a_character_is_joined(self, codemode: Codemode, connection: Connection) -> None:
        from codemode.core.dispatch_sync import SyncDispatch

        pieces: list[str] = []
        request = codemode.executor_client._request("1", [], {}, 5, on_output=lambda _, t: pieces.append(t))
        dispatch = SyncDispatch(connection, request)  # type: ignore[arg-type]
        for data in (b"\xc3", b"\xa9", b"\xe2\x82"):
            dispatch.receive((2, 1, data))
        dispatch.end()
        assert dispatch.result(Finished("cancelled")).stdout == "é�"  # type: ignore[arg-type]
        assert pieces == ["é", "�"]


class TestFailures:
    def test_a_program_that_fails_raises_with_its_result(self, codemode: Codemode) -> None:
        with pytest.raises(ExecutionFailedError) as raised:
            codemode.execute("x = 1\n1 / 0")
        assert str(raised.value) == "the execution failed: ZeroDivisionError: division by zero (line 2)"
        assert raised.value.result.error_details is not None
        assert raised.value.result.error_details.line == 2
        assert raised.value.correlation_id == raised.value.result.correlation_id

    def test_a_program_that_does_not_compile_is_rejected(self, codemode: Codemode) -> None:
        with pytest.raises(ExecutionFailedError, match=r"^the execution was rejected: SyntaxError: .* \(line 1\)$"):
            codemode.execute("result = (1 +")

    @pytest.mark.parametrize(
        ("error", "sent"),
        [
            (ValueError("boom"), ("ValueError", "boom", "ValueError")),
            (type("OrderNotFound", (LookupError,), {})("7"), ("OrderNotFound", "7", "LookupError")),
            (type("Custom", (Exception,), {})("x"), ("Custom", "x", "")),
            (KeyError("k"), ("KeyError", "'k'", "KeyError")),
            (SystemExit(3), ("SystemExit", "3", "")),
            (KeyboardInterrupt(), ("KeyboardInterrupt", "", "")),
            (asyncio.CancelledError(), ("CancelledError", "", "")),
            (ValueError("x" * 10_000), ("ValueError", "x" * 8189 + "…", "ValueError")),
            (ValueError("\ud800"), ("ValueError", "?", "ValueError")),
            (type("Mute", (Exception,), {"__str__": lambda _: 1 / 0})(), ("Mute", "", "")),
        ],
    )
    @pytest.mark.parametrize("kind", ["sync", "async"])
    def test_what_a_tool_raises_reaches_the_program(
        self, codemode: Codemode, connection: Connection, error: BaseException, sent: tuple[str, str, str], kind: str
    ) -> None:
        def tool() -> None:
            raise error

        async def async_tool() -> None:
            raise error

        codemode.registry.register_tool("tool", tool if kind == "sync" else async_tool)
        call = "tools.tool()" if kind == "sync" else "await tools.tool()"
        code = f"try:\n    {call}\nexcept ToolError as e:\n    result = [e.tool, e.type, e.message]"
        result = codemode.run(code)
        assert connection.started[-1].replies[1] == sent
        assert result.value == ["tool", *sent[:2]]
        assert result.tool_calls[0].status == "error"
        assert result.tool_calls[0].error == (f"{sent[0]}: {sent[1]}" if sent[1] else sent[0])

    def test_a_result_that_cannot_be_sent_names_its_path(self, codemode: Codemode) -> None:
        codemode.registry.register_tool("rows", lambda: {"rows": [1, object()]})
        result = codemode.run("try:\n    tools.rows()\nexcept ValueError as e:\n    result = e.message")
        assert result.value.startswith("cannot send result.rows[1]: object")
        assert result.tool_calls[0].status == "error"

    def test_malformed_arguments_are_refused(self, codemode: Codemode, connection: Connection) -> None:
        from codemode.core.invocation import Invocation

        codemode.registry.register_tool("f", lambda: pytest.fail("must not be called"))
        request = codemode.executor_client._request("1", ["f"], {}, 5, timeout=5)
        execution = request.start(connection)  # type: ignore[arg-type]
        for call_id, (tool, raw) in enumerate([("f", b"{"), ("f", b"[1]"), ("g", b"{}")], 1):
            call = Invocation(execution, request, (call_id, tool, raw), contextvars.copy_context())
            call.serve(lambda _call, _awaitable: pytest.fail("no tool was called"))
        replies = connection.started[0].replies
        assert [reply[0] for reply in replies.values()] == ["ValueError", "TypeError", "LookupError"]

    def test_a_malformed_value_is_a_killed_execution(self, codemode: Codemode, connection: Connection) -> None:
        from codemode.core.results import result_of

        request = codemode.executor_client._request("1", [], {}, 5, timeout=5)
        result = result_of(Finished("completed", value=b'{"$":['), request, ("", ""), [], 1.0)  # type: ignore[arg-type]
        assert (result.success, result.outcome, result.limit) == (False, "killed", "protocol")

    def test_unknown_tools_are_refused_before_anything_is_sent(
        self, codemode: Codemode, connection: Connection
    ) -> None:
        codemode.registry.register_tool("weather", lambda: 1)
        with pytest.raises(UnknownToolError) as raised:
            codemode.execute("1", tool_filter=["wether", "xyz"])
        assert str(raised.value) == (
            "tool `wether` is not registered (did you mean `weather`?); tool `xyz` is not registered"
        )
        assert connection.started == []

    def test_a_client_without_a_registry_says_so(self, codemode: Codemode) -> None:
        codemode.executor_client.registry = None
        with pytest.raises(UnknownToolError, match="tool `weather` is unknown: this client has no registry") as raised:
            codemode.executor_client.execute("1", ["weather"], {})
        assert raised.value.hint == "set `client.registry` to the ComponentRegistry that holds the tools"
        assert codemode.executor_client.execute("result = 1", ["__list__"], {}).value == 1


class TestContext:
    @pytest.mark.parametrize("how", ["sync tool", "async tool", "sync tool, async caller", "async tool, async caller"])
    def test_tools_see_the_callers_context(self, codemode: Codemode, connection: Connection, how: str) -> None:
        seen: list[Any] = []

        def look() -> None:
            context = get_current_context()
            assert context is not None
            assert codemode.registry.get_context() is context
            seen.append((request_id.get(), context.get("tenant"), context.metadata))
            request_id.set("the tool's own")

        async def look_async() -> None:
            look()

        codemode.registry.register_tool("look", look_async if how.startswith("async") else look)
        codemode.with_context(tenant="acme")
        request_id.set("r-1")
        code = ("await " if how.startswith("async") else "") + "tools.look()"
        if how.endswith("caller"):
            result = asyncio.run(codemode.run_async(code, correlation_id="c-1"))
        else:
            result = codemode.run(code, correlation_id="c-1")
        assert result.success, result.error
        metadata = {
            "execution_id": result.execution_id,
            "correlation_id": "c-1",
            "call_id": 1,
            "idempotency_key": f"{result.execution_id}:1",
        }
        assert seen == [("r-1", "acme", metadata)]
        assert request_id.get() == "r-1"

    def test_a_tool_without_a_context_has_an_empty_one(self, codemode: Codemode) -> None:
        codemode.registry.register_tool("has", lambda: bool(get_current_context()))
        assert codemode.run("result = tools.has()").value is False

    def test_config_reaches_the_program(self, codemode: Codemode) -> None:
        codemode.with_config(debug=True, nothing=None)
        assert codemode.run("result = config").value == {"debug": True, "nothing": None}


@pytest.mark.anyio
class TestAsync:
    async def test_an_async_tool_runs_on_the_callers_loop(self, codemode: Codemode) -> None:
        async def here() -> bool:
            return asyncio.get_running_loop() is loop

        loop = asyncio.get_running_loop()
        codemode.registry.register_tool("here", here)
        assert await codemode.execute_async("result = await tools.here()") == "true"

    async def test_sync_tools_do_not_block_the_loop(self, codemode: Codemode) -> None:
        release = threading.Event()
        codemode.registry.register_tool("wait", lambda: release.wait(10))
        execution = asyncio.ensure_future(codemode.run_async("result = tools.wait()"))
        await asyncio.sleep(0.05)
        release.set()  # reached only if the loop runs while the tool waits
        assert (await execution).value is True

    async def test_executions_overlap(self, codemode: Codemode) -> None:
        together = asyncio.Event()
        waiting = 0

        async def meet() -> None:
            nonlocal waiting
            waiting += 1
            if waiting == 20:
                together.set()
            await together.wait()

        codemode.registry.register_tool("meet", meet)
        results = await asyncio.gather(*(codemode.run_async("await tools.meet()") for _ in range(20)))
        assert all(result.success for result in results)

    async def test_cancelling_the_task_cancels_the_execution_and_its_tools(
        self, codemode: Codemode, connection: Connection
    ) -> None:
        began, ended = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            began.set()
            try:
                await asyncio.sleep(30)
            finally:
                await asyncio.sleep(0)
                ended.set()

        codemode.registry.register_tool("wait", wait)
        task = asyncio.ensure_future(codemode.execute_async("await tools.wait()"))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()
        assert connection.started[0].cancelled

    async def test_a_timeout_scope_cancels(self, codemode: Codemode, connection: Connection) -> None:
        import anyio

        async def wait() -> None:
            await asyncio.sleep(30)

        codemode.registry.register_tool("wait", wait)
        with anyio.move_on_after(0.1) as scope:
            await codemode.execute_async("await tools.wait()")
        assert scope.cancelled_caught
        assert connection.started[0].cancelled

    async def test_a_lost_connection_is_an_exception(self, codemode: Codemode, connection: Connection) -> None:
        connection.next_error = ExecutorConnectionError("gone")
        with pytest.raises(ExecutorConnectionError, match="gone"):
            await codemode.execute_async("1")

    async def test_the_ready_check_makes_a_round_trip(self, codemode: Codemode, connection: Connection) -> None:
        assert codemode.ready_check()
        assert [sorted(execution.tools.tools) for execution in connection.started] == [["codemode_ping"]]
        connection.next_error = ExecutorConnectionError("gone")
        assert not codemode.ready_check()


def test_several_loops_use_one_client(codemode: Codemode) -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(0.01)
        return 2 * n

    codemode.registry.register_tool("double", double)
    values: list[Any] = []

    def run(n: int) -> None:
        values.append(asyncio.run(codemode.run_async(f"result = await tools.double(n={n})")).value)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(values) == [2 * n for n in range(8)]


def out_of_time(codemode: Codemode, code: str, called: threading.Event) -> ExecutionResult:
    """The result of a program whose time ended while its tool ran: with more time where it was too slow to call it."""
    for seconds in (0.2, 2, 10):
        result = codemode.run(code, execution_timeout=seconds)
        if called.is_set():
            break
    return result


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
