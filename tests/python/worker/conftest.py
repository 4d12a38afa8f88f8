"""Fixtures of the worker's tests: `run` takes a program to its end, `worker` leaves the protocol to the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from .harness import Finished, Tool, Worker, lay_out


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("worker"))


@pytest.fixture
def new_worker(directory: Path) -> Iterator[Callable[[], Worker]]:
    workers: list[Worker] = []

    def new() -> Worker:
        workers.append(Worker(directory))
        return workers[-1]

    yield new
    for worker in workers:
        worker.close()


@pytest.fixture
def worker(new_worker: Callable[[], Worker]) -> Worker:
    return new_worker()


@pytest.fixture
def run(new_worker: Callable[[], Worker]) -> Callable[..., Finished]:
    def run_program(code: str, *tools: Tool, **start: Any) -> Finished:
        worker = new_worker()
        worker.start(code, list(tools), **start)
        return worker.run(list(tools))

    return run_program


class Run(Protocol):
    def __call__(self, code: str, *tools: Tool, **start: Any) -> Finished: ...
