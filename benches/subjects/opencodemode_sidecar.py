"""The subject `opencodemode`: its sidecar as a process of its own and its ToolService in this one, both on loopback.

Its import name is `codemode` too, which is why it must never share an environment with this package. The ToolService
has an event loop in a thread of its own: in the caller's, as its guide shows it, every execution would wait for itself.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clients import threads
from driver import Samples, Subject, expect, serve, timed

SUM = "result = 2 + 2"
CALLS = """
import time
begin = time.perf_counter()
for i in range({count}):
    tools['add'].run(a=i, b=1)
result = (time.perf_counter() - begin) / {count}
"""
PARALLEL = """
import asyncio
async def main():
    return len(await asyncio.gather(*[tools['nap'].run(seconds={seconds}) for _ in range({count})]))
result = asyncio.run(main())
"""
SIDECAR = Path(__file__).with_name("opencodemode_executor.py")


class Add:
    """A sync tool."""

    def run(self, a: float, b: float) -> float:
        """Adds."""
        return a + b


class Nap:
    """An async tool."""

    async def run(self, seconds: float) -> float:
        """Sleeps."""
        await asyncio.sleep(seconds)
        return seconds


class Opencodemode(Subject):
    """A sidecar, a ToolService and a facade."""

    def open(self) -> Samples:
        package: Any = import_module("codemode")
        config: Any = import_module("codemode.config")
        self.version = version("opencodemode")
        registry = package.ComponentRegistry()
        registry.register_tool("add", Add())
        registry.register_tool("nap", Nap())
        begin = time.perf_counter()
        tools, sidecar = _free_port(), _free_port()
        _serve_tools(registry, tools)
        environment = {
            **os.environ,
            "CODEMODE_SIDECAR_PORT": str(sidecar),
            "CODEMODE_MAIN_APP_TARGET": f"127.0.0.1:{tools}",
            "CODEMODE_API_KEY": "benchmark",
            "CODEMODE_LOG_LEVEL": "WARNING",
        }
        self._sidecar = subprocess.Popen([sys.executable, str(SIDECAR)], env=environment)
        url = f"http://127.0.0.1:{sidecar}"
        self._codemode = package.Codemode.from_client_config(
            config.ClientConfig(executor_url=url, executor_api_key="benchmark"), registry=registry
        )
        _until_listening(sidecar, self._sidecar)
        expect(self._execute(SUM), "4")
        return [time.perf_counter() - begin]

    def _execute(self, code: str) -> str:
        return str(self._codemode.execute(code))

    def warm(self, count: int, pause: float) -> Samples:
        return timed(count, lambda: expect(self._execute(SUM), "4"), pause)

    def tool_call(self, count: int) -> Samples:
        return [float(self._execute(CALLS.format(count=count)))]

    def parallel(self, count: int, seconds: float) -> Samples:
        program = PARALLEL.format(count=count, seconds=seconds)
        return timed(1, lambda: expect(self._execute(program), str(count)))

    def throughput(self, clients: int, seconds: float) -> Samples:
        return [threads(clients, seconds, lambda: expect(self._execute(SUM), "4"))]

    def close(self) -> None:
        self._sidecar.terminate()
        self._sidecar.wait()


def _serve_tools(registry: Any, port: int) -> None:
    server: Any = import_module("codemode.grpc.server")
    ready = threading.Event()

    async def run() -> None:
        running = await server.start_tool_service_async(registry, host="127.0.0.1", port=port, api_key="benchmark")
        ready.set()
        await running.wait_for_termination()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    if not ready.wait(30):
        raise RuntimeError("the ToolService did not start within 30 s")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError("the sidecar does not listen")


if __name__ == "__main__":
    serve(Opencodemode())
