"""What has to be watched from outside a worker: the scenarios that programs of the corpus name in their `host:` field.

A scenario runs its program on a running executor and returns what was observed: the program's own word (`stopped: …`,
`escaped: …`) where it completed with one, else how it ended. Whatever the program says, it is `escaped` when something
outside of its worker was touched: another execution, the executor, a tool that it may not call, the application.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from codemode import Codemode, ComponentRegistry, ExecutorClient
from codemode._values import decode, encode
from tests.python.service.contract import Client, Conversation, Ended, Request, start
from tests.python.service.executors import children, wait_for

from .headers import Program
from .layers import ALL, without
from .runner import PATIENCE, Executor, running
from .witnesses import SLACK, Application, Bystander, Heartbeat, Memory

Scenario = Callable[[Program, Executor], str]
SCENARIOS: dict[str, Scenario] = {}

# Small, so that an attack is over soon; each is far from what the bystander needs.
LIMITS: dict[str, Any] = {
    "wall_time": 5,
    "cpu_time": 2,
    "memory": 128 << 20,
    "output": 64 << 10,
    "tool_calls": 100,
    "value": 1 << 20,
}


def limits_of(program: Program) -> dict[str, Any]:
    """Who is not meant to meet the limit of wall time does not meet it because the machine is busy."""
    return LIMITS if program.may_time_out else {**LIMITS, "wall_time": PATIENCE}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


def observed(outcome: str, value: object, error: str, limit: str) -> str:
    """One line for how an execution ended."""
    if outcome == "completed":
        return value if isinstance(value, str) and value.startswith(("stopped", "escaped")) else "completed"
    return {"failed": f"failed {error}", "killed": f"killed {limit}"}.get(outcome, outcome)


def observed_of(ended: Ended) -> str:
    value: object = None
    with contextlib.suppress(ValueError):  # A forged value may be anything.
        value = decode(ended.finished.value) if ended.outcome == "completed" else None
    return observed(ended.outcome, value, ended.finished.error.type, ended.limit)


# === one program beside another ===


def _works(client: Client) -> str:
    ended = client.run("result = 6 * 7")
    return "" if ended.finished.value == b"42" else f"the next execution ended as {observed_of(ended)}"


def _calls(ended: Ended, tools: Sequence[str]) -> str:
    strange = {name for name, _ in ended.calls} - set(tools)
    if strange:
        return f"a tool was called that was not offered: {', '.join(sorted(strange))}"
    return "more tool calls than the limit" if len(ended.calls) > LIMITS["tool_calls"] else ""


def _endures(program: Program, executor: Executor, answer: Callable[[str, bytes], bytes], **limits: Any) -> str:
    # Each its own connection: what the attack has sent and this process has not read yet is nothing to the bystander.
    client, other = executor.client(), executor.client()
    asked = {**limits_of(program), **limits}
    try:
        with Memory(executor.process.pid) as memory, Heartbeat() as heartbeat:
            bystander = Bystander(other, heartbeat)
            try:
                ended = client.run(program.code, ["echo"], answer, timeout=2 * PATIENCE, **asked)
            finally:
                harm = bystander.end()
        # By the executor's clock: this process may have much to read before it sees the end.
        usage = ended.finished.usage
        took = (usage.wall_time.ToNanoseconds() - usage.queue_time.ToNanoseconds()) / 1e9
        late = f"it ended after {took:.1f} s" if took > asked["wall_time"] + SLACK else ""
        harm = harm or memory.harm or late or _calls(ended, ["echo"]) or _works(client)
        return f"escaped: {harm}" if harm else observed_of(ended)
    finally:
        client.close()
        other.close()


@scenario
def endures(program: Program, executor: Executor) -> str:
    """Another execution, the executor and the next execution are none the worse; it ends within its time."""
    return _endures(program, executor, lambda _tool, arguments: arguments)


@scenario
def endures_large_answers(program: Program, executor: Executor) -> str:
    """As `endures`; each answer to a tool call is half a mebibyte."""
    return _endures(program, executor, lambda _tool, _arguments: b'"%s"' % (b"x" * (512 << 10)))


@scenario
def endures_with_each_limit_of_memory(program: Program, executor: Executor) -> str:
    """As `endures`, and once more without control groups, which many hosts do not have."""
    said = endures(program, executor)
    if said.startswith("escaped") or not _is_on(executor, "cgroup"):
        return said
    with running(without("cgroup")) as other:
        return endures(program, other)


def _is_on(executor: Executor, name: str) -> bool:
    client = executor.client()
    (layer,) = (layer for layer in client.info().jail.layers if layer.name == name)
    client.close()
    return bool(layer.state == "on")


@scenario
def endures_with_an_unlimited_stack(program: Program, executor: Executor) -> str:
    """As `endures`, and on an executor that was started with no limit on its stack."""
    said = endures(program, executor)
    if said.startswith("escaped"):
        return said
    with running(ALL, around=("/bin/sh", "-c", 'ulimit -s unlimited && exec "$0" "$@"')) as other:
        return endures(program, other)


# === an application ===


@contextlib.contextmanager
def _client(executor: Executor) -> Iterator[ExecutorClient]:
    client = ExecutorClient(executor.target, executor.key)
    try:
        yield client
    finally:
        client.close()


@scenario
def application(program: Program, executor: Executor) -> str:
    """Through the package, as applications do: once with a tool filter, once with a scoped registry."""
    observations = []
    with _client(executor) as client:
        allowed = limits_of(program)["wall_time"]
        for scoped in (False, True):
            host = Application()
            registry = host.registry.scoped(host.OFFERED) if scoped else host.registry
            codemode = Codemode(registry=registry, executor_client=client)
            began = time.monotonic()
            with Heartbeat() as heartbeat:
                result = codemode.executor_client.execute(
                    program.code,
                    list(registry.get_tool_registrations()) if scoped else list(host.OFFERED),
                    {"scoped": scoped},
                    execution_timeout=allowed,
                    context=host.context,
                    registry=registry,
                    timeout=2 * PATIENCE,
                )
                took = heartbeat.waited(began)
            harm = host.harm(result) or heartbeat.harm
            if not harm and took > max(LIMITS["wall_time"], min(allowed, result.usage.wall_time)) + SLACK:
                harm = f"the application was held for {took:.1f} s"
            if not harm and client.execute("result = 6 * 7", [], {}).value != 42:
                harm = "the next execution does not work"
            error = result.error_details.error_type if result.error_details else ""
            said = observed(result.outcome, result.value, error, result.limit or "")
            observations.append(f"escaped: {harm}" if harm else said)
    return _worst(observations)


@scenario
def beside_on_one_connection(program: Program, executor: Executor) -> str:
    """Another program of the same client calls a quick tool all the while: it may not wait for the attack's end."""
    under_way, over = threading.Event(), threading.Event()
    wall_time = 8  # Long enough that what is held up until it ends is told from what is slow.
    waits: list[float] = []
    heartbeat, last = Heartbeat(), time.monotonic()

    def beat() -> bool:
        nonlocal last
        waits.append(heartbeat.waited(last))
        if len(waits) == 10:
            under_way.set()
        going = not over.wait(0.05)  # 1,000 calls are for 50 s: more than two attacks take.
        last = time.monotonic()
        return going

    def echo(**_: Any) -> str:
        return "x" * (512 << 10)

    registry = ComponentRegistry()
    registry.register_tool("beat", beat)
    registry.register_tool("echo", echo)
    with _client(executor) as client, ThreadPoolExecutor(3) as threads, heartbeat:
        beating = "while tools.beat():\n    pass\nresult = 1"
        last = time.monotonic()
        other = threads.submit(client.execute, beating, ["beat"], {}, 60, registry=registry, timeout=90)
        try:
            under_way.wait(20)
            # Twice at once: together they leave more unread than a connection has room for, if they share its room.
            attacks = [
                threads.submit(client.execute, program.code, ["echo"], {}, wall_time, registry=registry, timeout=60)
                for _ in range(2)
            ]
            result, _ = (attack.result() for attack in attacks)
        finally:
            over.set()
        if other.result(60).value != 1:
            return f"escaped: another execution was harmed: {other.result().error}"
    if max(waits) > SLACK:
        return f"escaped: another execution waited {max(waits):.1f} s for one tool call"
    error = result.error_details.error_type if result.error_details else ""
    return observed(result.outcome, result.value, error, result.limit or "")


