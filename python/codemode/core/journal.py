"""The journal of an execution: its tool calls with what became of them, as data that can be stored.

It is the core's; what is here decodes it, where somebody looks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codemode._values import decode, encode, to_json

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.models import ToolCall

MAX_PREVIEW = 4 * 1024  # characters of a tool call's arguments that the result keeps
_OPEN = "the execution ended before the tool returned"


@dataclass(frozen=True)
class JournalCall:
    """One call of a journal, decoded.

    Attributes:
        number: The call's id. ``execution_id:number`` is its idempotency key.
        tool: The tool.
        arguments: What the program passed.
        open: Whether nothing is known of its end.
        value: What the tool returned.
        error: ``Type: message`` where the tool failed.
        began: Seconds from the execution's begin.
        duration: Seconds until its outcome.
    """

    number: int
    tool: str
    arguments: Any
    open: bool
    value: Any = None
    error: str | None = None
    began: float = 0.0
    duration: float | None = None


class Journal:
    """What an execution did up to one moment. Immutable."""

    __slots__ = ("_core",)

    def __init__(self, core: _codemode.Journal) -> None:
        """Of the core's journal; applications get theirs from a result, or by `from_json`."""
        self._core = core

    @classmethod
    def from_json(cls, document: bytes | str) -> Journal:
        """Reads what `to_json` gave.

        Raises:
            ValueError: It is malformed, was edited, contradicts itself, or has a newer format.
        """
        from codemode import _codemode

        return cls(_codemode.Journal.from_json(document.encode() if isinstance(document, str) else document))

    def to_json(self) -> bytes:
        """The journal as one JSON document.

        It has the arguments and results of all tool calls: store it as you store those.
        """
        return self._core.to_json()

    @property
    def core(self) -> _codemode.Journal:
        """The core's own, undecoded."""
        return self._core

    @property
    def execution_id(self) -> str:
        """The execution's id."""
        return self._core.execution_id

    @property
    def runtime(self) -> str:
        """The executor's runtime, which a replay needs."""
        return self._core.runtime

    @property
    def unreplayable(self) -> str | None:
        """Why it cannot be replayed; None where it can."""
        return self._core.unreplayable

    @property
    def calls(self) -> list[JournalCall]:
        """The calls, decoded anew each time.

        Raises:
            ValueError: What the worker sent is no value.
        """
        return [
            JournalCall(
                number,
                tool,
                decode(arguments),
                value is None and failure is None,
                decode(value) if value is not None else None,
                _error(failure) if failure is not None else None,
                began,
                duration,
            )
            for number, tool, arguments, value, failure, began, duration in self._core.calls()
        ]

    def answer(self, number: int, value: Any) -> Journal:
        """The journal in which a call without an outcome has returned ``value``.

        Raises:
            ValueError: There is no such call, it has an outcome, or the value cannot be sent.
        """
        return Journal(self._core.answer_value(number, encode(value, root="value").encode()))

    def fail(self, number: int, error: BaseException) -> Journal:
        """The journal in which a call without an outcome has raised ``error``.

        Raises:
            ValueError: There is no such call, or it has an outcome.
        """
        from codemode.core.failures import describe

        return Journal(self._core.answer_failure(number, *describe(error)))

    def __len__(self) -> int:
        return len(self._core)

    def __eq__(self, other: object) -> bool:
        return self._core == other._core if isinstance(other, Journal) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        # What a service returns of a result must not carry all that its tools returned: it serialises as null.
        from pydantic_core import core_schema

        nothing = core_schema.plain_serializer_function_ser_schema(lambda _: None)
        return core_schema.is_instance_schema(cls, serialization=nothing)

    def __reduce__(self) -> tuple[Any, ...]:
        return Journal.from_json, (self.to_json(),)

    def __repr__(self) -> str:
        return f"Journal({self.execution_id!r}, {len(self)} calls)"


def records_of(core: _codemode.Journal, elapsed: float, asked: Collection[int] = ()) -> list[ToolCall]:
    """The calls as a result shows them.

    ``elapsed``: seconds since the execution began, for calls that were cut off. ``asked``: the calls that wait.
    """
    from codemode.core.models import ToolCall

    open_calls = (call_id for call_id, _, _ in core.pending()) if asked else None
    return [
        ToolCall(
            name=tool,
            args_json=preview(arguments),
            duration_ms=round((duration if duration is not None else max(elapsed - began, 0.0)) * 1000, 3),
            started_ms=round(began * 1000, 3),
            **_end_of(ended, error, not ended and open_calls is not None and next(open_calls) in asked),
        )
        for tool, arguments, ended, error, began, duration in core.records(MAX_PREVIEW + 1)
    ]


def _end_of(ended: bool, error: str | None, waits: bool) -> dict[str, Any]:
    if waits:
        return {"status": "suspended"}
    return {"status": "success" if ended and error is None else "error", "error": error if ended else _OPEN}


def preview(raw: bytes) -> str:
    """Encoded arguments as a JSON document, cut where they are long."""
    if len(raw) > MAX_PREVIEW:
        return raw[:MAX_PREVIEW].decode(errors="ignore") + "…"
    try:
        return to_json(raw)
    except ValueError:
        return raw.decode(errors="replace")


def _error(failure: tuple[str, str, str]) -> str:
    kind, message, _ = failure
    return f"{kind}: {message}" if message else kind
