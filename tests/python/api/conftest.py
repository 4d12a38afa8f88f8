"""`codemode`: a `Codemode` with an empty registry over a real, embedded executor, shared by the whole session.

A test that asks for `connection` too gets one whose executor runs within the test's process: it looks at what is sent,
or decides what comes back. Such a test is about this side of the connection alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codemode import Codemode, ComponentRegistry, ExecutorClient, _codemode
from codemode.core.context import reset_context

from . import fake_executor


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def executor() -> Iterator[Codemode]:
    with Codemode.local() as codemode:
        yield codemode


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> fake_executor.Connection:
    monkeypatch.setattr(_codemode, "ToolSet", fake_executor.ToolSet)
    monkeypatch.setattr(_codemode, "Limits", fake_executor.Limits)
    return fake_executor.Connection()


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[ExecutorClient]:
    if "connection" not in request.fixturenames:
        yield request.getfixturevalue("executor").executor_client
        return
    with ExecutorClient("http://localhost:1", "key", timeout=10) as client:
        client._connection = request.getfixturevalue("connection")
        yield client


@pytest.fixture
def codemode(client: ExecutorClient) -> Iterator[Codemode]:
    reset_context()
    yield Codemode(registry=ComponentRegistry(), executor_client=client)
    reset_context()
