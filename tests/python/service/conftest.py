"""One executor for most tests of the service; tests that stop or starve theirs start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .contract import Client
from .executors import Executor, running


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    with running("--idle-workers", "8") as executor:
        yield executor


@pytest.fixture
def client(executor: Executor) -> Iterator[Client]:
    """A client; after the test, the same executor must still run a program."""
    client = executor.client()
    yield client
    ended = client.run("result = 6 * 7")
    assert (ended.outcome, ended.finished.value) == ("completed", b"42")
    client.close()
