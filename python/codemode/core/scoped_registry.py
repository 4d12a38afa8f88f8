"""A live view of a registry with some of its tools: for an agent, a tenant or a step that must not have the others.

`ComponentRegistry.scoped` makes it. It is used wherever a registry is: the tools that it shows are the ones that are
sent with an execution, and the executor lets a program call no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from codemode.core.approvals import Policy
from codemode.core.context import names_of
from codemode.core.errors import ComponentNotFoundError, RegistryError, UnknownToolError, suggest
from codemode.core.registry import ComponentRegistry, meta_tool

if TYPE_CHECKING:
    from codemode.core.registration import ToolRegistration
    from codemode.core.registry import Selection

_META = "__"  # what the names of the meta-tools begin with: every scope has them


class ScopedRegistry(ComponentRegistry):
    """Shows the tools of its parent that are allowed. All else is the parent's: configuration, context, agents.

    A tool that the parent gets later is there if it is allowed, and one that it loses is not. Nothing can be registered
    here: the methods that would raise `RegistryError`.
    """

    def __init__(self, parent: ComponentRegistry, allowed_tools: Iterable[str]) -> None:
        """Makes a view of ``parent``; of a view, one that shows what both allow.

        Args:
            parent: The registry.
            allowed_tools: Names. Those that the parent does not have, or not yet, are allowed in vain: see
                `missing_tools`. Those of meta-tools need not be there.

        Raises:
            TypeError: ``allowed_tools`` is not a collection of names.
        """
        allowed = frozenset(name for name in names_of("allowed_tools", allowed_tools) if not name.startswith(_META))
        if isinstance(parent, ScopedRegistry):
            allowed &= parent.allowed_tools
            parent = parent.context_owner
        self._parent = parent  # nothing else is held: every method of the base class that reads is overridden
        self._allowed = allowed

    @property
    def allowed_tools(self) -> frozenset[str]:
        """The names that are allowed, whether or not the parent has such tools."""
        return self._allowed

    @property
    def missing_tools(self) -> list[str]:
        """The names that are allowed and that the parent does not have now: one that is mistyped, or yet to come."""
        return sorted(self._allowed.difference(self._parent.get_tool_registrations()))

    @property
    def context_owner(self) -> ComponentRegistry:
        """The registry whose runtime context this view has."""
        return self._parent

    def scoped(self, allowed_tools: Iterable[str]) -> ScopedRegistry:
        """A view of this view: what both allow."""
        return ScopedRegistry(self, allowed_tools)

    # === tools ===

    @property
    def tools(self) -> dict[str, Any]:
        """The tools of the scope by name: a copy."""
        return {name: registration.tool for name, registration in self.get_tool_registrations().items()}

    def get_tool(self, name: str) -> Any:
        """Returns a tool of the scope, or one of the meta-tools, which tell of the scope alone.

        Raises:
            ComponentNotFoundError: There is none of that name, or it is not allowed.
        """
        registration = self.get_tool_registration(name)
        if registration is None:
            near = suggest(str(name), list(self.get_tool_registrations()))
            raise ComponentNotFoundError(f"no tool `{name}` is registered and in this scope{near}")
        return registration.tool

    def get_tool_registration(self, name: str) -> ToolRegistration | None:
        """Returns everything known about a tool of the scope, or None."""
        if name in self._allowed:
            return self._parent.get_tool_registration(name)
        return meta_tool(self, name)

    def get_tool_registrations(self) -> dict[str, ToolRegistration]:
        """Everything known about the tools of the scope, by name, in the parent's order: a copy."""
        tools = self._parent.get_tool_registrations()
        return {name: registration for name, registration in tools.items() if name in self._allowed}

    def select(self, names: Sequence[str]) -> Selection:
        """The tools of an execution, ready to be sent; see `ComponentRegistry.select`.

        Raises:
            UnknownToolError: A name is not registered or not in the scope.
        """
        unknown = [name for name in dict.fromkeys(names) if name not in self._allowed and not name.startswith(_META)]
        if not unknown:
            try:
                return self._parent.select(names)
            except UnknownToolError as error:
                unknown = list(error.names)
        raise UnknownToolError(unknown, sorted(self.get_tool_registrations()))

    # === what is the parent's ===

    @property
    def approve(self) -> Policy | None:
        """The parent's policy."""
        return self._parent.approve

    @approve.setter
    def approve(self, policy: Policy | None) -> None:
        raise RegistryError("a ScopedRegistry is a view; set `approve` of the registry that it was made from")

    @property
    def agents(self) -> dict[str, Any]:
        """The parent's agents by name: a copy."""
        return self._parent.agents

    @property
    def teams(self) -> dict[str, Any]:
        """The parent's teams by name: a copy."""
        return self._parent.teams

    @property
    def flows(self) -> dict[str, Any]:
        """The parent's flows by name: a copy."""
        return self._parent.flows

    def get_agent(self, name: str) -> Any:
        """Returns an agent of the parent."""
        return self._parent.get_agent(name)

    def get_team(self, name: str) -> Any:
        """Returns a team of the parent."""
        return self._parent.get_team(name)

    def get_flow(self, name: str) -> Any:
        """Returns a flow of the parent."""
        return self._parent.get_flow(name)

    def get_component_names(self) -> dict[str, list[str]]:
        """The names of the tools of the scope, and of the parent's agents, teams and flows."""
        return {**self._parent.get_component_names(), "tools": list(self.get_tool_registrations())}

    @property
    def config(self) -> dict[str, Any]:
        """The programs' global ``config``, the parent's: a copy."""
        return self._parent.config

    def get_config(self, key: str, default: Any = None) -> Any:
        """Returns one entry of the parent's ``config``."""
        return self._parent.get_config(key, default)

    def set_config(self, key: str, value: Any) -> None:
        """Sets one entry of the parent's ``config``."""
        self._parent.set_config(key, value)

    def update_config(self, **kwargs: Any) -> None:
        """Sets several entries of the parent's ``config``."""
        self._parent.update_config(**kwargs)

    @property
    def readable_context(self) -> frozenset[str]:
        """The context variables that programs may read, the parent's."""
        return self._parent.readable_context

    def __contains__(self, name: object) -> bool:
        return name in self.get_tool_registrations()

    def __repr__(self) -> str:
        return f"ScopedRegistry(tools={len(self.get_tool_registrations())} of {self._parent!r})"

    # === what a view refuses ===

    def register(self, tool: Any, overwrite: bool = False) -> NoReturn:
        """Raises `RegistryError`."""
        raise _view("register")

    def discover_tools(self, *modules: Any, overwrite: bool = False) -> NoReturn:
        """Raises `RegistryError`."""
        raise _view("discover_tools")

    def clear(self) -> NoReturn:
        """Raises `RegistryError`."""
        raise _view("clear")

    def set_readable_context(self, *names: str) -> NoReturn:
        """Raises `RegistryError`."""
        raise _view("set_readable_context")

    def _add_all(self, registrations: Sequence[ToolRegistration], *, overwrite: bool) -> NoReturn:
        raise _view("register_tool")

    def _register(
        self, kind: str, name: str, component: Any, overwrite: bool, as_tool: bool, description: str | None
    ) -> NoReturn:
        raise _view(f"register_{kind}")


def _view(method: str) -> RegistryError:
    return RegistryError(f"a ScopedRegistry is a view; call `{method}` of the registry that it was made from")
