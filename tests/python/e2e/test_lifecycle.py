"""Concurrency, cancellation, checks, keys, and the end of the embedded executor."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest

from codemode import Codemode, ExecutorClient, ExecutorClientError, ExecutorConnectionError, ExecutorTimeoutError


class TestConcurrency:
    def test_executions_of_several_threads(self, local_codemode: Codemode) -> None:
        local_codemode.registry.register_tool("double", lambda n: 2 * n)
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda n: local_codemode.execute(f"tools.double({n})"), range(40)))
        assert results == [str(2 * n) for n in range(40)]

    def test_a_tool_may_execute_a_program(self, local_codemode: Codemode) -> None:
        local_codemode.registry.register_tool("inner", lambda: json.loads(local_codemode.execute("20 + 1")))
        assert local_codemode.run("tools.inner() * 2").value == 42

    @pytest.mark.anyio
    async def test_executions_of_several_tasks_share_the_loop(self, local_codemode: Codemode) -> None:
        waiting: list[int] = []

        async def meet(n: int) -> int:
            waiting.append(n)
            if len(waiting) == 4:
                together.set()
            await together.wait()
            assert asyncio.get_running_loop() is loop
            return n

        together, loop = asyncio.Event(), asyncio.get_running_loop()
        local_codemode.registry.register_tool("meet", meet)
        programs = [local_codemode.execute_async(f"await tools.meet({n})") for n in range(4)]
        assert await asyncio.gather(*programs) == ["0", "1", "2", "3"]

    @pytest.mark.anyio
    async def test_a_sync_tool_does_not_block_the_loop(self, local_codemode: Codemode) -> None:
        release = threading.Event()
        local_codemode.registry.register_tool("wait", lambda: release.wait(20))
        execution = asyncio.ensure_future(local_codemode.run_async("tools.wait()"))
        await asyncio.sleep(0.1)
        release.set()
        assert (await execution).value is True

    @pytest.mark.anyio
    async def test_execute_works_within_a_running_loop(self, local_codemode: Codemode) -> None:
        async def one() -> int:
            await asyncio.sleep(0)
            return 1

        local_codemode.registry.register_tool("one", one)
        assert local_codemode.execute("await tools.one()") == "1"

    def test_one_client_serves_several_loops(self, local_codemode: Codemode) -> None:
        async def double(n: int) -> int:
            await asyncio.sleep(0.01)
            return 2 * n

        local_codemode.registry.register_tool("double", double)
        for n in range(3):
            assert asyncio.run(local_codemode.execute_async(f"await tools.double({n})")) == str(2 * n)


class TestCancellation:
    @pytest.mark.anyio
    async def test_cancelling_the_task_ends_the_program_and_its_tools(self, local_codemode: Codemode) -> None:
        began, ended = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            began.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        local_codemode.registry.register_tool("wait", wait)
        task = asyncio.ensure_future(local_codemode.execute_async("await tools.wait()"))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()
        assert await local_codemode.execute_async("1") == "1"

    @pytest.mark.anyio
    async def test_a_timeout_scope_ends_a_busy_program(self, local_codemode: Codemode) -> None:
        begin = time.monotonic()
        with anyio.move_on_after(0.5) as scope:
            await local_codemode.execute_async("while True: pass")
        assert scope.cancelled_caught
        assert time.monotonic() - begin < 20
        assert await local_codemode.execute_async("1") == "1"

    def test_the_deadline_of_the_request_is_an_exception(self, local_codemode: Codemode) -> None:
        with pytest.raises(ExecutorTimeoutError) as raised:
            local_codemode.executor_client.execute(
                "import time; time.sleep(60)", [], {}, 30, correlation_id="req-1", timeout=0.5
            )
        assert raised.value.correlation_id == "req-1"
        assert local_codemode.execute("1") == "1"

    def test_an_interrupt_ends_the_program(self, tmp_path: Path) -> None:
        script = tmp_path / "app.py"
        script.write_text(
            "import signal\n"
            "from codemode import Codemode\n"
            # As at a terminal: what a shell starts in the background has the signal ignored, and its children as well.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "with Codemode.local() as codemode:\n"
            "    codemode.registry.register_tool('ready', lambda: print('ready', flush=True))\n"
            "    try:\n"
            "        codemode.execute('tools.ready()\\nwhile True: pass')\n"
            "    except KeyboardInterrupt:\n"
            "        print('interrupted', codemode.execute('1'), flush=True)\n"
        )
        app = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
        assert app.stdout is not None
        assert app.stdout.readline() == "ready\n"
        begin = time.monotonic()
        app.send_signal(signal.SIGINT)
        assert app.communicate(timeout=20)[0] == "interrupted 1\n"
        assert (app.returncode, time.monotonic() - begin < 10) == (0, True)


class TestChecks:
    def test_health_and_readiness(self, local_codemode: Codemode) -> None:
        assert local_codemode.health_check()
        assert local_codemode.ready_check()

    def test_a_wrong_key_is_refused(self, executor: Codemode) -> None:
        with ExecutorClient(executor.executor_client.executor_url, "wrong") as client:
            with pytest.raises(ExecutorConnectionError):
                client.execute("1", [], {})
            assert not client.ready_check()

    def test_a_bare_client_runs_programs_without_tools(self, executor: Codemode) -> None:
        assert executor._local is not None
        with ExecutorClient(executor._local.url, executor._local.api_key) as client:
            result = client.execute("result = config['n'] + 1", [], {"n": 1}, correlation_id="req-1")
            assert (result.result, result.correlation_id) == ("2", "req-1")

    @pytest.mark.anyio
    async def test_a_client_as_async_context_manager(self, executor: Codemode) -> None:
        assert executor._local is not None
        async with ExecutorClient(executor._local.url, executor._local.api_key) as client:
            assert (await client.execute_async("result = 42", [], {})).result == "42"
        with pytest.raises(ExecutorClientError, match="has been closed"):
            await client.execute_async("1", [], {})


class TestEnd:
    def test_closing_stops_the_executor(self) -> None:
        with Codemode.local() as codemode:
            assert codemode.execute("1") == "1"
            assert codemode._local is not None
            pid = codemode._local.pid
            os.kill(pid, 0)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        codemode.close()
        with pytest.raises(ExecutorClientError, match="has been closed"):
            codemode.execute("1")

    def test_the_executor_ends_with_the_process(self) -> None:
        code = "from codemode import Codemode; c = Codemode.local(); c.execute('1'); print(c._local.pid, flush=True)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
        assert done.stderr == ""
        deadline = time.monotonic() + 10
        while Path(f"/proc/{int(done.stdout)}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def test_closing_ends_what_runs(self) -> None:
        codemode = Codemode.local()
        outcome: list[Any] = []
        began = threading.Event()
        codemode.registry.register_tool("began", began.set)

        def run() -> None:
            try:
                outcome.append(codemode.run("tools.began()\nwhile True: pass").outcome)
            except ExecutorClientError as error:
                outcome.append(type(error))

        thread = threading.Thread(target=run)
        thread.start()
        assert began.wait(20)
        codemode.close()
        thread.join(10)
        assert len(outcome) == 1
        assert outcome[0] == "cancelled" or issubclass(outcome[0], ExecutorClientError)


class TestCommand:
    def run(self, *arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "codemode.cli.run_program", *arguments]
        return subprocess.run(command, input=program, capture_output=True, text=True, timeout=30, check=False)

    def test_a_program_with_tools(self, tmp_path: Path) -> None:
        tools = tmp_path / "my_tools.py"
        tools.write_text("def double(n: int) -> int:\n    return 2 * n\n")
        done = self.run("-", "--tools", str(tools), "--timeline", program="print('hi')\ntools.double(21)")
        assert (done.returncode, done.stdout) == (0, "hi\n42\n")
        assert done.stderr.splitlines()[1].startswith("double")
        done = self.run("-", "--tools", str(tools), "--json", program="tools.double(21)")
        assert json.loads(done.stdout)["result"] == 42

    @pytest.mark.parametrize(
        ("program", "options", "status"),
        [
            ("1", [], 0),
            ("1/0", [], 1),
            ("(", [], 65),
            ("while True: pass", ["--timeout", "0.5"], 124),
            ("import os; os.abort()", [], 137),
            ("1", ["--url", "http://127.0.0.1:1"], 69),
        ],
    )
    def test_the_exit_status(self, program: str, options: list[str], status: int) -> None:
        assert self.run("-", *options, program=program).returncode == status
