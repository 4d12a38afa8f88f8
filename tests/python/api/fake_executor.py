"""An executor within the test process: the classes of `codemode._codemode` that an execution uses, without a jail.

A program runs by `exec` in a thread, with the `tools`, `config` and outcomes that a worker gives it, as far as the
application's side can tell. What it lacks on purpose: limits other than the wall time, a jail, and a network.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from codemode._values import decode, encode
from codemode.core.executor_client import ExecutorConnectionError, ExecutorTimeoutError


class ToolSet:
    def __init__(self, tools: list[tuple[str, str, tuple[str, ...], bool, bytes, bytes]]) -> None:
        self.tools = {tool[0]: tool for tool in tools}

    def __len__(self) -> int:
        return len(self.tools)


class Limits:
    def __init__(self, **options: Any) -> None:
        self.options = options


class Journal:
    """The calls of an execution at one moment, as far as a result shows them."""

    def __init__(self, began: float, calls: list[list[Any]]) -> None:
        self.began = began
        self._calls = [tuple(call) for call in calls]

    def records(self, preview: int) -> list[tuple[str, bytes, bool, str | None, float, float | None]]:
        return [(name, raw[:preview], *rest) for name, raw, *rest in self._calls]

    def __len__(self) -> int:
        return len(self._calls)


@dataclass
class Finished:
    outcome: str
    value: bytes = b""
    stdout: bytes = b""
    stderr: bytes = b""
    error_type: str = ""
    error_message: str = ""
    traceback: str = ""
    line: int = 0
    column: int = 0
    limit: str = ""
    limit_message: str = ""
    wall_time: float = 0.0
    queue_time: float = 0.0
    cpu_time: float = 0.0
    peak_memory: int = 0
    tool_calls: int = 0
    output: int = 0
    output_dropped: int = 0
    jail_profile: str = "none"
    journal: Journal = field(default_factory=lambda: Journal(time.time(), []))
    attempts: int = 1
    replayed_calls: int = 0


class ToolError(Exception):
    def __init__(self, tool: str, type: str, message: str) -> None:
        super().__init__(message)
        self.tool, self.type, self.message = tool, type, message


@dataclass
class Connection:
    """Records what is started; `next_error` is raised by the next execution's `next_event`."""

    url: str = "http://localhost:1"
    started: list[Execution] = field(default_factory=list)
    closed: bool = False
    next_error: Exception | None = None

    def start(self, code: str, tools: ToolSet, **options: Any) -> Execution:
        if self.closed:
            raise ExecutorConnectionError("the connection is closed")
        execution = Execution(code, tools, options, self.next_error)
        self.started.append(execution)
        return execution

    def health(self, timeout: float) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True
        for execution in self.started:
            execution.cancel()


