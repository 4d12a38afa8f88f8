"""Three real executors behind a real Envoy, and the clients of an application."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from codemode import Codemode, ComponentRegistry, ExecutorClient

from ..python.service.executors import KEY, Executor, free_port, wait_for
from .balancer import Balancer

# More than Envoy's probes are apart, as envoy.yaml asks for.
DRAIN_DELAY = 5


class Fleet:
    """The executors by address, and what is before them."""

    def __init__(self, directory: Path, count: int = 3, *arguments: str) -> None:
        self.arguments = (
            "--profile",
            "container",
            "--idle-workers",
            "2",
            "--drain-delay",
            str(DRAIN_DELAY),
            *arguments,
        )
        self.executors: dict[str, Executor] = {}
        for _ in range(count):
            self.start(f"127.0.0.1:{free_port()}")
        self.balancer = Balancer(directory, list(self.executors))

    def start(self, address: str) -> Executor:
        executor = Executor("--listen", address, *self.arguments, target=address)
        self.executors[address] = executor
        return executor

    @staticmethod
    def forget(executor: Executor) -> None:
        """Closes what is left of one that has ended."""
        assert executor.process.poll() is not None
        executor.close_log()

    def in_use(self) -> dict[str, int]:
        """How many executions run on each."""
        found: dict[str, int] = {}
        for address, executor in self.executors.items():
            client = executor.client()
            found[address] = client.info().pool.in_use
            client.close()
        return found

    def client(self, **options: Any) -> ExecutorClient:
        return ExecutorClient(self.balancer.url, KEY, **options)

    def stop(self) -> None:
        self.balancer.stop()
        # All at once, for each waits for its drain delay.
        for executor in self.executors.values():
            if executor.process.poll() is None:
                executor.terminate()
        for executor in self.executors.values():
            if executor.process.poll() is None:
                executor.stop()
            else:
                self.forget(executor)


@contextmanager
def running_fleet(directory: Path, *arguments: str) -> Iterator[Fleet]:
    fleet = Fleet(directory, 3, *arguments)
    try:
        yield fleet
    finally:
        fleet.stop()


class Gate:
    """Executions that wait in a tool until they are let go: they run for exactly as long as a test wants."""

    def __init__(self, client: ExecutorClient) -> None:
        self._open = threading.Event()
        self._count = 0
        self._lock = threading.Lock()
        registry = ComponentRegistry()
        registry.register_tool("wait", self._wait)
        self._codemode = Codemode(registry=registry, executor_client=client)
        self._stack = ExitStack()
        self._threads: ThreadPoolExecutor = self._stack.enter_context(ThreadPoolExecutor(64))

    def _wait(self, number: int) -> int:
        with self._lock:
            self._count += 1
        assert self._open.wait(60)
        return number

    def hold(self, count: int) -> list[Future[str]]:
        """Begins executions, and returns when each has called its tool."""
        before = self._count
        program = "import os; result = tools.wait(number={})"
        running = [
            self._threads.submit(self._codemode.execute, program.format(number))
            for number in range(before, before + count)
        ]
        wait_for(lambda: self._count == before + count, 30, f"{count} executions wait in their tool")
        return running

    @property
    def calls(self) -> int:
        return self._count

    def open(self) -> None:
        self._open.set()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()
        self._stack.close()
        self._codemode.close()


class Stream:
    """Executions one after the other from several threads, while something happens to the fleet."""

    def __init__(self, execute: Callable[[int], object], threads: int = 4) -> None:
        self._execute = execute
        self._stopped = threading.Event()
        self.done = 0
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]
        self._lock = threading.Lock()

    def _run(self, thread: int) -> None:
        number = thread
        while not self._stopped.is_set():
            try:
                result = self._execute(number)
                assert result == number, (result, number)
            except BaseException as error:  # the test shows it
                self.failures.append(error)
            else:
                with self._lock:
                    self.done += 1
            number += len(self._threads)

    def more(self, count: int, seconds: float = 60) -> None:
        """Waits until so many more have ended."""
        wanted = self.done + count
        wait_for(lambda: self.done >= wanted or bool(self.failures), seconds, f"{count} more executions")

    def __enter__(self) -> Stream:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)
