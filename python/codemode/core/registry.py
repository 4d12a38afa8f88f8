"""The registry: the tools of an application by name, with their schemas, its agents, teams and flows, the programs'
configuration, and the runtime context that tools are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codemode.core.approvals import Policy, checked_policy
from codemode.core.components import Components
from codemode.core.context import (
    ContextHolder,
    RuntimeContext,
    get_current_context,
    names_of,
    reset_context,
)
from codemode.core.discovery import marked_tools, registration_of
from codemode.core.errors import (
    ComponentAlreadyExistsError,
    ComponentNotFoundError,
    RegistryError,
    UnknownToolError,
    suggest,
)
from codemode.core.names import shown
from codemode.core.registration import ToolRegistration, register

if TYPE_CHECKING:
    from pydantic import BaseModel

    from codemode import _codemode
    from codemode.core.scoped_registry import ScopedRegistry

__all__ = [
    "ComponentAlreadyExistsError",
    "ComponentNotFoundError",
    "ComponentRegistry",
    "RegistryError",
    "RuntimeContext",
    "ScopedRegistry",
    "ToolRegistration",
    "get_current_context",
    "reset_context",
]

MAX_TOOLS = 1000
"""Tools of one execution, by the contract."""

_MAX_SELECTIONS = 64  # selections of tools that are kept ready to be sent: an application uses few

Selection = tuple[Mapping[str, ToolRegistration], "_codemode.ToolSet"]


class ComponentRegistry(Components, ContextHolder):
    """Holds the tools that programs may call, and, for the application, its agents, teams and flows.

    Safe to use from several threads. A change holds from the next execution on. `tools` and its like list what the
    application has registered. Every registry also has the meta-tools ``__list__``, ``__search__`` and ``__schema__``:
    `get_tool` returns them, and they are not listed.
    """

    def __init__(self, *, approve: Policy | None = None) -> None:
        """Initializes an empty registry.

        Args:
            approve: Decides of each tool call before its tool is called; see `approve`.

        Raises:
            ValueError: ``approve`` cannot be called.
        """
        super().__init__()
        self._approve = checked_policy(approve)
        self._tools: dict[str, ToolRegistration] = {}
        self._config: dict[str, Any] = {}
        self._readable: frozenset[str] = frozenset()
        self._selections: dict[tuple[str, ...], Selection] = {}

    # === tools ===

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
                ``arun``, ``_run``, ``kickoff``, ``invoke`` or ``__call__``, or a LangChain tool.
            description: What programs are told about it. Default: what ``@tool`` says, else the tool's ``description``,
                else the first line of its docstring.
            input_schema: A pydantic model, whose fields are then the arguments, or a JSON Schema; with the latter the
                tool receives plain JSON data. Default: what ``@tool`` says.
            output_schema: What it returns, for the program to read; it is not enforced. Default: what ``@tool`` says.
            overwrite: Replace a tool of the same name.

        Raises:
            ComponentAlreadyExistsError: The name is taken and ``overwrite`` is False.
            ValueError: The name, the tool or a schema cannot be used.
        """
        registration = register(name, tool, description, input_schema, output_schema)
        self.add(registration, overwrite=overwrite)

    async def register_tool_async(
        self,
        name: str,
        tool: Any,
        description: str | None = None,
        input_schema: type[BaseModel] | dict[str, Any] | None = None,
        output_schema: type[BaseModel] | dict[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        """As `register_tool`."""
        self.register_tool(name, tool, description, input_schema, output_schema, overwrite)

    def register(self, tool: Any, overwrite: bool = False) -> None:
        """Registers a tool that is marked with ``@tool``, by the name that it was given there.

        Args:
            tool: A function, a bound method, a class, of which one instance is made and registered, or an instance.
            overwrite: Replace a tool of the same name.

        Raises:
            ComponentAlreadyExistsError: The name is taken and ``overwrite`` is False.
            ValueError: It is not marked, or cannot be used.
        """
        self.add(registration_of(tool), overwrite=overwrite)

    async def register_async(self, tool: Any, overwrite: bool = False) -> None:
        """As `register`."""
        self.register(tool, overwrite)

    def discover_tools(self, *modules: Any, overwrite: bool = False) -> list[str]:
        """Registers all that is marked with ``@tool`` in modules: functions and classes, imported ones too.

        What is registered already, being the same object, is passed over, so that modules may share tools and the call
        may be repeated.

        Args:
            modules: Modules, or objects whose marked methods are the tools.
            overwrite: Replace tools of the same names.

        Returns:
            The names of the tools that were registered, in the order of their definition.

        Raises:
            ComponentAlreadyExistsError: A name is taken by another object and ``overwrite`` is False. Nothing was
                registered.
            ValueError: A tool cannot be used, or two have the same name. Nothing was registered.
        """
        # Not under the lock: constructors of marked classes are the application's code.
        registrations = [registration_of(tool) for tool in marked_tools(modules, self.tools, again=overwrite)]
        self._add_all(registrations, overwrite=overwrite)
        return [registration.name for registration in registrations]

    def add(self, registration: ToolRegistration, *, overwrite: bool = False) -> None:
        """Adds a tool that another registry has. Raises `ComponentAlreadyExistsError` as `register_tool` does."""
        self._add_all([registration], overwrite=overwrite)

    def _add_all(self, registrations: Sequence[ToolRegistration], *, overwrite: bool) -> None:
        with self._lock:
            for registration in registrations:
                if not overwrite and registration.name in self._tools:
                    raise ComponentAlreadyExistsError(
                        f"a tool `{registration.name}` is registered already; pass overwrite=True to replace it"
                    )
            self._tools.update((registration.name, registration) for registration in registrations)
            self._selections.clear()

    def _drop_tool(self, name: str) -> None:
        with self._lock:
            self._tools.pop(name, None)
            self._selections.clear()

    def get_tool(self, name: str) -> Any:
        """Returns the tool that was registered as ``name``: of a marked class, its instance; or a meta-tool.

        Raises:
            ComponentNotFoundError: There is none.
        """
        registration = self.get_tool_registration(name)
        if registration is None:
            near = suggest(str(name), list(self.get_tool_registrations()))
            raise ComponentNotFoundError(f"no tool `{name}` is registered{near}")
        return registration.tool

    @property
    def tools(self) -> dict[str, Any]:
        """The registered tools by name: a copy."""
        return {name: registration.tool for name, registration in self.get_tool_registrations().items()}

    def get_tool_registration(self, name: str) -> ToolRegistration | None:
        """Returns everything known about a tool, or None."""
        registration = self._tools.get(name)
        return registration if registration is not None else meta_tool(self, name)

    def get_tool_registrations(self) -> dict[str, ToolRegistration]:
        """Everything known about the tools, by name: a copy."""
        with self._lock:
            return dict(self._tools)

    def get_component_names(self) -> dict[str, list[str]]:
        """The names of the tools, agents, teams and flows, by these words."""
        with self._lock:
            return {"tools": list(self._tools), **self._names()}

    def scoped(self, allowed_tools: Iterable[str]) -> ScopedRegistry:
        """A live view of this registry with some of its tools. Raises ``TypeError`` where that is not names."""
        from codemode.core.scoped_registry import ScopedRegistry

        return ScopedRegistry(self, allowed_tools)

    def clear(self) -> None:
        """Removes every tool, agent, team and flow, the configuration, and which context variables are readable."""
        with self._lock:
            self._tools.clear()
            self._clear_components()
            self._config.clear()
            self._readable = frozenset()
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

    # === approvals ===

    @property
    def approve(self) -> Policy | None:
        """Decides of each tool call, a `PendingCall`, before its tool is called; None: every call is allowed.

        A function or coroutine function that returns ``"allow"``, ``"ask"``, `Approve`, `Deny` or `Suspend`. It may be
        replaced at any time, and holds for the calls from then on. `clear` leaves it.
        """
        return self._approve

    @approve.setter
    def approve(self, policy: Policy | None) -> None:
        self._approve = checked_policy(policy)

    # === configuration: the program's global `config` ===

    def set_config(self, key: str, value: Any) -> None:
        """Sets one entry of the programs' global ``config``. Raises ``ValueError`` where ``key`` is no name."""
        if not isinstance(key, str) or not key:
            raise ValueError(f"`key` of the config must be a non-empty str, not {shown(key)}")
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

    # === which of the context programs may read ===

    def set_readable_context(self, *names: str) -> None:
        """Lets programs read these variables of whatever runtime context is current; without names, none.

        They are copied to the program's global ``context``; changing it changes nothing here. What a context itself
        exposes (`RuntimeContext.expose`) is readable besides.
        """
        self._readable = names_of("names", names)

    @property
    def readable_context(self) -> frozenset[str]:
        """The names that `set_readable_context` was given."""
        return self._readable

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __repr__(self) -> str:
        counts = {kind: len(names) for kind, names in self.get_component_names().items()}
        return f"ComponentRegistry({', '.join(f'{kind}={count}' for kind, count in counts.items())})"


def meta_tool(registry: ComponentRegistry, name: str) -> ToolRegistration | None:
    """The meta-tool ``name`` over ``registry``; None where there is none of that name."""
    if not isinstance(name, str) or not name.startswith("__"):
        return None
    from codemode.tools.meta import META_TOOLS

    kind = META_TOOLS.get(name)
    return ToolRegistration(kind(registry), name=name) if kind is not None else None


def __getattr__(name: str) -> object:
    if name == "ScopedRegistry":  # it is a ComponentRegistry, so its module imports this one
        from codemode.core.scoped_registry import ScopedRegistry

        return ScopedRegistry
    raise AttributeError(f"module 'codemode.core.registry' has no attribute {name!r}")


def tool_set(tools: Mapping[str, ToolRegistration]) -> _codemode.ToolSet:
    """Prepares tools for the wire. Raises ``ValueError`` where there are more than `MAX_TOOLS`."""
    from codemode import _codemode

    if len(tools) > MAX_TOOLS:
        raise ValueError(f"an execution may have {MAX_TOOLS} tools, not {len(tools)}; choose some with tool_filter")
    return _codemode.ToolSet([registration.wire() for registration in tools.values()])
