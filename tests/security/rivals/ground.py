"""The ground of one run: a keeper that is the first process of new namespaces, witnesses, and the rival's process.

The keeper is root's and watches; what is attacked runs as a user of no rights, in a control group. Planted for it: the
key in the environment that it was started with, in an object and a buffer of its memory, and in a file; another
process of the same user that has the key too; a port that listens.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tests.security import containment

from .bounds import Bounds

# Users that nobody else is, one for each run at a time: limits and signals reach no other run.
FIRST_USER = 64_100
HOME = Path("/tmp/home")
SECRET = HOME / "api_key"
PORT = 8001  # the default port of executors, which programs of the corpus try
# Seconds that a rival may take to start, on a busy machine.
START = 60.0
# How long a program that has ended is watched, and how often. Who spins is there to run each time, however busy the
# machine is; who only waits for a processor to come to rest has it by then.
WATCHED, LOOKS = 4.0, 100
# Seconds that a process which has closed its pipe may take to be dead: it waits for a processor, too.
DYING = 20.0
PR_SET_DUMPABLE = 4

# What is run in the process that is attacked: it reports to the first descriptor, a line for each event, and reads a
# byte from the second when the keeper has taken note that it is ready.
Attacked = Callable[[int, int], None]


@dataclass(frozen=True)
class Patience:
    """Seconds until the rival must have ended a program, and the next one, which is harmless."""

    program: float
    next_one: float


def watch(name: str, key: str, user: int, patience: Patience, attacked: Attacked) -> dict[str, Any]:
    """Runs `attacked` on a ground of its own and returns what was seen.

    Afterwards nothing of it is left.
    """
    bounds = Bounds(name)
    try:
        reading, writing = os.pipe()
        outer = os.fork()
        if outer == 0:
            os.close(reading)
            _separate(bounds, writing, key, user, patience, attacked)
        os.close(writing)
        seen = _until(reading, bounds, 2 * START + patience.program * 2 + patience.next_one)
        os.kill(outer, signal.SIGKILL)  # and with it all
        os.waitpid(outer, 0)
        os.close(reading)
        return {**seen, "reached": bounds.reached()}
    finally:
        bounds.close()


def _separate(bounds: Bounds, writing: int, key: str, user: int, patience: Patience, attacked: Attacked) -> NoReturn:
    try:
        containment.end_with_parent()
        containment.leave()
        first = os.fork()
        if first == 0:
            containment.end_with_parent()
            containment.enter(None, [Path(sys.base_prefix), Path(sys.prefix)])
            seen = _keep(bounds, key, user, patience, attacked)
            os.write(writing, json.dumps(seen).encode() + b"\n")
        else:
            os.waitpid(first, 0)
    except BaseException as error:
        os.write(writing, json.dumps({"lost": f"{type(error).__name__}: {error}"}).encode() + b"\n")
    os._exit(0)


def _keep(bounds: Bounds, key: str, user: int, patience: Patience, attacked: Attacked) -> dict[str, Any]:
    """The first process of the namespaces."""
    HOME.mkdir()
    SECRET.write_text(key)
    for path in (HOME, SECRET):
        os.chown(path, user, user)
        path.chmod(0o700)
    placed = _shape(SECRET)
    listener = socket.create_server(("127.0.0.1", PORT))
    if os.fork() == 0:
        listener.close()
        _become(user)
        os.execve("/bin/sleep", ["sleep", "600"], {"CODEMODE_API_KEY": key})
    reading, writing = os.pipe()
    going, go = os.pipe()
    host = os.fork()
    if host == 0:
        try:
            bounds.join()
            _become(user)
            _streams((writing, going), listener)
            attacked(writing, going)
            signal.pause()
        finally:
            os._exit(70)
    os.close(writing)
    os.close(going)
    seen = _follow(host, reading, go, patience)
    if _shape(SECRET) != placed:
        seen["touched"] = "the file with the key was changed"
    return seen


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    # As after an ordinary start of this user's; the change of user alone takes it away.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    os.environ["HOME"] = str(HOME)
    os.chdir(HOME)


def _streams(kept: tuple[int, ...], listener: socket.socket) -> None:
    listener.close()
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _shape(path: Path) -> object:
    with contextlib.suppress(OSError):
        state = path.stat()
        return path.read_bytes(), state.st_mtime_ns, state.st_mode, state.st_uid
    return None


# === what is seen ===


def _follow(host: int, reading: int, go: int, patience: Patience) -> dict[str, Any]:
    """Reads what the rival's process reports, until it has reported its end, has died, or took too long."""
    seen: dict[str, Any] = {}
    before: set[int] = set()
    for event in _events(reading, START, patience):
        seen |= event
        if "ready" in event:
            before = set(_processes())
            with contextlib.suppress(BrokenPipeError):
                os.write(go, b"x")
        if "works" in event:
            break
    ended, status = os.waitpid(host, os.WNOHANG)
    if not ended and "works" not in seen:
        seen["late"] = True
        # A process that has closed its pipe is dead or about to be.
        ended, status = _wait(host, DYING if _is_closed(reading) else 0.2)
    if ended:
        code = os.waitstatus_to_exitcode(status)
        seen["died"] = signal.Signals(-code).name if code < 0 else f"status {code}"
        seen.pop("late", None)
    elif "works" in seen:
        seen["spins"] = _spins()
        seen["left"] = sorted(set(_processes()) - before)
    return seen


def _is_closed(reading: int) -> bool:
    return bool(select.select([reading], [], [], 0)[0]) and not os.read(reading, 1)


def _wait(pid: int, seconds: float) -> tuple[int, int]:
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended or time.monotonic() > deadline:
            return ended, status
        time.sleep(0.01)


def _events(reading: int, first: float, patience: Patience) -> Iterator[dict[str, Any]]:
    """What is reported, each within so many seconds of the one before."""
    rest, deadline, overhead = b"", time.monotonic() + first, 0.0
    while (left := deadline - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        block = os.read(reading, 1 << 16)
        if not block:
            return
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    yield event
                    allowed = patience.next_one if "ended" in event else patience.program
                    overhead = event.get("overhead", overhead)
                    deadline = time.monotonic() + allowed + overhead


def _until(reading: int, bounds: Bounds, seconds: float) -> dict[str, Any]:
    """What the keeper answers; nothing more is waited for once a bound is reached, which costs the machine."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if select.select([reading], [], [], 0.2)[0]:
            return next(_events(reading, 1, Patience(1, 1)), {"lost": "the keeper ended"})
        if bounds.reached():
            return {"ready": True}
    return {"lost": "the keeper did not answer"}


def _processes() -> list[int]:
    """All but this one, and but those that have ended."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
                if state not in "ZX":
                    found.append(int(name))
    return found


def _spins() -> bool:
    """Whether some thread runs, or waits for a processor, nearly each time that one looks."""
    rests = 0
    for _ in range(LOOKS):
        time.sleep(WATCHED / LOOKS)
        rests += not any("R" in _states(number) for number in _processes())
        if rests > LOOKS // 20:
            return False
    return True


def _states(number: int) -> set[str]:
    states = set()
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{number}/task"):
            stat = Path(f"/proc/{number}/task/{thread}/stat").read_text()
            states.add(stat.rpartition(")")[2].split()[0])
    return states
