"""The life of a worker: warm up, READY, START, run the program, FINISHED, be killed.

What it needs after the program has run is bound here beforehand: by then the program may have patched, deleted or
limited anything. After FINISHED it waits for its end: while it lives, the executor can ask the kernel what it used.
Exit is `os._exit`: there is nothing to clean up in a process that the kernel is about to take away.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from types import CodeType, ModuleType
from typing import Any, Final

from . import channel, determinism, ordered, program, report, tools
from .bridge import Bridge
from .context import ReadableContext
from .output import Output
from .replay import Replay
from .values import decode, encode

COMPLETED: Final = 1
FAILED: Final = 2
REJECTED: Final = 3
DIVERGED: Final = 4

# Python's own default: enough for the runner whatever the program chose.
_RECURSION_LIMIT: Final = 1000

_exit = os._exit
_read = os.read
_write = os.write
_format_exc = traceback.format_exc
_settrace = sys.settrace
_setprofile = sys.setprofile
_getrecursionlimit = sys.getrecursionlimit
_setrecursionlimit = sys.setrecursionlimit
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_loads = json.JSONDecoder().decode


ordered.install()


class Worker:
    """What a worker has besides its program. Made by the zygote: every object made after the fork costs page faults.

    The socket of `descriptor` may change until `main`: the extension puts the worker's in place of the zygote's.
    """

    def __init__(self, descriptor: int) -> None:
        self._channel = channel.Channel(descriptor)
        self._bridge = Bridge(self._channel)
        self._output = Output(self._bridge.send)
        self._bridge.flush = self._output.flush
        self._rehearsal = Rehearsal()

    def install(self) -> None:
        """Puts the program's streams in place."""
        self._output.install()

    def main(self) -> None:
        """Runs the one program that arrives. Does not return."""
        try:
            self._serve()
        except BaseException:  # a fault of the runner: the executor must see the worker end, whatever is locked by now
            _write(2, _format_exc().encode("utf-8", "backslashreplace"))
            _exit(1)
        _exit(0)

    def _serve(self) -> None:
        self._rehearsal.run()
        self._bridge.send(channel.frame(channel.READY))
        frames: list[bytes] = []
        while not frames:
            frames = self._channel.receive()
        header = _loads(frames[0][channel.PAYLOAD :].decode())
        replay = self._receive_journal(header, frames[1:]) if header["journal"] else None
        del frames
        self._finish(*run(header, self._bridge, self._output, replay))

    def _receive_journal(self, header: dict[str, Any], frames: list[bytes]) -> Replay:
        replay = Replay([tool[0] for tool in header["tools"]])
        left = header["journal"]
        while True:
            for frame in frames:
                left -= replay.add(frame)
            if left <= 0:
                break
            frames = self._channel.receive()
        self._bridge.begin_replay(replay, self._diverge)
        return replay

    def _diverge(self, content: dict[str, Any]) -> None:
        """Ends the execution in the middle of a call, in any thread: no program can catch it. Does not return."""
        self._finish(DIVERGED, _error(content))
        _exit(0)

    def _finish(self, outcome: int, content: bytes) -> None:
        self._bridge.send_last(channel.frame(channel.FINISHED, bytes((outcome,)), content))
        _await_end(self._channel.descriptor)


def _await_end(descriptor: int) -> None:
    """Returns where the executor only closes the socket, or the program has broken it."""
    try:
        while _read(descriptor, 4096):
            pass
    except OSError:
        pass


def run(header: dict[str, Any], bridge: Bridge, output: Output, replay: Replay | None = None) -> tuple[int, bytes]:
    """Runs the program of a START header to its end. Returns outcome and content of FINISHED."""
    determinism.begin(header["seed"], b"" if replay is None else b"".join(replay.clock))
    try:
        code = program.compile_program(header["code"])
    except BaseException as error:  # any error of the compiler rejects the program
        outcome, content = REJECTED, _error(report.of_rejection(error))
    else:
        outcome, content = _run(header, code, bridge)
    output.finish()
    if replay is not None and (divergence := replay.at_end()) is not None:
        return DIVERGED, _error(divergence)
    return outcome, content


