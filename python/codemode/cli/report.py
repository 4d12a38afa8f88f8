"""Prints the result of ``codemode run`` and decides its exit status.

The program's own output and its value go to standard output; errors, hints and the timeline to standard error.
"""

from __future__ import annotations

import json
import pprint
import shutil
import sys

from codemode.cli import timeline
from codemode.core.approvals import PendingCall
from codemode.core.errors import CodemodeError, ExecutorTimeoutError
from codemode.core.models import ExecutionResult

USAGE = 2
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h
CANCELLED = 130  # as a shell reports SIGINT

EXIT_STATUS = {
    "completed": 0,
    "failed": 1,
    "rejected": 65,  # EX_DATAERR: the input was not a program
    "timed_out": 124,  # as timeout(1)
    "cancelled": CANCELLED,
    "killed": 137,  # as a shell reports SIGKILL
    "suspended": 75,  # EX_TEMPFAIL: it can go on later
}

_HINTS = {
    "timed_out": "give it more time with --timeout SECONDS",
    "memory": "give it more memory with --memory SIZE",
    "crash": "the program crashed its interpreter: look for ctypes or native extensions",
    "system_call": "the jail does not allow what the program tried",
}


def show(result: ExecutionResult, *, as_json: bool, with_timeline: bool) -> int:
    """Prints the result. Returns the exit status."""
    sys.stdout.flush()
    if as_json:
        print(document(result))
    elif result.success:
        if result.value is not None:
            print(_pretty(result) if sys.stdout.isatty() else result.result)
    else:
        _show_failure(result)
    if with_timeline:
        sys.stdout.flush()
        width = shutil.get_terminal_size((100, 24)).columns
        print(timeline.render(result, min(max(width, 60), 160)), file=sys.stderr)
    return EXIT_STATUS[result.outcome]


def document(result: ExecutionResult) -> str:
    """Everything about the execution as one JSON document; ``result`` is the value itself, not JSON within JSON."""
    data = result.to_dict()
    data["result"] = data.pop("value")
    del data["code"]
    return json.dumps(data, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)


def error(message: str, hint: str | None = None) -> None:
    """Prints an error, and what to do about it."""
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


def unavailable(failure: CodemodeError) -> int:
    """Prints why a request was not carried out. Returns the exit status."""
    message, _, hint = str(failure).partition("; hint: ")
    error(message, failure.hint or hint or None)
    return EXIT_STATUS["timed_out"] if isinstance(failure, ExecutorTimeoutError) else UNAVAILABLE


def _show_failure(result: ExecutionResult) -> None:
    details = result.error_details
    if details is not None and details.traceback:
        print(details.traceback.rstrip("\n"), file=sys.stderr)
    if result.outcome == "suspended":
        for call in result.pending:
            print(waiting(call), file=sys.stderr)
    verb = {"failed": "failed", "timed_out": "timed out", "suspended": "is suspended"}.get(
        result.outcome, f"was {result.outcome}"
    )
    hint = _HINTS.get(result.limit or "") or _HINTS.get(result.outcome)
    error(f"the program {verb}: {result.error}", hint)


def waiting(call: PendingCall) -> str:
    """A call that has no outcome, in one line."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
    word = "waits" if call.state == "asked" else "uncertain"
    return f"{word}: call {call.call_id}: {call.tool}({arguments})" + (f" ({call.reason})" if call.reason else "")


def _pretty(result: ExecutionResult) -> str:
    if isinstance(result.value, str):
        return result.value
    return pprint.pformat(result.value, width=100, sort_dicts=False)
