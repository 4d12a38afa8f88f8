"""`codemode`: a real executor. The frameworks run without telemetry, and may not open a connection."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from codemode import Codemode, ComponentRegistry
from codemode.core.context import reset_context

from . import frameworks

# Before a framework is imported: they read these then. The last is read by all: it is for processes that have one.
os.environ.update(
    CREWAI_DISABLE_TELEMETRY="true",
    CREWAI_DISABLE_TRACKING="true",
    CREWAI_DISABLE_VERSION_CHECK="true",
    CREWAI_TRACING_ENABLED="false",
    CREWAI_TESTING="true",
    CREWAI_STORAGE_DIR=tempfile.mkdtemp(prefix="codemode-crewai-"),
)
if any(frameworks.AVAILABLE.values()):
    os.environ["OTEL_SDK_DISABLED"] = "true"

with warnings.catch_warnings():  # what they warn about when they are imported is theirs
    warnings.simplefilter("ignore")
    frameworks.load()

_connections: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    # And so is what they warn about in their own code.
    config.addinivalue_line("filterwarnings", r"ignore:::(crewai|google)(\.|$)")


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    # Sees what Python code opens: the frameworks. The client's connection to the executor is not Python's.
    if event in ("socket.connect", "socket.getaddrinfo"):
        _connections.append(f"{event} {arguments[1:] if event == 'socket.connect' else arguments[:2]}")


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fails a test in which a framework looked up a host or opened a connection."""
    _connections.clear()
    yield
    assert _connections == []


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def executor() -> Iterator[Codemode]:
    """One executor for all tests."""
    with Codemode.local(workers=4) as codemode:
        yield codemode


@pytest.fixture
def codemode(executor: Codemode) -> Iterator[Codemode]:
    """A registry of its own for each test, over the one executor."""
    reset_context()
    yield Codemode(registry=ComponentRegistry(), executor_client=executor.executor_client)
    reset_context()
