"""A crew with a runtime context: `CrewWithContext`, which `CrewAIIntegration.wrap_team` returns.

A kickoff runs in a copy of the caller's context variables in which the registry's context is set. So there is nothing
to take back, whatever the kickoff raises, and kickoffs side by side do not see each other's. CrewAI starts its threads
with copies of their parent's context variables; a crew that streams starts when its chunks are asked for, therefore the
chunks are asked for in that copy too.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codemode.core.context import RuntimeContext
    from codemode.core.registry import ComponentRegistry
    from codemode.core.scoped_registry import ScopedRegistry

_END = object()


class _Wrapper:
    """Has the attributes of what it wraps, to read and to set, but for those of ``_own``."""

    _wrapped: str  # the own attribute that holds it
    _own: frozenset[str]

    def __getattr__(self, name: str) -> Any:
        # Own ones are asked for here where `copy` and `pickle` have made an object without calling `__init__`; and what
        # they look for, such as `__deepcopy__`, would be of the object that is wrapped.
        if name in self._own or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        return getattr(getattr(self, self._wrapped), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._own:
            object.__setattr__(self, name, value)
        else:
            setattr(getattr(self, self._wrapped), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(getattr(self, self._wrapped), name)


class CrewWithContext(_Wrapper):
    """A crew whose kickoffs have a runtime context. Everything else is the crew's own."""

    _wrapped = "_crew"
    _own = frozenset(("_crew", "_registry", "_context"))

    def __init__(self, crew: Any, registry: ComponentRegistry | ScopedRegistry, context: RuntimeContext | None) -> None:
        """``context``: None for that of the caller."""
        self._crew = crew
        self._registry = registry
        self._context = context

    def kickoff(self, *args: Any, **kwargs: Any) -> Any:
        """As the crew's, with the context."""
        return self._now(self._crew.kickoff, args, kwargs)

    def kickoff_for_each(self, *args: Any, **kwargs: Any) -> Any:
        """As the crew's, with the context."""
        return self._now(self._crew.kickoff_for_each, args, kwargs)

    async def kickoff_async(self, *args: Any, **kwargs: Any) -> Any:
        """As the crew's, with the context."""
        own = getattr(self._crew, "kickoff_async", None)  # a team need not be a crew
        return await self._awaited(own or partial(asyncio.to_thread, self._crew.kickoff), args, kwargs)

    async def kickoff_for_each_async(self, *args: Any, **kwargs: Any) -> Any:
        """As the crew's, with the context."""
        return await self._awaited(self._crew.kickoff_for_each_async, args, kwargs)

    async def akickoff(self, *args: Any, **kwargs: Any) -> Any:
        """As the crew's, with the context."""
        return await self._awaited(self._crew.akickoff, args, kwargs)

    async def akickoff_for_each(self, *args: Any, **kwargs: Any) -> Any:
        """As the crew's, with the context."""
        return await self._awaited(self._crew.akickoff_for_each, args, kwargs)

    def __repr__(self) -> str:
        return f"CrewWithContext({self._crew!r})"

    def _variables(self) -> contextvars.Context:
        variables = contextvars.copy_context()
        if self._context is not None:
            variables.run(self._registry.set_context, self._context)
        return variables

    def _now(self, kickoff: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        variables = self._variables()
        return _within(variables, variables.run(kickoff, *args, **kwargs))

    async def _awaited(
        self, kickoff: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        variables = self._variables()
        return _within(variables, await _task(variables, kickoff(*args, **kwargs)))


class StreamWithContext(_Wrapper):
    """What a crew that streams returns. Iterating is what makes it work, so that is done with the context."""

    _wrapped = "_output"
    _own = frozenset(("_variables", "_output"))

    def __init__(self, variables: contextvars.Context, output: Any) -> None:
        self._variables = variables
        self._output = output

    def __iter__(self) -> Iterator[Any]:
        chunks = iter(self._output)
        while (chunk := self._variables.run(next, chunks, _END)) is not _END:
            yield chunk

    async def __aiter__(self) -> AsyncIterator[Any]:
        chunks = aiter(self._output)
        while (chunk := await _task(self._variables, anext(chunks, _END))) is not _END:
            yield chunk

    async def __aenter__(self) -> StreamWithContext:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._output.aclose()


def _within(variables: contextvars.Context, output: Any) -> Any:
    if isinstance(output, list):
        return [_within(variables, each) for each in output]
    streams = hasattr(output, "is_completed") and hasattr(output, "get_full_text")
    return StreamWithContext(variables, output) if streams else output


async def _task(variables: contextvars.Context, awaitable: Awaitable[Any]) -> Any:
    # A task takes a copy of the variables that are current where it is made.
    return await variables.run(asyncio.ensure_future, _coroutine(awaitable))


async def _coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
