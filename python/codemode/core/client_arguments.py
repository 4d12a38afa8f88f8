"""Checks what `ExecutorClient` is given, before anything is sent: a refusal names the argument and what it must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from codemode.core.errors import suggest
from codemode.core.models import LimitOptions
from codemode.core.names import described

if TYPE_CHECKING:
    from codemode import _codemode

RETRIED = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
"""Retried where the caller names no statuses: no route, draining, a lost connection, or no free worker."""

MAX_ID = 128
"""Characters of a correlation id, by the contract."""


MAX_SECONDS = 10**9
"""More than any clock here counts in one wait."""

_TIMES = ("cpu_time", "tool_call_time")
_COUNTS = ("tool_calls", "open_files", "tasks")  # of 32 bits in the contract; sizes are of 64


def text(name: str, value: Any) -> str:
    """A string. Raises ``ValueError`` where it is something else."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a str, not {described(value)}")
    return value


def url(value: Any) -> str:
    """The executor's URL; its parts are checked by the connection."""
    if not text("executor_url", value).strip():
        raise ValueError(
            "executor_url must not be empty: write `http://host:port`, `https://host:port` or `unix:/path`"
        )
    from codemode.core.tls import is_secure

    urls = [each.strip() for each in value.split(",")]
    if len(set(map(is_secure, urls))) > 1:
        raise ValueError(f"executor_url must not mix urls with TLS and without: `{','.join(urls)}`")
    return ",".join(urls)


def key(value: Any) -> str:
    """The key: a string, which may be empty, or None, that a header can carry. It is never quoted."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"api_key must be a str, not of type {type(value).__name__}")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("api_key has characters that a header cannot carry: only printable ASCII can be sent")
    return value


def tls(value: Any) -> Any:
    """The section of a configuration that asks for TLS, or None."""
    if value is not None and not hasattr(value, "enabled"):
        raise ValueError(f"tls_config must be a GrpcTlsConfig or TlsClientConfig, not {described(value)}")
    return value


def seconds(name: str, value: Any) -> float:
    """A positive, finite number of seconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number of seconds, not {described(value)}")
    if not value > 0:
        raise ValueError(f"{name} must be more than 0 seconds, not {value}")
    if value > MAX_SECONDS:
        raise ValueError(f"{name} must be at most {MAX_SECONDS} seconds (30 years)")
    return value


def whole(name: str, value: Any, least: int) -> int:
    """A whole number that is not below ``least``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be an int, not {described(value)}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return value


def prefix(value: Any) -> str:
    """The prefix of generated correlation ids: the rest of an id takes 12 characters."""
    if not text("correlation_id_prefix", value) or not (value.isascii() and value.isprintable()) or len(value) > 64:
        raise ValueError(f"correlation_id_prefix must be 1 to 64 printable ASCII characters, not {value!r}")
    return str(value)


def correlation_id(value: Any) -> str:
    """A correlation id that the caller gives."""
    if not text("correlation_id", value).isascii() or not value.isprintable() or len(value) > MAX_ID:
        raise ValueError(f"a correlation id must be at most {MAX_ID} printable ASCII characters, not {value!r}")
    return str(value)


def names(value: Any) -> list[str]:
    """The names of ``available_tools``. None stands for none."""
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"available_tools must be a list of tool names, not {described(value)}")
    given = list(value)
    for name in given:
        if not isinstance(name, str):
            raise ValueError(f"available_tools must be a list of tool names; {described(name)} is none")
    return given


def settings(value: Any) -> dict[str, Any]:
    """The program's global ``config``. None stands for an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"config must be a dict, not {described(value)}")
    return dict(value)


def retry_policy(
    *, enabled: bool, max_attempts: Any, backoff_base_ms: Any, backoff_max_ms: Any, status_codes: Any
) -> _codemode.RetryPolicy:
    """The policy. ``status_codes`` are members of ``grpc.StatusCode``, or names; grpcio is not needed."""
    from codemode import _codemode

    if status_codes is not None and (isinstance(status_codes, str) or not isinstance(status_codes, Iterable)):
        raise ValueError(f"retry_status_codes must be a list of status codes, not {described(status_codes)}")
    codes = [_status(code) for code in (status_codes if status_codes is not None else RETRIED)]
    attempts = whole("retry_max_attempts", max_attempts, 1)
    try:
        return _codemode.RetryPolicy(
            max_attempts=attempts if enabled else 1,
            backoff_base=whole("retry_backoff_base_ms", backoff_base_ms, 0) / 1000,
            backoff_max=whole("retry_backoff_max_ms", backoff_max_ms, 0) / 1000,
            status_codes=codes,
        )
    except ValueError as error:
        raise ValueError(f"retry_status_codes: {error}") from None


def _status(code: Any) -> str:
    name = getattr(code, "name", code)
    if not isinstance(name, str):
        raise ValueError(f"retry_status_codes: {described(code)} is neither a grpc.StatusCode nor the name of one")
    return name


def limits(given: LimitOptions | None, tool_call_timeout: Any, max_code_length: Any = None) -> dict[str, Any]:
    """The limits that are asked for besides the wall time."""
    known = list(LimitOptions.__annotations__)
    options: dict[str, Any] = dict(given or {})
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"unknown limit `{name}`{suggest(name, known)}; there are {', '.join(known)}")
        if name in _TIMES:
            seconds(f"limit `{name}`", value)
        elif whole(f"limit `{name}`", value, 1) >= 1 << (32 if name in _COUNTS else 64):
            raise ValueError(f"limit `{name}` is too large: the executor's ceilings are far below")
    if tool_call_timeout is not None:
        options["tool_call_time"] = float(seconds("tool_call_timeout", tool_call_timeout))
    if max_code_length is not None:
        # The executor counts bytes, and its default may be below what is allowed here.
        options.setdefault("code", 4 * whole("max_code_length", max_code_length, 1))
    return options
