"""What a check runs in: a real executor, real tools, a directory with the files that the document names, a clean
environment. Everything is made when it is first asked for, so that a check of a signature starts nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from codemode import Codemode, ComponentRegistry, ExecutorClient
    from codemode.config import ClientConfig


class Closable(Protocol):
    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Closable)

PROJECT = "weather-desk"

_CLIENT_FILE = """\
executor_url: {url}
executor_api_key: {key}
"""

_LEGACY_FILE = """\
project:
  name: {project}
framework:
  type: crewai
executor:
  url: {url}
  api_key: {key}
"""

FILES = {"codemode-client.yaml": _CLIENT_FILE, "codemode.yaml": _LEGACY_FILE}
"""The files that the document names."""


class WeatherTool:
    """The tool that the document calls ``weather``."""

    def run(self, location: str, units: str = "celsius") -> dict[str, Any]:
        """Get current weather."""
        return {"location": location, "units": units, "temperature": 21.5}


class World:
    """One check's surroundings.

    Attributes:
        directory: The current directory of the check; `FILES` are in it.
    """

    def __init__(self, start: Callable[[], tuple[str, str]], directory: Path) -> None:
        self._start = start
        self.directory = directory
        self._open = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """The executor's address."""
        return self._start()[0]

    @property
    def key(self) -> str:
        """A key that it accepts."""
        return self._start()[1]

    def nowhere(self) -> str:
        """An address that nothing listens on, and nothing else can take until the world is closed."""
        taken = self._open.enter_context(socket.socket())
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"

    def write_files(self) -> None:
        for name, text in FILES.items():
            (self.directory / name).write_text(text.format(url=self.url, key=self.key, project=PROJECT))

    def registry(self) -> ComponentRegistry:
        """A registry with the tool ``weather``."""
        from codemode import ComponentRegistry

        registry = ComponentRegistry()
        registry.register_tool("weather", WeatherTool())
        return registry

    def client_config(self, url: str | None = None, **settings: Any) -> ClientConfig:
        from codemode.config import ClientConfig

        return ClientConfig(executor_url=url or self.url, executor_api_key=self.key, **settings)

    def codemode(self, config: ClientConfig | None = None) -> Codemode:
        """A `Codemode` with the tool ``weather``; closed with the world."""
        from codemode import Codemode

        return self.closing(Codemode(client_config=config or self.client_config(), registry=self.registry()))

    def client(self, url: str | None = None, **options: Any) -> ExecutorClient:
        """An `ExecutorClient` without tools; closed with the world."""
        from codemode.core import ExecutorClient

        return self.closing(ExecutorClient(url or self.url, self.key, **options))

    def closing(self, opened: Opened) -> Opened:
        """Closes ``opened`` with the world."""
        self._open.callback(opened.close)
        return opened

    def close(self) -> None:
        self._open.close()


def package_path() -> str:
    """Where this process has the package from, for the ``PYTHONPATH`` of another."""
    import codemode

    return str(Path(codemode.__file__).parents[1])


def finish(result: Any) -> Any:
    """Awaits what a coroutine function returned, in a loop of its own; anything else is returned as it is."""
    return asyncio.run(result) if inspect.iscoroutine(result) else result
