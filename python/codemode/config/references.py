"""Replaces ``${VAR}`` and ``${VAR:-default}`` in the values of a configuration by environment variables.

``${VAR}`` needs the variable to be set; with a default, an empty variable counts as absent, as in a shell. What is put
in is not searched again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codemode.config.spelling import shown

_REFERENCE = re.compile(r"\$\{(?:\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?::-([^}]*))?\})?", re.ASCII)
MALFORMED = "`${` must begin a reference such as ${VAR} or ${VAR:-default}"


def missing(name: str) -> str:
    """What is said of a variable that is needed and not set."""
    return f"environment variable {name} is not set"


def substitute(value: Any, environ: Mapping[str, str], problems: list[tuple[str, str]], key: str = "") -> Any:
    """The value with its references replaced.

    Args:
        value: A value of a file, of any depth.
        environ: The environment.
        problems: Receives the key and the fault of each reference that cannot be replaced.
        key: The key of `value`.
    """
    if isinstance(value, dict):
        return {
            name: substitute(item, environ, problems, f"{key}.{shown(name)}".lstrip("."))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [substitute(item, environ, problems, key) for item in value]
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        name, default = match.groups()
        if name is None:
            problems.append((key, MALFORMED))
            return ""
        if default is not None:
            return environ.get(name) or default.strip()
        if name not in environ:
            problems.append((key, missing(name)))
        return environ.get(name, "")

    return _REFERENCE.sub(replaced, value)
