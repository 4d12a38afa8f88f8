"""The registry: the tools of an application by name, with their schemas, and the runtime context they are given."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codemode.core.context import (
    RuntimeContext,
    context_of,
    get_current_context,
    reset_context,
    set_context_of,
)
from codemode.core.errors import (
    ComponentAlreadyExistsError,
    ComponentNotFoundError,
    RegistryError,
    UnknownToolError,
    suggest,
)
from codemode.core.registration import ToolRegistration, register

if TYPE_CHECKING:
    from pydantic import BaseModel

    from codemode import _codemode

__all__ = [
    "ComponentAlreadyExistsError",
    "ComponentNotFoundError",
    "ComponentRegistry",
    "RegistryError",
    "RuntimeContext",
    "ToolRegistration",
    "get_current_context",
    "reset_context",
]

MAX_TOOLS = 1000
"""Tools of one execution, by the contract."""

_MAX_SELECTIONS = 64  # selections of tools that are kept ready to be sent: an application uses few

Selection = tuple[Mapping[str, ToolRegistration], "_codemode.ToolSet"]


class ComponentRegistry:
    """Holds the tools that programs may call.

    Safe to use from several threads. A change holds from the next execution on.
    """

    def __init__(self) -> None:
        """Initializes an empty registry."""
        self._lock = threading.Lock()
        self._tools: dict[str, ToolRegistration] = {}
        self._config: dict[str, Any] = {}
        self._selections: dict[tuple[str, ...], Selection] = {}

    def register_tool(
        self,
        name: str,
        tool: Any,
        description: str | None = None,
        input_schema: type[BaseModel] | dict[str, Any] | None = None,
        output_schema: type[BaseModel] | dict[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        """Registers a tool.

        Arguments are validated before the tool is called: by ``input_schema``, else by the tool's own ``args_schema``,
        else by its annotations where they resolve, else by its parameter names.

        Args:
            name: What programs call it: 1 to 128 printable characters that do not begin with ``__``. A name that is a
                Python identifier can also be imported (``from tools import name``).
            tool: A function or coroutine function, or an object with ``run_with_context``, ``run``, ``run_async``,
                ``arun``, ``_run`` or ``__call__``, or a LangChain tool.
            description: What programs are told about it. Default: the tool's ``description``, else the first line of
                its docstring.
            input_schema: A pydantic model, whose fields are then the arguments, or a JSON Schema; with the latter the
                tool receives plain JSON data.
            output_schema: What it returns, for the program to read; it is not enforced.
            overwrite: Replace a tool of the same name.

        Raises:
            ComponentAlreadyExistsError: The name is taken and ``overwrite`` is False.
            ValueError: The name, the tool or a schema cannot be used.
        """
        registration = register(name, tool, description, input_schema, output_schema)
        self.add(registration, overwrite=overwrite)

    def add(self, registration: ToolRegistration, *, overwrite: bool = False) -> None:
        """Adds a tool that another registry has. Raises `ComponentAlreadyExistsError` as `register_tool` does."""
        with self._lock:
            if not overwrite and registration.name in self._tools:
                raise ComponentAlreadyExistsError(
                    f"a tool `{registration.name}` is registered already; pass overwrite=True to replace it"
                )
            self._tools[registration.name] = registration
            self._selections.clear()

    def get_tool(self, name: str) -> Any:
        """Returns the tool that was registered as ``name``. Raises `ComponentNotFoundError` where there is none."""
        registration = self._tools.get(name)
        if registration is None:
            raise ComponentNotFoundError(f"no tool `{name}` is registered{suggest(name, list(self._tools))}")
        return registration.tool

    @property
    def tools(self) -> dict[str, Any]:
        """The registered tools by name: a copy."""
        return {name: registration.tool for name, registration in self.get_tool_registrations().items()}

    def get_tool_registration(self, name: str) -> ToolRegistration | None:
        """Returns everything known about a tool, or None."""
        return self._tools.get(name)

    def get_tool_registrations(self) -> dict[str, ToolRegistration]:
        """Everything known about the tools, by name: a copy."""
        with self._lock:
            return dict(self._tools)

    def clear(self) -> None:
        """Removes every tool and the configuration."""
        with self._lock:
            self._tools.clear()
            self._config.clear()
            self._selections.clear()

    def select(self, names: Sequence[str]) -> Selection:
        """The tools of an execution, ready to be sent. Built once until the registry changes.

        Names of meta-tools (``__list__``, …) are ignored: every program has them.

        Raises:
            UnknownToolError: A name is not registered.
            ValueError: There are more than `MAX_TOOLS`.
        """
        key = tuple(names)
        selection = self._selections.get(key)
        if selection is not None:
            return selection
        with self._lock:
            wanted = [name for name in dict.fromkeys(key) if not name.startswith("__")]
            unknown = [name for name in wanted if name not in self._tools]
            if unknown:
                raise UnknownToolError(unknown, sorted(self._tools))
            chosen = {name: self._tools[name] for name in wanted}
            selection = chosen, tool_set(chosen)
            if len(self._selections) >= _MAX_SELECTIONS:
                self._selections.clear()
            self._selections[key] = selection
            return selection

    # === configuration: the program's global `config` ===

    def set_config(self, key: str, value: Any) -> None:
        """Sets one entry of the programs' global ``config``."""
        with self._lock:
            self._config[key] = value

    def get_config(self, key: str, default: Any = None) -> Any:
        """Returns one entry of the programs' global ``config``."""
        return self._config.get(key, default)

    def update_config(self, **kwargs: Any) -> None:
        """Sets several entries of the programs' global ``config``."""
        with self._lock:
            self._config.update(kwargs)

    @property
    def config(self) -> dict[str, Any]:
        """The programs' global ``config``: a copy."""
        with self._lock:
            return dict(self._config)

    # === runtime context ===

    def set_context(self, context: RuntimeContext) -> None:
        """Sets the runtime context for the current task or thread; other tasks and other registries do not see it."""
        set_context_of(self, context)

    def get_context(self) -> RuntimeContext | None:
        """Returns this registry's runtime context of the current task; within a tool, that of its execution."""
        return context_of(self)

    def clear_context(self) -> None:
        """Forgets this registry's runtime context of the current task."""
        set_context_of(self, None)


def tool_set(tools: Mapping[str, ToolRegistration]) -> _codemode.ToolSet:
    """Prepares tools for the wire. Raises ``ValueError`` where there are more than `MAX_TOOLS`."""
    from codemode import _codemode

    if len(tools) > MAX_TOOLS:
        raise ValueError(f"an execution may have {MAX_TOOLS} tools, not {len(tools)}; choose some with tool_filter")
    return _codemode.ToolSet([registration.wire() for registration in tools.values()])
