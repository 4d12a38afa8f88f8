"""What an agent's model reads about how its program ended.

It helps the model to write a better program: the value, or the error with the program's own lines, the end of what was
printed, and what to do. What only the application's people need (addresses, ids, the executor's own messages) goes to
the log instead. The prefixes are part of the interface: prompts of agents match on them.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from codemode.core.errors import ExecutorClientError, ExecutorConnectionError, ExecutorTimeoutError

if TYPE_CHECKING:
    from codemode.core.models import ExecutionResult

NO_RESULT = "Code executed successfully (no result returned)"

MAX_OUTPUT = 2_000
"""Characters of the end of what was printed: some 500 tokens, enough for the last steps of a program."""

_MAX_ERROR = 2_000  # characters of the error line; a tool's message may be up to 8 KiB
_MAX_TRACEBACK = 4_000
_MAX_LINE = 200  # characters of a line that is left out whole rather than cut; a frame's is rarely longer
_MAX_CALLS = 20  # tools named as having been called

_ADVICE = {
    "rejected": "The program was not run. Correct it and send the whole program again.",
    "timed_out": "The program took too long and was stopped. Do less in one program, or run independent tool calls at "
    "the same time with run_async and asyncio.gather.",
    "killed": "The program was stopped before its end. Write one that does without what stopped it.",
    "cancelled": "The program was cancelled before it ended.",
    "suspended": "The program stopped at a tool call that a person must allow, and may go on once they have. Do not "
    "send it again, and say that it waits for approval.",
}
_CORRECT = "Correct the program and send the whole of it again: its variables are gone."
_FENCE = "Send plain Python, without ``` around it."

_RESULT_NAMED = re.compile(r"\bresult\b")

_PACKAGES = ("site-packages", "dist-packages")
_MAX_MARGIN = 60  # characters before a frame: spaces, and the bars of exception groups
_MAX_PATH = 4_096  # characters of a frame's path, as Linux has it


def of_result(result: ExecutionResult) -> str:
    """The text for an execution that took place."""
    if not result.success:
        return _failure(result)
    if result.result is None or (result.result == "null" and not _sets_result(result.code)):
        return "\n\n".join([NO_RESULT, *_output(result)])
    return result.result


def of_executor_error(error: ExecutorClientError) -> str:
    """The text for a request that was not carried out."""
    if isinstance(error, ExecutorTimeoutError):
        what = (
            "the request took too long and was cancelled. The program may have run in part: check what its tool calls "
            "changed before you repeat them, and do less in one program."
        )
    elif isinstance(error, ExecutorConnectionError):
        what = (
            "the code executor could not be reached, or the connection to it was lost. The program is not at fault, "
            "but it may have run in part: check what its tool calls changed before you repeat them. Try once more; if "
            "it fails again, say that code cannot be run at the moment."
        )
    else:
        what = "the code executor refused the request. Say that code cannot be run at the moment."
    return f"EXECUTOR ERROR: {what}"


def of_unexpected_error() -> str:
    """The text where the application's own code failed."""
    return (
        "UNEXPECTED ERROR: the application failed to run the program. The program is not at fault. Say that code "
        "cannot be run at the moment."
    )


def of_no_program() -> str:
    """The text where the model sent no program."""
    return "ERROR: there is no program: `code` must be the text of a Python program."


def _sets_result(code: str | None) -> bool:
    # None is a value where the program set it, as in `result = tools['find'].run(…)`. A program that does not even name
    # `result` has none to return: its last expression was a call such as `print(…)`. The code is not parsed: it is a
    # stranger's, and this is the application's process.
    return code is not None and _RESULT_NAMED.search(code) is not None


def _failure(result: ExecutionResult) -> str:
    parts = [f"ERROR: {_head(result.error or 'the program did not complete', _MAX_ERROR)}"]
    details = result.error_details
    if details is not None and details.traceback and result.outcome in ("failed", "rejected"):
        parts.append(without_paths(_middle_out(details.traceback.strip("\n"), _MAX_TRACEBACK)))
    parts += _output(result)
    parts.append(_advice(result))
    return "\n\n".join(parts)


def _advice(result: ExecutionResult) -> str:
    advice = _ADVICE.get(result.outcome, _CORRECT)
    if (result.code or "").lstrip().startswith("```"):
        advice = f"{advice} {_FENCE}"
    calls = Counter(call.name for call in result.tool_calls if call.status == "success")
    if calls:
        named = [name if count == 1 else f"{name} ({count} times)" for name, count in calls.most_common(_MAX_CALLS)]
        more = ", …" if len(calls) > _MAX_CALLS else ""
        advice = f"{advice} These tool calls completed, and what they changed stays: {', '.join(named)}{more}."
    return advice


def _output(result: ExecutionResult) -> list[str]:
    streams = (("Stdout", result.stdout), ("Stderr", result.stderr))
    return [f"{name}:\n{_tail(text.rstrip(), MAX_OUTPUT)}" for name, text in streams if text.strip()]


def without_paths(traceback: str) -> str:
    """A traceback whose library frames are named within their library: where Python is installed says nothing here."""
    # The text is the program's to choose: its time must be proportional to its length, so no regular expressions.
    return "\n".join(map(_without_path, traceback.split("\n")))


def _without_path(line: str) -> str:
    margin, begin, rest = line.partition('File "')
    if not begin or len(margin) > _MAX_MARGIN or margin.strip(" |"):
        return line
    path, end, place = rest.partition('", line ')
    if not path.startswith("/") or len(path) > _MAX_PATH or not place[:1].isdigit():
        return line
    return f"{margin}{begin}{_within_library(path)}{end}{place}"


def _within_library(path: str) -> str:
    steps = path.split("/")
    for index, step in enumerate(steps[:-1]):
        packages = step in _PACKAGES
        if packages or _is_python(step):
            within = steps[index + 1 :]
            if not packages and within[0] in _PACKAGES and len(within) > 1:
                del within[0]
            return "/".join(within)
    return steps[-1]


def _is_python(directory: str) -> bool:
    # python3.11, python3, python311.zip, python
    version = directory.removeprefix("python")
    return version != directory and not version.removesuffix(".zip").strip("0123456789.")


def _head(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _tail(text: str, most: int) -> str:
    return text if len(text) <= most else f"[… {len(text) - most} characters left out]\n{text[-most:]}"


def _middle_out(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = most // 2
    head, tail = text[:half], text[-half:]
    if "\n" in head[-_MAX_LINE:]:
        head = head[: head.rindex("\n")]
    if "\n" in tail[:_MAX_LINE]:
        tail = tail[tail.index("\n") + 1 :]
    return f"{head}\n[… {len(text) - len(head) - len(tail)} characters left out …]\n{tail}"
