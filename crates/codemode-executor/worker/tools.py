"""The program's tools: `tools['weather'].run(location='Oslo')`, `tools.weather('Oslo')`, `from tools import weather`.

`Tools` is the module `tools` and the program's global of that name. A tool is named to the executor by its index in the
START frame, so nothing that a program writes here can reach a tool that its execution does not have. Positional
arguments become keyword arguments by the tool's parameter names; whether they fit is the application's to say.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import errors
from .bridge import Bridge, Reply, content, is_failure
from .errors import ToolDenied, ToolError, unknown_tool
from .meta import META_TOOLS, MetaTool
from .values import UnsendableValueError, decode, encode

_loads = json.JSONDecoder().decode


class Tool:
    """One tool of the execution. Calling it is `run`."""

    __slots__ = ("_call", "_input_schema", "_output_schema", "description", "is_async", "name", "parameters")

    def __init__(
        self, name: str, is_async: bool, parameters: Sequence[str], described: Sequence[Any], call: Call
    ) -> None:
        self.name = name
        self.is_async = is_async
        self.parameters = list(parameters)
        self.description = described[0] or ""
        self._input_schema = described[1]
        self._output_schema = described[2]
        self._call = call

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the tool: returns its value, or, where the tool is async, an awaitable of it."""
        call = self._call
        if args:
            kwargs = self._named(args, kwargs)
        if self.is_async:
            return call.awaited(self.name, call.encode(self.name, kwargs))
        return call.now(self.name, call.encode(self.name, kwargs))

    __call__ = run

    def run_async(self, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        """Calls the tool, sync or async, and returns an awaitable: so that calls can run side by side."""
        if args:
            kwargs = self._named(args, kwargs)
        return self._call.awaited(self.name, self._call.encode(self.name, kwargs))

    def _named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        names = self.parameters
        if len(args) > len(names):
            if not names:
                raise self._mistake("takes keyword arguments only")
            plural = "argument" if len(names) == 1 else "arguments"
            raise self._mistake(
                f"takes {len(names)} positional {plural} ({', '.join(names)}) but {len(args)} were given"
            )
        for name in names[: len(args)]:
            if name in kwargs:
                raise self._mistake(f"got multiple values for argument {name!r}")
        return {**dict(zip(names, args, strict=False)), **kwargs}

    def _mistake(self, message: str) -> ToolError:
        return errors.make(self.name, "TypeError", message, "TypeError")

    @property
    def input_schema(self) -> Any:
        """The JSON Schema of the arguments, or None."""
        return _loads(self._input_schema) if self._input_schema else None

    @property
    def output_schema(self) -> Any:
        """The JSON Schema of the value, or None."""
        return _loads(self._output_schema) if self._output_schema else None

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return self.description

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{'async ' if self.is_async else ''}tool {self.name}({', '.join(self.parameters)})>"


class Call:
    """How one tool is called: its index, and the way to the executor."""

    __slots__ = ("bridge", "index", "limit")

    def __init__(self, bridge: Bridge, index: int, limit: int) -> None:
        self.bridge = bridge
        self.index = index
        self.limit = limit

    def encode(self, name: str, kwargs: dict[str, Any]) -> bytes:
        error: Exception
        try:
            return encode(kwargs, root=f"the arguments of {name}", limit=self.limit).encode()
        except UnsendableValueError as unsendable:
            error = unsendable
        # Found again by argument, to be named as the call is written: `weather(location).city`.
        for key, value in kwargs.items():
            encode(value, root=f"{name}({key})")
        raise error

    def now(self, name: str, arguments: bytes) -> Any:
        return _value(name, self.bridge.call(self.index, arguments))

    async def awaited(self, name: str, arguments: bytes) -> Any:
        return _value(name, await self.bridge.call_async(self.index, arguments))


def _value(name: str, reply: Reply) -> Any:
    if is_failure(reply):
        raise errors.from_failure(name, content(reply))
    return decode(content(reply))


class Tools(ModuleType):
    """Tools by name, as items and as attributes. A tool's name wins over a method of this class."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        super().__init__("tools", "The tools of this execution.")
        by_name = {tool.name: tool for tool in tools}
        self.__tools__ = by_name
        self.__meta__ = {name: MetaTool(name, answer, by_name) for name, answer in META_TOOLS.items()}
        self.__all__ = [*by_name, "ToolDenied", "ToolError"]
        # A package, so that the import of a name that is no tool gets to `ToolFinder`, which has the better message.
        self.__path__: list[str] = []
        self.__dict__.update(by_name, ToolDenied=ToolDenied, ToolError=ToolError)

    def __getitem__(self, name: str) -> Any:
        tool = self.__tools__.get(name) or self.__meta__.get(name)
        if tool is None:
            raise unknown_tool(self.__tools__, name, "KeyError")
        return tool

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):  # Python itself probes for these.
            raise AttributeError(f"module 'tools' has no attribute {name!r}")
        raise unknown_tool(self.__tools__, name, "AttributeError")

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.__tools__))

    def __len__(self) -> int:
        return len(self.__tools__)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        return name in self.__tools__ or name in self.__meta__

    def __dir__(self) -> list[str]:
        return sorted(self.__all__)

    def __repr__(self) -> str:
        return f"<tools: {', '.join(self.__tools__) or 'none'}>"

    def keys(self) -> list[str]:
        return list(self.__tools__)

    def values(self) -> list[Tool]:
        return list(self.__tools__.values())

    def items(self) -> list[tuple[str, Tool]]:
        return list(self.__tools__.items())

    def get(self, name: str, default: Any = None) -> Any:
        tool = self.__tools__.get(name) or self.__meta__.get(name)
        return default if tool is None else tool


class ToolFinder(MetaPathFinder, Loader):
    """Serves `import tools.weather`, and names the near tools where there is none of that name."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != "tools" or not name:
            return None
        if name not in self._tools.__tools__:
            raise unknown_tool(self._tools.__tools__, name, "ImportError")
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._tools[spec.name.partition(".")[2]]

    def exec_module(self, module: Any) -> None:
        """A tool is complete as it is."""


def build(header: dict[str, Any], bridge: Bridge) -> Tools:
    """The tools of a START header."""
    limit = int(header["limits"]["value"])
    described = header["describe"]
    return Tools(
        [
            Tool(name, is_async, parameters, described[index], Call(bridge, index, limit))
            for index, (name, is_async, parameters) in enumerate(header["tools"])
        ]
    )
