"""What `resume` is told of the calls that wait, checked as a whole before anything is sent or written.

Approve, Retry ──► the application is given the call when the program makes it again
Return, Fail, Deny ──► its outcome, in the journal
nothing ──► it waits on; an uncertain call must be answered
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codemode._values import encode
from codemode.core.approvals import Answer, Approve, Deny, Fail, PendingCall, Retry, Return, ToolDenied
from codemode.core.checkpoint import Checkpoint
from codemode.core.errors import CheckpointError, UncertainCallError
from codemode.core.failures import describe
from codemode.core.names import described

if TYPE_CHECKING:
    from codemode.core.registration import ToolRegistration

_OF_ASKED = (Approve, Deny, Return, Fail)
_OF_UNCERTAIN = (Return, Fail, Retry)


@dataclass(frozen=True)
class Answered:
    """A checkpoint with answers.

    Attributes:
        checkpoint: With the outcomes that the answers give, and what is still asked.
        resumed: The calls that the application works on again; those that were approved with their approval.
    """

    checkpoint: Checkpoint
    resumed: Mapping[int, Approve | None]


def answered(checkpoint: Checkpoint, results: Mapping[int, Answer], tools: Mapping[str, ToolRegistration]) -> Answered:
    """Gives the calls of a checkpoint their answers.

    Raises:
        UncertainCallError: A call is uncertain and has no answer.
        CheckpointError: An answer does not fit; the checkpoint is unchanged.
    """
    if not isinstance(results, Mapping):
        raise CheckpointError(f"`results` must be a dict of answers by call_id, not {described(results)}")
    journal = checkpoint.journal
    if journal is not None and journal.unreplayable is not None:
        raise CheckpointError(f"the execution `{checkpoint.execution_id}` cannot be resumed: {journal.unreplayable}")
    pending = {call.call_id: call for call in checkpoint.pending}
    for call_id, answer in results.items():
        _check(checkpoint, pending.get(call_id), call_id, answer)
    uncertain = [call for call in pending.values() if call.state == "uncertain" and call.call_id not in results]
    if uncertain:
        raise UncertainCallError(checkpoint.execution_id, [(call.call_id, call.tool) for call in uncertain])
    resumed: dict[int, Approve | None] = {}
    for call_id, answer in results.items():
        assert journal is not None  # it has the calls
        call = pending[call_id]
        if isinstance(answer, Approve):
            _check_arguments(call, answer, tools)
            resumed[call_id] = answer
        elif isinstance(answer, Retry):
            resumed[call_id] = None
        elif isinstance(answer, Return):
            journal = journal.answer_value(call_id, _value(checkpoint, call, answer))
        else:
            error = ToolDenied(answer.reason) if isinstance(answer, Deny) else answer.error
            journal = journal.answer_failure(call_id, *describe(error))
    asked = {call_id: why for call_id, why in checkpoint.asked.items() if call_id in pending and call_id not in results}
    # A call that was approved is asked about again where its application dies before the tool was called.
    asked.update((call_id, checkpoint.asked[call_id]) for call_id, approval in resumed.items() if approval is not None)
    return Answered(replace(checkpoint, journal=journal, asked=asked), resumed)


def _check(checkpoint: Checkpoint, call: PendingCall | None, call_id: object, answer: object) -> None:
    if call is None:
        raise _unknown(checkpoint, call_id)
    asked = call.state == "asked"
    if not isinstance(answer, (*_OF_ASKED, Retry)):
        raise CheckpointError(
            f"the answer to call {call_id} must be {_names(_OF_ASKED if asked else _OF_UNCERTAIN)},"
            f" not {described(answer)}"
        )
    if isinstance(answer, Fail) and not isinstance(answer.error, BaseException):
        raise CheckpointError(f"`Fail` of call {call_id} needs an exception, not {described(answer.error)}")
    if not isinstance(answer, _OF_ASKED if asked else _OF_UNCERTAIN):
        kind = type(answer).__name__
        if asked:
            raise CheckpointError(
                f"call {call_id} (`{call.tool}`) waits for an approval: {kind} is for a call that is uncertain",
                "answer with Approve() to have the tool called",
            )
        raise CheckpointError(
            f"call {call_id} (`{call.tool}`) is uncertain: {kind} is for a call that waits for an approval",
            UncertainCallError.hint,
        )


def _unknown(checkpoint: Checkpoint, call_id: object) -> CheckpointError:
    execution = f"the execution `{checkpoint.execution_id}`"
    calls = checkpoint.journal.calls() if checkpoint.journal is not None else []
    if any(call[0] == call_id for call in calls):
        return CheckpointError(f"call {call_id!r} of {execution} has its outcome already", "leave it out of `results`")
    waiting = ", ".join(str(call.call_id) for call in checkpoint.pending) or "none"
    return CheckpointError(f"{execution} has no call {call_id!r}", f"the calls that wait: {waiting}")


def _check_arguments(call: PendingCall, answer: Approve, tools: Mapping[str, ToolRegistration]) -> None:
    tool = tools.get(call.tool)
    if answer.arguments is None or tool is None:
        return
    if not isinstance(answer.arguments, Mapping):
        raise CheckpointError(f"the arguments that approve call {call.call_id} must be a dict by name")
    try:
        tool.checked(dict(answer.arguments))
    except Exception as error:
        kind, message, _ = describe(error)
        raise CheckpointError(
            f"the arguments that approve call {call.call_id} do not fit `{call.tool}`: {kind}: {message}"
        ) from error


def _value(checkpoint: Checkpoint, call: PendingCall, answer: Return) -> bytes:
    limit: Any = checkpoint.limits.get("value")
    try:
        return encode(answer.value, root=f"the value of call {call.call_id}", limit=limit).encode()
    except ValueError as error:
        raise CheckpointError(str(error)) from error


def _names(kinds: tuple[type, ...]) -> str:
    *others, last = (kind.__name__ for kind in kinds)
    return f"{', '.join(others)} or {last}"
