"""What the contract's tests drive: an adapter in its real framework, and a model that plays back turns.

A turn is a program, which the model sends to the tool, or, where it is an `Answer`, what it says at last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from codemode import Codemode, RuntimeContext


class Answer(str):
    """The model's last words."""


Turn = str


@dataclass
class Seen:
    """What the model was given, and what came out in the end.

    Attributes:
        descriptions: Of the tool, in each turn.
        replies: What the tool answered, in order.
        answer: What the framework returned.
    """

    descriptions: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    answer: str = ""


class Adapter(Protocol):
    """One framework with our tool in it."""

    def tool(self, codemode: Codemode, **options: Any) -> Any:
        """The adapter's tool."""

    async def call(self, tool: Any, code: str) -> str:
        """What the framework does when the model calls the tool, on the running loop."""

    async def converse(self, tool: Any, turns: list[Turn], context: RuntimeContext | None = None) -> Seen:
        """A whole conversation of an agent that has ``tool``, for a caller with ``context``."""