def _run(header: dict[str, Any], code: CodeType, bridge: Bridge) -> tuple[int, bytes]:
    try:
        return COMPLETED, _value(header, code, bridge)
    except BaseException as error:  # KeyboardInterrupt and GeneratorExit are the program's failures too
        return FAILED, _error(report.of_failure(error))


def _value(header: dict[str, Any], code: CodeType, bridge: Bridge) -> bytes:
    """The encoded value of the program. Raises what the program raised, or why its value cannot be sent."""
    toolbox = tools.build(header, bridge)
    sys.modules["tools"] = toolbox
    sys.meta_path.append(tools.ToolFinder(toolbox))
    config = decode(header["config"]) if header["config"] is not None else {}
    context = ReadableContext(decode(header["context"]) if header["context"] is not None else {})
    running = program.Program(code, toolbox, config=config, context=context)
    try:
        running.run()
    finally:
        _recover()
    root, value = running.value()
    return encode(value, root=root, limit=int(header["limits"]["value"])).encode()


def _recover() -> None:
    """Takes back what a program may have left on, before the runner's own code works again."""
    _settrace(None)
    _setprofile(None)
    if _getrecursionlimit() < _RECURSION_LIMIT:
        _setrecursionlimit(_RECURSION_LIMIT)


def _error(content: dict[str, Any]) -> bytes:
    return _dumps(content).encode()


# === warm-up ===

_WARM_UP: Final = (
    """
import json
def f(x):
    return [str(i) for i in range(x)]
result = {"a": f(3), "b": 1.5, "c": json.loads("null"), "d": tools.warm(1, b=[2])}
print(len(result))
""",
    "raise ValueError('warm')",
)
_HEADER: Final[dict[str, Any]] = {
    "code": "result = 2 + 2",
    "tools": [["warm", False, ["a", "b"]]],
    "config": None,
    "context": None,
    "seed": "00" * 32,
    "journal": 0,
    "limits": {"value": 1 << 20, "tool_calls": 1},
    "describe": [["Warms up.", None, None]],
}


class _NoChannel(channel.Channel):
    """Answers every call with null."""

    def __init__(self) -> None:
        self._last = b""

    def write(self, data: bytes | memoryview) -> int:
        self._last = bytes(data)
        return len(data)

    def receive(self, *, wait: bool = True) -> list[bytes]:
        call_id = self._last[channel.PAYLOAD : channel.PAYLOAD + 4]
        return [channel.frame(channel.RESULT, call_id, b"\0null")]


async def _wait() -> None:
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))


class Rehearsal:
    """A run of the smallest program, after the fork, so that a worker pays for its page faults before it is needed.

    What it needs is made before. A longer rehearsal costs each worker up to 3 ms and 2 MB, and gains only those
    programs that go further.
    """

    def __init__(self) -> None:
        self._bridge = Bridge(_NoChannel())
        self._output = Output(self._bridge.send)
        self._start = _dumps(_HEADER)

    def run(self) -> None:
        modules = {name: sys.modules.get(name) for name in _TAKEN}
        finders = len(sys.meta_path)
        outcome, content = run(_loads(self._start), self._bridge, self._output)
        self._bridge.send_last(channel.frame(channel.FINISHED, bytes((outcome,)), content))
        _restore(modules, finders)


_TAKEN: Final = ("__main__", "builtins", "tools")
"""Modules that a program takes the place of."""


def _restore(modules: dict[str, ModuleType | None], finders: int) -> None:
    del sys.meta_path[finders:]
    for name, module in modules.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module


def warm_up() -> None:
    """Runs small programs once in the zygote, so that all modules on their way are imported before a fork."""
    streams = sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__
    modules = {name: sys.modules.get(name) for name in _TAKEN}
    finders = len(sys.meta_path)
    for code in _WARM_UP:
        bridge = Bridge(_NoChannel())
        output = Output(bridge.send)
        output.install()
        bridge.flush = output.flush
        run({**_HEADER, "code": code}, bridge, output)
    # Not by `asyncio.run`, after which `asyncio.get_event_loop()` would not make a loop for the program any more.
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_wait())
    loop.close()
    _restore(modules, finders)
    sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__ = streams  # type: ignore[misc]
