"""Three executors, each behind a wire, and Envoy before them: started, ended and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from codemode.core.local import find_executable
from tests.fleet.balancer import Balancer
from tests.python.service.executors import KEY, children, free_ports

from .wire import Wire

EXECUTORS = 3
GRACE = 20  # seconds that a drained executor has


class Member:
    """One executor, and the wire to it. Its port stays the same from one process to the next."""

    def __init__(self, directory: Path, number: int, arguments: list[str]) -> None:
        self.number = number
        self._port, wire = free_ports(2)
        self._arguments = arguments
        self._log = (directory / f"executor-{number}.log").open("ab")
        self._lock = threading.Lock()
        self.process = self._start()
        self.wire = Wire(wire, self._port)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CODEMODE_")}
        environment["CODEMODE_API_KEY"] = KEY
        command = [str(find_executable()), "serve", "--listen", f"127.0.0.1:{self._port}", *self._arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=self._log)

    def serves(self) -> bool:
        import grpc

        from tests.python.service.contract import Client

        client = Client(f"127.0.0.1:{self._port}", KEY)
        try:
            client.info()
        except grpc.RpcError:
            return False
        finally:
            client.close()
        return True

    def kill(self) -> None:
        """As a machine that is gone; another takes its place at once."""
        with self._lock:
            self.process.kill()
            self.process.wait()
            self.process = self._start()

    def drain(self) -> bool:
        """As a rolling restart. Whether it ended in order."""
        with self._lock:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(GRACE + 10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                status = -signal.SIGKILL
            self.process = self._start()
        return status == 0

    def pause(self, seconds: float) -> None:
        """As a machine that hangs."""
        with self._lock, contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)

    def workers(self) -> list[int]:
        """Process ids of its workers, idle ones too."""
        return [worker for zygote in children(self.process.pid) for worker in children(zygote)]

    def stop(self) -> None:
        self.wire.stop()
        self.process.terminate()
        try:
            self.process.wait(GRACE + 10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


class Fleet:
    """The executors, and the one address that clients know."""

    def __init__(self, directory: Path, *, capacity: int = 16) -> None:
        arguments = ["--capacity", str(capacity), "--idle-workers", "4", "--grace", str(GRACE)]
        self.members = [Member(directory, number, arguments) for number in range(EXECUTORS)]
        self._lock = threading.Lock()
        self._balancer = Balancer(directory, [f"127.0.0.1:{member.wire.port}" for member in self.members])
        self.url = self._balancer.url

    def restart_envoy(self) -> None:
        """As a proxy that crashed."""
        with self._lock:
            self._balancer.kill()
            self._balancer.start()

    def envoy_status(self) -> int | None:
        """Envoy's exit status where it has ended, which nobody here asked it to."""
        with self._lock:
            return self._balancer.process.poll()

    def wait(self, seconds: float = 60) -> None:
        """Until every executor serves."""
        _until(lambda: all(member.serves() for member in self.members), seconds)

    def stop(self) -> None:
        with self._lock:
            self._balancer.stop()
        for member in self.members:
            member.stop()


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"the fleet does not serve within {seconds} s")
        time.sleep(0.1)
