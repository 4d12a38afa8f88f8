"""`connection` and `codemode`: a `Codemode` whose executor runs within the test's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codemode import Codemode, ComponentRegistry, ExecutorClient, _codemode
from codemode.core.context import reset_context

from . import fake_executor


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> fake_executor.Connection:
    monkeypatch.setattr(_codemode, "ToolSet", fake_executor.ToolSet)
    monkeypatch.setattr(_codemode, "Limits", fake_executor.Limits)
    return fake_executor.Connection()


@pytest.fixture
def client(connection: fake_executor.Connection) -> Iterator[ExecutorClient]:
    with ExecutorClient("http://fake:1", "key", timeout=10) as client:
        client._connection = connection  # type: ignore[assignment]
        yield client


@pytest.fixture
def codemode(client: ExecutorClient) -> Iterator[Codemode]:
    reset_context()
    yield Codemode(registry=ComponentRegistry(), executor_client=client)
    reset_context()
