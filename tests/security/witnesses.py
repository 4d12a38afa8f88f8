"""Who is harmed by an attack, if anybody: what scenarios watch while a program of the corpus runs.

A `Bystander` is another execution on the same executor; `Memory` is the executor's; an `Application` has tools and a
runtime context, and `Heartbeat` tells whether its threads run. Each names the harm in a few words, or is empty.

On a busy machine the harness waits for a processor too, and for its own interpreter's lock. That is nobody's harm, so
`Heartbeat` measures it and what waited meanwhile is not blamed for it.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from pathlib import Path
from typing import Any

from codemode import ComponentRegistry, RuntimeContext
from codemode._values import encode
from codemode.core.models import ExecutionResult
from tests.python.service.contract import ROOT, Client, Request, start

# What a bystander may wait for one answer: far more than a busy machine takes, less than any attack's wall time.
SLACK = 4.0
# What one execution may cost the executor: a value in each direction, frames, buffers, and allocation's own rounding.
EXECUTOR_MEMORY = 64 << 20
# How long one execution may keep all threads of the application from running. A value of a mebibyte takes 0.02 s.
STANDSTILL = 1.5


class Bystander:
    """An execution of somebody else: it works while the attack runs, and must end with the right value."""

    CODE = """
import hashlib
block = bytearray(range(256)) * 4096
beats = 0
while tools.beat(n=beats):
    beats += 1
result = [beats, hashlib.sha256(block).hexdigest()]
"""
    DIGEST = "fbbab289f7f94b25736c58be46a994c441fd02552cc6022352e3d86d2fab7c83"

    def __init__(self, client: Client, heartbeat: Heartbeat) -> None:
        self._over = threading.Event()
        self._heartbeat = heartbeat
        self._beats = 0
        self._failure = ""
        self.slowest = 0.0
        # As long as its conversation: how long the client reads what the attack has sent is the machine's affair.
        request = start(self.CODE, ["beat"], "bystander", wall_time=120, cpu_time=120, tool_calls=100_000)
        self._conversation = client.converse(request, timeout=120)
        self._conversation.receive("accepted")
        self._answer(self._conversation.receive("tool_call").call_id, going=True)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _answer(self, call_id: int, *, going: bool) -> None:
        request = Request()
        request.tool_result.call_id = call_id
        request.tool_result.value = b"true" if going else b"false"
        self._beats += going
        self._conversation.send(request)

    def _serve(self) -> None:
        try:
            going = True
            while going:
                began = time.monotonic()
                call_id = self._conversation.receive("tool_call").call_id
                self.slowest = max(self.slowest, self._heartbeat.waited(began))
                going = not self._over.wait(0.02)
                self._answer(call_id, going=going)
            finished = self._conversation.receive("finished")
            expected = encode([self._beats, self.DIGEST]).encode()
            if finished.value != expected:
                self._failure = f"ended with outcome {finished.outcome}, {finished.value!r}"
        except Exception as error:
            self._failure = f"{type(error).__name__}: {error}"
        finally:
            self._conversation.end_requests()

    def end(self) -> str:
        """Ends it. Returns what went wrong, empty where nothing did."""
        self._over.set()
        self._thread.join(30)
        if self._thread.is_alive():
            self._conversation.cancel()
            return "another execution hangs"
        if self._failure:
            return f"another execution was harmed: {self._failure}"
        if self.slowest > SLACK:
            return f"another execution waited {self.slowest:.1f} s for one tool call"
        return ""


def _resident(pid: int) -> int:
    (line,) = re.findall(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(line) * 1024


class Memory:
    """The most that the executor held while this was open, above what it held before."""

    def __init__(self, pid: int) -> None:
        self._pid, self._before, self._most = pid, _resident(pid), 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self._most = max(self._most, _resident(self._pid) - self._before)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def harm(self) -> str:
        most = self._most
        return f"the executor's memory grew by {most >> 20} MiB" if most > EXECUTOR_MEMORY else ""


def _withheld() -> float:
    """Seconds for which threads of this process have waited for a processor."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        # One that ends meanwhile has nothing to say.
        with contextlib.suppress(OSError, IndexError):
            total += int((task / "schedstat").read_text().split()[1])
    return total / 1e9


def _clocks() -> tuple[float, float, float]:
    """Withheld, elapsed, computed."""
    return _withheld(), time.monotonic(), time.process_time()


class Heartbeat:
    """When no thread of this process ran, and for how long somebody held the interpreter's lock."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._gaps: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat)

    def _beat(self) -> None:
        withheld, last, used = self._began
        while not self._over.wait(0.01):
            # To read files gives the lock away, and somebody may hold it from then on: that is in the next beat.
            before, now, computed = _clocks()
            gap = now - last
            if gap > 0.1:
                self._gaps.append((last, now))
            # Who holds the lock either computes, or waits for something else than a processor.
            starved = _withheld() - withheld
            self._longest = max(self._longest, min(gap, computed - used), gap - max(0.0, starved))
            withheld, last, used = before, now, computed

    def waited(self, began: float) -> float:
        """Seconds since `began`, less those in which this process did not run."""
        now = time.monotonic()
        return now - began - sum(max(0.0, min(end, now) - max(start, began)) for start, end in list(self._gaps))

    def __enter__(self) -> Heartbeat:
        # Here, and not in the thread: that may not get the lock before somebody holds it for long.
        self._began = _clocks()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def harm(self) -> str:
        return f"the application stood still for {self._longest:.1f} s" if self._longest > STANDSTILL else ""


SECRET = "s3cr3t-of-the-caller"
READABLE = "acme"


class Application:
    """A registry with tools that count, and a runtime context; programs may call some of the tools."""

    OFFERED = ("add", "whoami", "fails", "echo")

    def __init__(self) -> None:
        self.forbidden: list[str] = []
        self.tenants: set[object] = set()
        self.context = RuntimeContext({"tenant": READABLE, "token": SECRET}, {"request": "r1"}, ("tenant",))
        self.registry = ComponentRegistry()
        self.called = 0

        def add(x: int, y: int = 0) -> int:
            self.called += 1
            return x + y

        def whoami(context: RuntimeContext) -> str:
            self.tenants.add(context.get("tenant"))
            return str(context.get("tenant"))

        def fails() -> None:
            raise FileNotFoundError("no such order")

        def echo(value: Any) -> Any:
            return value

        def delete_everything(**_: Any) -> str:
            self.forbidden.append("delete_everything")
            return "deleted"

        for tool in (add, whoami, fails, echo, delete_everything):
            self.registry.register_tool(tool.__name__, tool)

    def harm(self, result: ExecutionResult) -> str:
        """What the program did to the application, or saw of it."""
        if self.forbidden:
            return "a tool was called that the program may not call"
        if self.tenants - {READABLE}:
            return f"a tool saw another context: {self.tenants}"
        if self.context.variables != {"tenant": READABLE, "token": SECRET} or self.context.metadata != {
            "request": "r1"
        }:
            return "the application's context was changed"
        told = "\n".join(map(str, (result.stdout, result.stderr, result.error, result.error_details, result.result)))
        for what, text in (("a path of the application", str(ROOT)), ("a secret of the context", SECRET)):
            if text in told:
                return f"{what} reached the program"
        return ""
