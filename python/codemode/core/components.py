"""Agents, teams and flows by name: the part of a registry that the application alone uses.

A program reaches them only where they are registered with ``as_tool=True``: then there is a tool of the same name,
which runs them.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from typing import Any
from weakref import WeakSet

from codemode.core.errors import ComponentAlreadyExistsError, ComponentNotFoundError, suggest
from codemode.core.names import check_name
from codemode.core.registration import ToolRegistration, register

_KINDS = ("agent", "team", "flow")

_with_locks: WeakSet[Components] = WeakSet()


class Components(ABC):
    """Holds agents, teams and flows. `ComponentRegistry` adds the tools."""

    _lock: threading.RLock

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _with_locks.add(self)
        self._components: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}

    # === what the registry provides ===

    @abstractmethod
    def add(self, registration: ToolRegistration, *, overwrite: bool = False) -> None:
        """Adds a tool."""

    @abstractmethod
    def _drop_tool(self, name: str) -> None:
        """Removes a tool."""

    @abstractmethod
    def get_tool_registrations(self) -> dict[str, ToolRegistration]:
        """The tools by name."""

    # === registering ===

    def register_agent(
        self, name: str, agent: Any, overwrite: bool = False, *, as_tool: bool = False, description: str | None = None
    ) -> None:
        """Registers an agent. Programs cannot reach it, unless as a tool.

        Args:
            name: Unique among the agents.
            agent: Any object.
            overwrite: Replace an agent of the same name, and the tool that was registered with it.
            as_tool: Also register it as a tool of this name. It is run by its ``run``, ``kickoff(inputs)`` or
                ``invoke(input)``, or their async twins where it has no other, or by calling it.
            description: What programs are told of the tool. Default: the object's own.

        Raises:
            ComponentAlreadyExistsError: The name is taken, among the agents or the tools, and ``overwrite`` is False.
            ValueError: The name is empty or reserved, the object is None, or it cannot be a tool. Nothing was
                registered.
        """
        self._register("agent", name, agent, overwrite, as_tool, description)

    def register_team(
        self, name: str, team: Any, overwrite: bool = False, *, as_tool: bool = False, description: str | None = None
    ) -> None:
        """Registers a team, such as a crew; as `register_agent`."""
        self._register("team", name, team, overwrite, as_tool, description)

    def register_flow(
        self, name: str, flow: Any, overwrite: bool = False, *, as_tool: bool = False, description: str | None = None
    ) -> None:
        """Registers a flow, such as a graph; as `register_agent`."""
        self._register("flow", name, flow, overwrite, as_tool, description)

    async def register_agent_async(
        self, name: str, agent: Any, overwrite: bool = False, *, as_tool: bool = False, description: str | None = None
    ) -> None:
        """As `register_agent`."""
        self._register("agent", name, agent, overwrite, as_tool, description)

    async def register_team_async(
        self, name: str, team: Any, overwrite: bool = False, *, as_tool: bool = False, description: str | None = None
    ) -> None:
        """As `register_team`."""
        self._register("team", name, team, overwrite, as_tool, description)

    async def register_flow_async(
        self, name: str, flow: Any, overwrite: bool = False, *, as_tool: bool = False, description: str | None = None
    ) -> None:
        """As `register_flow`."""
        self._register("flow", name, flow, overwrite, as_tool, description)

    def _register(
        self, kind: str, name: str, component: Any, overwrite: bool, as_tool: bool, description: str | None
    ) -> None:
        check_name(kind, name)
        if component is None:
            raise ValueError(f"{kind} `{name}`: `{kind}` must be an object, not None")
        if description is not None and not as_tool:
            raise ValueError(f"{kind} `{name}`: `description` is the tool's; pass as_tool=True, or leave it out")
        tool = register(name, component, description, None, None) if as_tool else None
        with self._lock:
            components = self._components[kind]
            previous = components.get(name)
            if previous is not None and not overwrite:
                raise ComponentAlreadyExistsError(
                    f"{_article(kind)} `{name}` is registered already; pass overwrite=True to replace it"
                )
            former = self.get_tool_registrations().get(name)
            if tool is not None:
                self.add(tool, overwrite=overwrite)
            elif former is not None and previous is not None and former.tool is previous:
                self._drop_tool(name)  # programs must not go on with what was replaced
            components[name] = component

    # === getting ===

    def get_agent(self, name: str) -> Any:
        """Returns the agent that was registered as ``name``. Raises `ComponentNotFoundError` where there is none."""
        return self._get("agent", name)

    def get_team(self, name: str) -> Any:
        """Returns the team that was registered as ``name``. Raises `ComponentNotFoundError` where there is none."""
        return self._get("team", name)

    def get_flow(self, name: str) -> Any:
        """Returns the flow that was registered as ``name``. Raises `ComponentNotFoundError` where there is none."""
        return self._get("flow", name)

    def _get(self, kind: str, name: str) -> Any:
        with self._lock:
            components = self._components[kind]
            if name not in components:
                raise ComponentNotFoundError(f"no {kind} `{name}` is registered{suggest(str(name), list(components))}")
            return components[name]

    @property
    def agents(self) -> dict[str, Any]:
        """The registered agents by name: a copy."""
        return self._copy("agent")

    @property
    def teams(self) -> dict[str, Any]:
        """The registered teams by name: a copy."""
        return self._copy("team")

    @property
    def flows(self) -> dict[str, Any]:
        """The registered flows by name: a copy."""
        return self._copy("flow")

    def _copy(self, kind: str) -> dict[str, Any]:
        with self._lock:
            return dict(self._components[kind])

    def _names(self) -> dict[str, list[str]]:
        return {f"{kind}s": list(components) for kind, components in self._components.items()}

    def _clear_components(self) -> None:
        for components in self._components.values():
            components.clear()


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "agent" else f"a {kind}"


def _renew_locks() -> None:
    # Of a forked child: a thread that held one is not in it, and would never release it.
    for components in list(_with_locks):
        components._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