def _worst(observations: Sequence[str]) -> str:
    return next((each for each in observations if each.startswith("escaped")), observations[-1])


# === two executions ===


def _turn(program: Program, turn: str, seen: object = None, tools: Sequence[str] = ()) -> Any:
    """The start of a program that finds in `config` which turn it has, and what the one before returned."""
    request = start(program.code, tools, f"turn-{turn}", **limits_of(program))
    request.start.config = encode({"turn": turn, "seen": seen}).encode()
    return request


def _finish(conversation: Conversation) -> tuple[str, Any]:
    """Observation and value of an execution, whose output is of no interest."""
    finished = None
    for response in conversation.call:
        if response.WhichOneof("message") == "finished":
            finished = response.finished
            conversation.end_requests()
    assert finished is not None
    ended = Ended(finished)
    value = decode(finished.value) if ended.outcome == "completed" else None
    return observed_of(ended), value


def _run_turn(client: Client, program: Program, turn: str, seen: object = None) -> tuple[str, Any]:
    return _finish(client.converse(_turn(program, turn, seen), timeout=2 * PATIENCE))


@scenario
def in_a_row(program: Program, executor: Executor) -> str:
    """The first execution leaves what it can; those after it, from warm workers and from new ones, look for it."""
    client = executor.client()
    try:
        # A zygote that was retired ends with its last worker.
        zygotes: list[int] = []

        def one_is_left() -> bool:
            zygotes[:] = children(executor.process.pid)
            return len(zygotes) == 1

        wait_for(one_is_left, 60, "one zygote")
        (zygote,), idle, deaths = zygotes, client.info().pool.idle, _deaths(executor)
        before = _shape_at_rest(zygote)
        first, seen = _run_turn(client, program, "first")
        if first.startswith("escaped"):
            return first
        # More than were idle: the last of them was forked after the first execution had ended.
        observations = [_run_turn(client, program, "second", seen)[0] for _ in range(max(idle, 1) + 2)]
        # It may have been retired by now, because of this program's end or another's before.
        if _deaths(executor) != deaths:
            return "escaped: the zygote died"
        after = _shape_at_rest(zygote)
        if zygote in children(executor.process.pid) and after not in (before, None):
            return f"escaped: the zygote is not as it was: {set(after or ()) ^ set(before or ())}"
        return _worst(observations)
    finally:
        client.close()


