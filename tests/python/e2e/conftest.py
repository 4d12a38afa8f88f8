"""`local_codemode`: a `Codemode` with an empty registry over one embedded executor, shared by the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codemode import Codemode, ComponentRegistry
from codemode.core.context import reset_context


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def executor() -> Iterator[Codemode]:
    with Codemode.local() as codemode:
        yield codemode


@pytest.fixture
def local_codemode(executor: Codemode) -> Iterator[Codemode]:
    reset_context()
    yield Codemode(registry=ComponentRegistry(), executor_client=executor.executor_client)
    reset_context()
