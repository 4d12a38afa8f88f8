from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codemode import Codemode, ComponentRegistry
from codemode.checkpoints import CheckpointStore, DirectoryStore, PostgresStore, SqliteStore
from codemode.core.context import reset_context
from tests.python.service.executors import Executor, running

from . import postgres
from .tools import Bank


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    """An executor that runs as a service, for several clients."""
    with running() as process:
        yield process


@pytest.fixture(scope="session")
def embedded() -> Iterator[Codemode]:
    with Codemode.local() as codemode:
        yield codemode


@pytest.fixture
def bank(embedded: Codemode) -> Iterator[Bank]:
    """Tools that note each call, over an embedded executor."""
    reset_context()
    assert embedded._local is not None
    yield Bank(ComponentRegistry(), embedded.executor_client, embedded._local.api_key)
    embedded.executor_client.use_checkpoints(None)
    reset_context()


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL server. CODEMODE_REQUIRE_POSTGRES makes its absence a failure."""
    programs = postgres.binaries()
    if programs is None:
        assert not os.environ.get("CODEMODE_REQUIRE_POSTGRES"), "the PostgreSQL server is not installed"
        pytest.skip("the PostgreSQL server is not installed")
    with postgres.running(programs) as running:
        yield running


class Opener:
    """Opens the same place again and again, as several processes would."""

    def __init__(self, kind: str, directory: Path, server: postgres.Server | None) -> None:
        self.kind, self._directory, self._server = kind, directory, server
        self._open: list[Any] = []

    @property
    def address(self) -> str:
        """What a store of this kind is opened with."""
        if self.kind == "postgres":
            assert self._server is not None
            return self._server.conninfo
        return str(self._directory / ("checkpoints" if self.kind == "directory" else "checkpoints.db"))

    def __call__(self) -> CheckpointStore:
        kinds: dict[str, Any] = {"directory": DirectoryStore, "sqlite": SqliteStore, "postgres": PostgresStore}
        store = kinds[self.kind](self.address)
        self._open.append(store)
        return store

    def forget(self) -> None:
        """Empties the place."""
        store = self()
        for info in store.list():
            store.delete(info.execution_id)

    def clear(self) -> None:
        self.forget()
        for store in self._open:
            store.close()


@pytest.fixture(params=["directory", "sqlite", "postgres"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    server = request.getfixturevalue("server") if request.param == "postgres" else None
    opened = Opener(request.param, tmp_path, server)
    yield opened
    opened.clear()


@pytest.fixture
def store(opener: Opener) -> CheckpointStore:
    return opener()
