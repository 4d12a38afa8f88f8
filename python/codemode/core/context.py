"""The runtime context: what the application knows about the caller and gives to its tools.

`RuntimeContext` holds it. It stays in the application, but for the variables that it is told programs may read; those
are copied to the program, which can change nothing. Which context is current is kept per task and thread in one
context variable: for each registry its own, so that two registries in a thread do not see each other's, and the one
set last, or the one of the execution whose tool is running, as the current one of the module functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import ref

from codemode.core.names import described

_NO_NAMES: frozenset[str] = frozenset()


@dataclass(repr=False)
class RuntimeContext:
    """Variables of the caller (tenant, user, session, …) and metadata about the request. True if it has variables.

    Within a tool, ``metadata`` also has ``execution_id``, ``correlation_id``, ``call_id`` (int, 1 for the first call
    of an execution), ``idempotency_key`` (str, the same when the same call is made again by a retry), and
    ``traceparent`` where the execution has one.

    Attributes:
        variables: What tools read; any values, for they do not leave the process unless they are readable.
        metadata: About the request rather than the caller.
        readable: Names of the variables that programs may read too. A name without a variable is ignored.
    """

    variables: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    readable: frozenset[str] = _NO_NAMES

    if TYPE_CHECKING:
        # What the dataclass makes takes names in any collection, and keeps them as a set.
        def __init__(
            self,
            variables: dict[str, Any] = ...,
            metadata: dict[str, Any] = ...,
            readable: Iterable[str] = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        """Raises ``TypeError`` where a part is of another type."""
        # One is made for each tool call: what is right already is left alone.
        if type(self.variables) is not dict:
            self.variables = _dict("variables", self.variables)
        if type(self.metadata) is not dict:
            self.metadata = _dict("metadata", self.metadata)
        if self.readable is not _NO_NAMES:
            self.readable = names_of("readable", self.readable)

    def get(self, key: str, default: Any = None) -> Any:
        """Returns the variable ``key``, or ``default``."""
        return self.variables.get(key, default)

    def require(self, key: str) -> Any:
        """Returns the variable ``key``. Raises ``KeyError`` naming it and the variables there are."""
        try:
            return self.variables[key]
        except KeyError:
            raise KeyError(f"the runtime context has no variable `{key}` (it has: {_list(self.variables)})") from None

    def has(self, key: str) -> bool:
        """Whether there is a variable ``key``, ``None`` included."""
        return key in self.variables

    def set(self, key: str, value: Any) -> None:
        """Sets the variable ``key``."""
        self.variables[key] = value

    def update(self, **kwargs: Any) -> None:
        """Sets several variables."""
        self.variables.update(kwargs)

    def keys(self) -> list[str]:
        """The names of the variables."""
        return list(self.variables)

    # === what programs may read ===

    def expose(self, *names: str, **variables: Any) -> RuntimeContext:
        """Lets programs read variables: those named, and those given, which are set.

        Returns:
            This object.

        Raises:
            KeyError: There is no variable of a name.
        """
        for name in names:
            self.require(name)
        self.variables.update(variables)
        self.readable = frozenset((*self.readable, *names, *variables))
        return self

    def readable_variables(self, also: Iterable[str] = ()) -> dict[str, Any]:
        """The variables that programs may read, in the order in which they were set; ``also`` names further ones."""
        names = frozenset((*self.readable, *also))
        return {name: value for name, value in list(self.variables.items()) if name in names}

    # === conversions ===

    def to_dict(self) -> dict[str, Any]:
        """Returns ``{"variables": {…}, "metadata": {…}}``, copies of both, and ``"readable": […]`` if there are any."""
        data: dict[str, Any] = {"variables": dict(self.variables), "metadata": dict(self.metadata)}
        if self.readable:
            data["readable"] = sorted(self.readable)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuntimeContext:
        """The reverse of `to_dict`. A missing part is empty. Raises ``TypeError`` where a part is of another type."""
        if not isinstance(data, Mapping):
            raise TypeError(f"a runtime context is made from a dict, not from {described(data)}")
        variables, metadata, readable = (data.get(part) or None for part in ("variables", "metadata", "readable"))
        return cls(
            dict(_dict("variables", variables if variables is not None else {})),
            dict(_dict("metadata", metadata if metadata is not None else {})),
            readable if readable is not None else (),
        )

    def to_json(self) -> str:
        """Returns `to_dict` as JSON text. Raises ``TypeError`` where a variable is not JSON data."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_str: str) -> RuntimeContext:
        """The reverse of `to_json`. Raises ``ValueError`` where the text is not JSON."""
        return cls.from_dict(json.loads(json_str))

    def __bool__(self) -> bool:
        return bool(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def __repr__(self) -> str:
        # Names alone: values may be tokens, and contexts are logged.
        parts = (("variables", self.variables), ("metadata", self.metadata), ("readable", self.readable))
        return f"RuntimeContext({', '.join(f'{part}: {_list(names)}' for part, names in parts if names)})"


@dataclass
class ToolContextRequirements:
    """What a tool needs of the runtime context: set as ``context_requirements`` of a tool, it is checked before a call.

    Attributes:
        requires_context: There must be a context.
        required_keys: Variables that the context, where there is one, must have.
        optional_keys: Variables that the tool uses where it has them; for readers.
    """

    requires_context: bool = False
    required_keys: list[str] = field(default_factory=list)
    optional_keys: list[str] = field(default_factory=list)

    def validate(self, context: RuntimeContext | None) -> None:
        """Raises ``ValueError`` where ``context`` lacks something, naming the variables."""
        if context is None:
            if self.requires_context:
                raise ValueError("the tool requires a runtime context and there is none; set one with `with_context`")
            return
        missing = [key for key in self.required_keys if not context.has(key)]
        if missing:
            plural = "s" if len(missing) > 1 else ""
            raise ValueError(
                f"the tool requires the context variable{plural} {_list(missing)}; "
                f"the context has: {_list(context.variables)}"
            )


def names_of(argument: str, names: Iterable[str]) -> frozenset[str]:
    """``names`` as a set; a frozenset as it is. Raises ``TypeError`` where it is one text or has anything but texts."""
    if type(names) is not frozenset:
        if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
            raise TypeError(f"`{argument}` must be a collection of names, not {described(names)}")
        names = list(names)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"`{argument}` must be a collection of names, not one with {described(name)}")
    return names if type(names) is frozenset else frozenset(names)


