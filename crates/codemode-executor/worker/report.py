"""What a program's error looks like to who wrote the program: type, message, its own lines.

A traceback keeps the frames of the program and of the library code that it called, and loses those of the runner, also
in chained exceptions and groups. Nothing that an exception does (a `__str__` that raises, a name that is a property, a
message of a gigabyte, a recursion of any depth) may get past this module: it then says less, but it does answer.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from traceback import TracebackException
from types import TracebackType
from typing import Any, Final

FILENAME: Final = "<program>"

MAX_MESSAGE: Final = 8 * 1024
MAX_TRACEBACK: Final = 32 * 1024
"""Characters. Enough for some 300 frames; both fit any value limit with room to spare."""

_MAX_FRAMES: Final = 5_000
_MAX_CHAIN: Final = 50
_RUNNER: Final = f"{Path(__file__).parent}/"

_getline = linecache.getline
_type_name: Any = vars(type)["__name__"].__get__


def of_failure(error: BaseException) -> dict[str, Any]:
    """The content of FINISHED for an error that the program raised."""
    try:
        line, column = _position(error)
        text = _traceback(error)
    except BaseException:  # see above
        line, column, text = 0, 0, ""
    name, message = _name(error), _message(error)
    return _content(name, message, text or _summary(name, message), line, column)


def of_rejection(error: BaseException) -> dict[str, Any]:
    """The content of FINISHED for a program that does not compile."""
    line, column, message = 0, 0, _message(error)
    if isinstance(error, SyntaxError):
        line, column, message = error.lineno or 0, error.offset or 0, str(error.msg)
        if error.text is None:  # The later stages of the compiler look for the line in a file.
            error.text = _getline(FILENAME, line)
    text = "".join(TracebackException(type(error), error, None).format_exception_only())
    return _content(_name(error), message, text, line, max(column, 0))


def show(error: BaseException) -> str:
    """The traceback as text, for stderr."""
    return str(of_failure(error)["traceback"])


def _content(name: str, message: str, traceback: str, line: int, column: int) -> dict[str, Any]:
    return {
        "type": _utf8(name),
        "message": _cut(_utf8(message), MAX_MESSAGE),
        "traceback": _cut(_utf8(traceback), MAX_TRACEBACK),
        "line": line,
        "column": column,
    }


def _name(error: BaseException) -> str:
    # Past a metaclass of the program, which may answer anything.
    return str(_type_name(type(error)))


def _message(error: BaseException) -> str:
    try:
        return str.__str__(str(error))
    except BaseException:  # a __str__ of the program
        return "<exception str() failed>"


def _summary(name: str, message: str) -> str:
    return f"{name}: {message}\n" if message else f"{name}\n"


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _cut(text: str, most: int) -> str:
    """Keeps both ends: how an error began and where it ended say more than its middle."""
    if len(text) <= most:
        return text
    half = most // 2 - 32
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


# === frames ===


def _traceback(error: BaseException) -> str:
    for each in _chain(error):
        each.__traceback__ = _link(_shown(each.__traceback__))
    return "".join(TracebackException(type(error), error, error.__traceback__, compact=True).format())


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error with its causes, contexts and group members; the chain is cut where it is too long to read."""
    seen = set()
    left = [error]
    while left:
        each = left.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        if len(seen) > _MAX_CHAIN:
            each.__cause__ = each.__context__ = None
        yield each
        left += [other for other in (each.__cause__, each.__context__) if other is not None]
        left += [other for other in getattr(each, "exceptions", ()) if isinstance(other, BaseException)]


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _shown(traceback: TracebackType | None) -> list[TracebackType]:
    frames = list(_frames(traceback))
    for index, each in enumerate(frames):
        if each.tb_frame.f_code.co_filename == FILENAME:
            frames = frames[index:]  # Before it: the runner, and the event loop that it runs the program in.
            break
    frames = [each for each in frames if not each.tb_frame.f_code.co_filename.startswith(_RUNNER)]
    if len(frames) > _MAX_FRAMES:
        frames = frames[: _MAX_FRAMES // 2] + frames[-_MAX_FRAMES // 2 :]
    return frames


def _link(frames: list[TracebackType]) -> TracebackType | None:
    linked = None
    for each in reversed(frames):
        linked = TracebackType(linked, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return linked


def _position(error: BaseException) -> tuple[int, int]:
    """Line and column, both 1-based, of the innermost frame of the program; column 0 where Python does not tell."""
    innermost = None
    for each in _frames(error.__traceback__):
        if each.tb_frame.f_code.co_filename == FILENAME:
            innermost = each
    if innermost is None:
        return 0, 0
    line, column = innermost.tb_lineno or 0, 0
    code = innermost.tb_frame.f_code
    if hasattr(code, "co_positions"):  # 3.11
        _, _, offset, _ = next(islice(code.co_positions(), innermost.tb_lasti // 2, None), (None,) * 4)
        if offset is not None:
            # Python counts bytes of UTF-8.
            column = len(_getline(FILENAME, line).encode()[:offset].decode(errors="replace")) + 1
    return line, column
