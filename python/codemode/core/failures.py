"""How an exception of a tool, or one that answers a call in its place, is told to the program."""

from __future__ import annotations

from codemode.core.arguments import from_pydantic

MAX_MESSAGE = 8 * 1024  # bytes of an exception's message: more only fills an agent's context


def describe(error: BaseException) -> tuple[str, str, str]:
    """The type's name, the message, and the name of the nearest builtin exception, empty where it is `Exception`."""
    kind = type(error).__name__
    try:
        if kind == "ValidationError" and type(error).__module__.startswith("pydantic"):
            error = from_pydantic(error, None)  # type: ignore[arg-type]
        message = str(error)
    except Exception:  # a __str__ that raises
        message = ""
    encoded = message.encode(errors="replace")
    if len(encoded) > MAX_MESSAGE:
        message = encoded[: MAX_MESSAGE - 3].decode(errors="ignore") + "…"
    else:
        message = encoded.decode()
    for base in type(error).__mro__:
        if base.__module__ == "builtins" and issubclass(base, Exception):
            name = base.__name__
            return kind, message, "" if name in ("Exception", "ExceptionGroup") else name
    return kind, message, ""
