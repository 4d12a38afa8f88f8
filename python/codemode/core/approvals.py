"""Calls that wait for a person: what a policy decides, what a tool raises, and what `resume` is told of each.

    policy ──"allow", Approve──► the tool runs ── raises Suspend ──┐
      ├──Deny──► the program gets a ToolDenied                     ▼
      └──"ask", Suspend ────────────────────────────────► suspended ── Approve, Deny, Return, Fail ──► on

A call that was in flight when its application died is `uncertain`: it waits likewise, and may be answered with `Retry`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from codemode.core.names import described

CallState = Literal["asked", "uncertain"]


@dataclass(frozen=True)
class PendingCall:
    """A tool call that has no outcome yet.

    Attributes:
        call_id: Its number in the execution, from 1: the same on each attempt and after each resume.
        tool: The tool.
        arguments: What the program passed.
        execution_id: The execution.
        state: ``asked``, where it waits for an answer and the tool has done nothing; ``uncertain``, where it had begun
            when its application died. To a policy a new call is ``asked``.
        reason: What the policy or the tool said.
        data: What the tool gave with `Suspend`, as it is to be shown to whoever decides.
    """

    call_id: int
    tool: str
    arguments: Mapping[str, Any]
    execution_id: str
    state: CallState = "asked"
    reason: str = ""
    data: Any = None

    @property
    def idempotency_key(self) -> str:
        """What names this call, and no other, on every attempt: as the tool finds it in its runtime context."""
        return f"{self.execution_id}:{self.call_id}"

    def to_dict(self) -> dict[str, Any]:
        """The call as JSON data, to be shown; what JSON lacks is in its plain JSON form."""
        from codemode._values import encode, to_json

        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("arguments", "data"):
            data[name] = json.loads(to_json(encode(data[name]).encode()))
        return data


class Suspend(Exception):
    """Raised by a tool that must wait for a person, before it has done anything.

    The execution ends as ``suspended`` once nothing else of it can go on. The tool is called again when the call is
    approved, and then finds the `Approve` as ``approval`` in its runtime context's metadata.

    Attributes:
        reason: Why, for whoever decides.
        data: What they should see; it is kept in the checkpoint, so it must be a value that can be sent.
    """

    def __init__(self, reason: str = "", data: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.data = data

    def __reduce__(self) -> tuple[type[Suspend], tuple[str, Any]]:
        return type(self), (self.reason, self.data)


@dataclass(frozen=True)
class Approve:
    """The tool is called.

    Attributes:
        arguments: Instead of the program's; it is not told. Default: the program's.
    """

    arguments: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Deny:
    """The program gets a ``ToolDenied``, which it may catch; the tool is not called.

    Attributes:
        reason: What the program, and its model, are told.
    """

    reason: str = "the call was denied"


@dataclass(frozen=True)
class Return:
    """The program gets ``value``; the tool is not called."""

    value: Any = None


@dataclass(frozen=True)
class Fail:
    """The program gets ``error`` as if the tool had raised it; the tool is not called."""

    error: BaseException = field(default_factory=lambda: RuntimeError("the call failed"))


@dataclass(frozen=True)
class Retry:
    """Of an uncertain call: it is known to have done nothing, so the tool is called, with the program's arguments."""


Answer = Approve | Deny | Return | Fail | Retry
"""What `resume` is told of a call that waits."""

Decision = Literal["allow", "ask"] | Approve | Deny | Suspend
"""What a policy says of a call."""

Policy = Callable[[PendingCall], Decision | Awaitable[Decision]]
"""Called with each tool call before its tool, in the thread or on the loop where the tool will run."""


class ToolDenied(PermissionError):
    """What the program gets for a call that was denied: there it is a `ToolError` of this name."""


def decided(decision: object, call: PendingCall) -> Approve | None:
    """The approval that a decision gives; None where it only allows the call.

    Raises:
        Suspend: The call is to wait.
        ToolDenied: It is denied.
        TypeError: It is no decision.
    """
    if isinstance(decision, str):
        if decision == "allow":
            return None
        if decision == "ask":
            raise Suspend(f"the policy asks about `{call.tool}`")
    if isinstance(decision, Approve):
        return decision
    if isinstance(decision, Deny):
        raise ToolDenied(decision.reason)
    if isinstance(decision, Suspend):
        raise decision
    raise TypeError(
        f"the approval policy returned {described(decision)}; it must return 'allow', 'ask', Approve, Deny or Suspend"
    )


def checked_policy(policy: object) -> Policy | None:
    """A policy as a registry takes it. Raises ``ValueError`` where it cannot be called."""
    if policy is not None and not callable(policy):
        raise ValueError(f"`approve` must be a function of a PendingCall, not {described(policy)}")
    return policy
