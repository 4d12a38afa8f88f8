"""Real executors for tests: started as a user starts them, watched from outside through `/proc`."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from codemode.core.local import find_executable

from .contract import Client

KEY = "0123456789abcdef0123456789abcdef"
ANY_PORT = "127.0.0.1:0"
"""The kernel chooses it, and the log tells: one that was found free may be somebody else's a moment later."""

_CHOSEN = range(10_000, 30_000)  # below `net.ipv4.ip_local_port_range`


class Executor:
    """One `codemode serve` process. `target`: where it listens; `ANY_PORT` becomes what the log says."""

    def __init__(self, *arguments: str, target: str, key: str | None = KEY, **variables: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CODEMODE_")}
        environment |= variables
        if key is not None:
            environment["CODEMODE_API_KEY"] = key
        self._begin([str(find_executable()), "serve", *arguments], environment, target=target)

    def _begin(self, command: list[str], environment: dict[str, str], *, target: str) -> None:
        self.target = target
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._follow_log()

    def _follow_log(self) -> None:
        """Returns once it serves. Goes on reading what it logs, for which it would wait if nobody did."""
        self.log: list[str] = []
        stream = self.process.stderr
        assert stream is not None
        for line in stream:
            self.log.append(line)
            if " serving " in line or line.rstrip().endswith("serving"):
                if self.target == ANY_PORT:
                    (self.target,) = re.findall(r"//(127\.0\.0\.1:\d+)", line)
                self._reader = threading.Thread(target=self.log.extend, args=(stream,), daemon=True)
                self._reader.start()
                return
        stream.close()
        self.process.wait(10)
        raise AssertionError(f"the executor did not start: {''.join(self.log)}")

    def client(self, key: str | None = KEY) -> Client:
        return Client(self.target, key)

    def zygote(self) -> int:
        """The zygote's process id, of an executor none of whose zygotes was retired."""
        (zygote,) = children(self.process.pid)
        return zygote

    def workers(self) -> set[int]:
        """Of every zygote: one that is retired lives as long as its last worker."""
        return {worker for zygote in children(self.process.pid) for worker in children(zygote)}

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ends it the hard way if it must; returns the exit status."""
        self.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.close_log()

    def close_log(self) -> None:
        """After its end: `log` is complete."""
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


def free_ports(count: int) -> list[int]:
    """So many ports of loopback, no two the same, and none that the kernel gives to whoever asks for any."""
    ports: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(ports) < count:
            port, listener = secrets.choice(_CHOSEN), stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                ports.append(port)
    return ports


def free_port() -> int:
    return free_ports(1)[0]


@contextlib.contextmanager
def running(*arguments: str, key: str | None = KEY, **variables: str) -> Iterator[Executor]:
    """An executor on a loopback port. `variables`: of its environment."""
    executor = Executor("--listen", ANY_PORT, *arguments, target=ANY_PORT, key=key, **variables)
    try:
        yield executor
    finally:
        if executor.process.poll() is None:
            executor.stop()
        else:
            executor.close_log()


def children(pid: int) -> list[int]:
    """The live children of a process."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The command's name may hold anything, so count from its closing parenthesis.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(parent) == pid and state != "Z":
                    found.append(int(entry.name))
    return found


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Waits until `condition` holds; returns how long it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.002)
    return time.monotonic() - started