def _dict(part: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"`{part}` of a runtime context must be a dict, not {described(value)}")


def _list(names: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, names))) or "none"


# === which context is current ===


_Entry = tuple["ref[Any]", RuntimeContext]  # a registry, which is not kept by it, and its context
_State = tuple["RuntimeContext | None", tuple[_Entry, ...]]  # the current one, and those of registries: few

# Never changed, for a task shares the value with the tasks that it started.
_state: ContextVar[_State | None] = ContextVar("codemode_runtime_context", default=None)


_NO_STATE: _State = (None, ())


def get_current_context() -> RuntimeContext | None:
    """The context set last in this task, or, within a tool, the context of the execution that calls it."""
    state = _state.get()
    return state[0] if state is not None else None


def reset_context() -> None:
    """Forgets every context of this task, of all registries."""
    _state.set(None)


def context_of(registry: object) -> RuntimeContext | None:
    """The context set for ``registry`` in this task."""
    state = _state.get()
    if state is None:
        return None
    owner = _owner(registry)
    for entry in state[1]:
        if entry[0]() is owner:
            return entry[1]
    return None


def set_context_of(registry: object | None, context: RuntimeContext | None) -> None:
    """Makes ``context`` the current one and that of ``registry``. ``None`` forgets the registry's."""
    current, entries = _state.get() or _NO_STATE
    if registry is None:
        _state.set((context, entries))
        return
    owner = _owner(registry)
    previous = None
    others = []
    for entry in entries:
        known = entry[0]()
        if known is owner:
            previous = entry[1]
        elif known is not None:
            others.append(entry)
    if context is not None:
        _state.set((context, ((ref(owner), context), *others)))
    else:
        _state.set((None if current is previous else current, tuple(others)))


def _owner(registry: object) -> object:
    # A view of a registry has the registry's context.
    return getattr(registry, "context_owner", registry)


class ContextHolder:
    """The part of a registry that is about the runtime context. All of it is of the current task or thread."""

    def set_context(self, context: RuntimeContext) -> None:
        """Sets the runtime context for the current task or thread; other tasks and other registries do not see it.

        Raises:
            TypeError: It is not a `RuntimeContext`.
        """
        if not isinstance(context, RuntimeContext):
            hint = "RuntimeContext(variables={…})" if isinstance(context, Mapping) else "`clear_context` to forget it"
            raise TypeError(f"`context` must be a RuntimeContext, not {described(context)}; use {hint}")
        set_context_of(self, context)

    def get_context(self) -> RuntimeContext | None:
        """Returns this registry's runtime context of the current task; within a tool, that of its execution."""
        return context_of(self)

    def clear_context(self) -> None:
        """Forgets this registry's runtime context of the current task."""
        set_context_of(self, None)

    async def set_context_async(self, context: RuntimeContext) -> None:
        """As `set_context`, for the task that awaits it."""
        self.set_context(context)

    async def get_context_async(self) -> RuntimeContext | None:
        """As `get_context`."""
        return self.get_context()

    async def clear_context_async(self) -> None:
        """As `clear_context`, for the task that awaits it."""
        self.clear_context()