def _deaths(executor: Executor) -> int:
    """How often a zygote has ended before it was told to."""
    return sum("the zygote died" in line for line in list(executor.log))


def _shape_at_rest(pid: int) -> tuple[str, ...] | None:
    """The same twice: the kernel writes down mappings piece by piece, and a fork changes them meanwhile."""
    before = _shape(pid)
    while (after := _shape(pid)) != before:
        before = after
        time.sleep(0.05)
    return after


def _shape(pid: int) -> tuple[str, ...] | None:
    """What a worker could have changed of its zygote: mappings that are not its heap, descriptors, limits."""
    with contextlib.suppress(PermissionError, FileNotFoundError, ProcessLookupError):
        maps = Path(f"/proc/{pid}/maps").read_text()
        mapped = sorted(line.split()[-1] for line in maps.splitlines() if "/" in line)
        return *mapped, *Path(f"/proc/{pid}/limits").read_text().splitlines()
    return None


@scenario
def at_once(program: Program, executor: Executor) -> str:
    """The first execution prepares and waits at its tool `meet`; the second runs from start to end meanwhile.

    What the first passes to `meet` is the second's `config['seen']`; the second's value is the answer.
    """
    client = executor.client()
    try:
        first = client.converse(_turn(program, "first", tools=["meet"]), timeout=2 * PATIENCE)
        first.receive("accepted")
        call = first.receive("tool_call")
        arguments = decode(call.arguments)
        second, value = _run_turn(client, program, "second", arguments["seen"])
        request = Request()
        request.tool_result.call_id = call.call_id
        request.tool_result.value = encode(value).encode()
        first.send(request)
        return _worst([_finish(first)[0], second])
    finally:
        client.close()


@scenario
def shares_no_pages(program: Program, executor: Executor) -> str:
    """The kernel's own list of a worker's memory: nothing that is written is shared with another process."""
    client = executor.client()
    try:
        conversation = client.converse(_turn(program, "first", tools=["meet"]), timeout=2 * PATIENCE)
        conversation.receive("accepted")
        call = conversation.receive("tool_call")
        shared = set()
        zygotes = children(executor.process.pid)
        for pid in (*zygotes, *(worker for zygote in zygotes for worker in children(zygote))):
            with contextlib.suppress(FileNotFoundError):
                for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
                    if re.search(r" .w.s ", line):
                        shared.add(line.split()[-1])
        request = Request()
        request.tool_result.call_id = call.call_id
        request.tool_result.value = encode(sorted(shared)).encode()
        conversation.send(request)
        return _finish(conversation)[0]
    finally:
        client.close()


@scenario
def pool_is_unharmed(program: Program, executor: Executor) -> str:
    """Many at once: afterwards the pool is full again and each worker has ended."""
    client = executor.client()
    try:
        conversations = [client.converse(_turn(program, "first"), timeout=2 * PATIENCE) for _ in range(6)]
        observations = [_finish(conversation)[0] for conversation in conversations]
        wait_for(lambda: client.info().pool.in_use == 0, 30, "no worker is in use")
        harm = _works(client)
        return f"escaped: {harm}" if harm else _worst(observations)
    finally:
        client.close()
