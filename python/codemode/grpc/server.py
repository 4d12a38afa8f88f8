"""A tool server that serves nothing: see the package."""

from __future__ import annotations

import asyncio
import threading
import warnings
from typing import Any

_MESSAGE = (
    "{function} does nothing: executors call the tools of a registry over the client's own connection, so that no "
    "server and no port are needed; drop the call, and the settings that name the tool service"
)


class ToolServer:
    """What was a ``grpc.aio.Server``. It listens nowhere; `wait_for_termination` waits for `stop`."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()

    async def start(self) -> None:
        """Does nothing."""

    async def stop(self, grace: float | None = None) -> None:
        """Ends `wait_for_termination`."""
        self._stopped.set()

    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Waits for `stop`, or for ``timeout`` seconds. Returns whether the time ended first."""
        try:
            await asyncio.wait_for(self._stopped.wait(), timeout)
        except (asyncio.TimeoutError, TimeoutError):
            return True
        return False


def create_tool_server(registry: Any, *arguments: Any, **options: Any) -> ToolServer:
    """Returns a server that serves nothing, with a ``DeprecationWarning`` that says why."""
    _warn("create_tool_server")
    return ToolServer()


def start_tool_service(registry: Any, *arguments: Any, **options: Any) -> None:
    """Waits for ever, as it always did, with a ``DeprecationWarning`` that says why nothing needs it."""
    _warn("start_tool_service")
    threading.Event().wait()


async def start_tool_service_async(registry: Any, *arguments: Any, **options: Any) -> ToolServer:
    """Returns a server that serves nothing, with a ``DeprecationWarning`` that says why."""
    _warn("start_tool_service_async")
    return ToolServer()


def _warn(function: str) -> None:
    warnings.warn(_MESSAGE.format(function=function), DeprecationWarning, stacklevel=3)