class Execution:
    def __init__(self, code: str, tools: ToolSet, options: dict[str, Any], error: Exception | None) -> None:
        self.code, self.tools, self.options = code, tools, options
        self.replies: dict[int, Any] = {}
        self.cancelled = False
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._waiting: dict[int, Future[Any]] = {}
        self._listener: Callable[[], object] | None = None
        self._lock = threading.Lock()
        self._calls = 0
        self._over = False
        self._output = {1: io.StringIO(), 2: io.StringIO()}
        self._begin = time.monotonic()
        self._began = time.time()
        self._made: list[list[Any]] = []
        if error is not None:
            self._post(error)
        else:
            threading.Thread(target=self._run, daemon=True).start()
            wall_time = options["limits"].options.get("wall_time")
            for seconds, post in ((wall_time, self._time_out), (options["deadline"], self._miss_deadline)):
                timer = threading.Timer(seconds, post)
                timer.daemon = True
                timer.start()

    # === what the application calls ===

    def next_event(self) -> Any:
        while True:
            try:
                return self._given(self._events.get(timeout=0.05))
            except Empty:
                continue

    def poll_event(self) -> Any:
        try:
            return self._given(self._events.get_nowait())
        except Empty:
            return None

    def set_listener(self, listener: Callable[[], object] | None) -> None:
        with self._lock:
            self._listener = listener
            if listener is not None and not self._events.empty():
                listener()

    def journal(self) -> Journal:
        return Journal(self._began, self._made)

    def _answered(self, call_id: int, error: str | None) -> None:
        call = self._made[call_id - 1]
        call[2:4] = True, error
        call[5] = time.monotonic() - self._begin - call[4]

    def send_value(self, call_id: int, value: bytes) -> None:
        self.replies[call_id] = value
        self._answered(call_id, None)
        self._waiting.pop(call_id).set_result(decode(value))

    def send_failure(self, call_id: int, type: str, message: str, builtin_type: str) -> None:
        self.replies[call_id] = (type, message, builtin_type)
        self._answered(call_id, f"{type}: {message}" if message else type)
        if self._over:
            return
        base = getattr(__import__("builtins"), builtin_type) if builtin_type else Exception
        kind = __import__("types").new_class("ToolError", (ToolError,) if base is Exception else (ToolError, base))
        self._waiting.pop(call_id).set_exception(kind(self._names[call_id], type, message))

    def cancel(self) -> None:
        self.cancelled = True
        self._finish(Finished("cancelled"))

    # === the program's side ===

    _names: dict[int, str]

    def _given(self, event: Any) -> Any:
        if isinstance(event, Exception):
            raise event
        return event

    def _post(self, event: Any) -> None:
        with self._lock:
            self._events.put(event)
            listener = self._listener
        if listener is not None:
            listener()

    def call(self, name: str, arguments: dict[str, Any]) -> Future[Any]:
        with self._lock:
            self._calls += 1
            call_id = self._calls
            future: Future[Any] = Future()
            self._waiting[call_id] = future
            self._names[call_id] = name
            raw = encode(arguments, root="arguments").encode()
            self._made.append([name, raw, False, None, time.monotonic() - self._begin, None])
        self._post((1, call_id, name, raw))
        return future

    def write(self, stream: int, text: str) -> None:
        self._output[stream].write(text)
        if self.options["stream_output"]:
            self._post((2, stream, text.encode()))

    def _time_out(self) -> None:
        self._finish(Finished("timed_out", limit="wall_time", limit_message="the wall time of the execution is over"))

    def _miss_deadline(self) -> None:
        if not self._over:
            self._over = True
            self._post(ExecutorTimeoutError("the deadline passed"))

    def _finish(self, finished: Finished) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        if not self.options["stream_output"]:
            finished.stdout = self._output[1].getvalue().encode()
            finished.stderr = self._output[2].getvalue().encode()
        finished.tool_calls = self._calls
        finished.wall_time = time.monotonic() - self._begin
        finished.journal = self.journal()
        self._post(finished)

    def _run(self) -> None:
        self._names = {}
        scope: dict[str, Any] = {
            "__name__": "__main__",
            "tools": Tools(self),
            "config": decode(self.options["config"] or b"{}"),
            "context": decode(self.options["context"] or b"{}"),
            "ToolError": ToolError,
            "print": lambda *parts, end="\n", file=None: self.write(2 if file else 1, " ".join(map(str, parts)) + end),
        }
        try:
            tree = ast.parse(self.code, "<program>")
        except SyntaxError as error:
            self._finish(
                Finished("rejected", error_type="SyntaxError", error_message=error.msg, line=error.lineno or 0)
            )
            return
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr):
            tree.body[-1] = ast.Assign([ast.Name("_last", ast.Store())], last.value)
            ast.fix_missing_locations(tree)
        try:
            code = compile(tree, "<program>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            if code.co_flags & inspect.CO_COROUTINE:
                asyncio.run(eval(code, scope))  # what an executor is for
            else:
                exec(code, scope)
            value = encode(scope.get("result", scope.get("_last")), root="result").encode()
        except BaseException as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == "<program>"]
            kind = error.type if isinstance(error, ToolError) else type(error).__name__
            text = "".join(traceback.format_exception_only(type(error), error))
            failed = Finished("failed", error_type=kind, error_message=str(error), traceback=text)
            failed.line = (lines[-1] if lines else 0) or 0
            self._finish(failed)
            return
        self._finish(Finished("completed", value=value))


class Tools:
    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def __getitem__(self, name: str) -> Tool:
        return Tool(self._execution, self._execution.tools.tools[name])

    def __getattr__(self, name: str) -> Tool:
        return self[name]


class Tool:
    def __init__(self, execution: Execution, tool: tuple[str, str, tuple[str, ...], bool, bytes, bytes]) -> None:
        self._execution = execution
        self._name, _, self._parameters, self._is_async, *_ = tool

    def __call__(self, *positional: Any, **named: Any) -> Any:
        if self._is_async:
            return self.run_async(*positional, **named)
        return self._execution.call(self._name, self._bind(positional, named)).result()

    run = __call__

    async def run_async(self, *positional: Any, **named: Any) -> Any:
        return await asyncio.wrap_future(self._execution.call(self._name, self._bind(positional, named)))

    def _bind(self, positional: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        return {**dict(zip(self._parameters, positional, strict=False)), **named}
