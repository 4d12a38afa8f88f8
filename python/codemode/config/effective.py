"""What is in force: each setting's value and where it came from. A flag beats a variable, that a file, that a default.

`ConfigLoader`, ``from_env`` and ``codemode config`` all go through `effective`, so they cannot disagree. Every fault is
reported, not the first alone, and none quotes a value.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from codemode.config import references
from codemode.config.section import Section, gone_text, warn
from codemode.config.setting import Setting, settings_of
from codemode.config.spelling import shown

Configuration = TypeVar("Configuration", bound=Section)
Configuration_co = TypeVar("Configuration_co", bound=Section, covariant=True)


@dataclass(frozen=True)
class Origin:
    """Where a value came from. Later ranks beat earlier ones."""

    rank: int
    name: str = ""

    def __str__(self) -> str:
        return ("default", f"file {self.name}", f"environment {self.name}", f"flag {self.name}")[self.rank]


DEFAULT, FILE, ENVIRONMENT, FLAG = range(4)


@dataclass(frozen=True)
class EffectiveSetting:
    """A setting with its value in force. Where it has a fault, there is none: it may be a secret in the wrong place."""

    setting: Setting
    value: Any
    origin: Origin
    invalid: bool = False


@dataclass(frozen=True)
class Fault:
    """Something that is wrong: of which key, from where, and what."""

    key: str
    origin: Origin
    message: str
    missing: bool = False

    def __str__(self) -> str:
        if self.origin.rank in (ENVIRONMENT, FLAG):
            return f"{self.origin.name}: {self.message}"
        place = [f"`{self.origin.name}`"] if self.origin.rank == FILE else []
        return ": ".join([*place, *([self.key] if self.key else []), self.message])


@dataclass(frozen=True)
class Effective(Generic[Configuration_co]):
    """What is in force.

    Attributes:
        config: The configuration, None where there are faults.
        settings: Each setting, in the order of their declaration.
        faults: What is wrong.
        warnings: Settings that are given and have no effect.
    """

    config: Configuration_co | None
    settings: tuple[EffectiveSetting, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]


def effective(
    model: type[Configuration],
    *,
    data: Mapping[Any, Any] | None = None,
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, tuple[str, Any]] | None = None,
) -> Effective[Configuration]:
    """Puts the layers together.

    Args:
        model: The configuration.
        data: What the file holds; its references are replaced here.
        path: The file's path, for messages.
        environ: The environment; its variables set settings.
        flags: Values of the command line by key, each with its flag.
    """
    listed = list(settings_of(model))
    problems: list[tuple[str, str]] = []
    merged = references.substitute(dict(data or {}), os.environ if environ is None else environ, problems)
    in_file = Origin(FILE, str(path)) if path is not None else Origin(DEFAULT)
    origins = {setting.key: in_file for setting in listed if _has(merged, setting.path)}
    for setting in listed:
        text = (environ or {}).get(setting.variable or "")
        if text:
            _put(merged, setting.path, text, problems)
            origins[setting.key] = Origin(ENVIRONMENT, setting.variable or "")
    for key, (flag, value) in (flags or {}).items():
        _put(merged, tuple(key.split(".")), value, problems)
        origins[key] = Origin(FLAG, flag)
    dropped = _choose_address(merged, origins)

    gone: list[tuple[str, str]] = []
    # What a stronger layer replaces need not be known.
    problems = [(key, text) for key, text in problems if origins.get(key, in_file).rank <= FILE and key not in dropped]
    faults = [Fault(key, in_file, message) for key, message in problems]
    config: Configuration | None = None
    try:
        context = {
            "gone": lambda key, text: gone.append((key, text)),
            "from_environment": {key for key, origin in origins.items() if origin.rank == ENVIRONMENT},
        }
        config = model.model_validate(merged, context=context)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        unknown = {".".join(map(str, detail["loc"])) for detail in details if detail["type"] == "extra_forbidden"}
        problems = [(key, text) for key, text in problems if key not in unknown]
        faults = [fault for fault in faults if fault.key not in unknown]
        found = [_fault(detail, origins, in_file, listed, environ is not None) for detail in details]
        # Of a value that is not known, nothing else is said.
        faults += [
            fault
            for fault in found
            if not any(key == fault.key or key.startswith(f"{fault.key}.".lstrip(".")) for key, _ in problems)
        ]
    order = [setting.key for setting in listed]
    warnings = [
        gone_text(_place(key, origins), text) for key, text in sorted(gone, key=lambda one: order.index(one[0]))
    ]
    warnings += _gone_variables(model, environ or {})
    wrong = [f"{fault.key}." for fault in faults if fault.key and not fault.missing]
    settings = tuple(
        EffectiveSetting(
            setting,
            None if invalid else _get(config, merged, setting),
            origins.get(setting.key, Origin(DEFAULT)),
            invalid,
        )
        for setting in listed
        # The fault may be in a part of it: an item of a list, a key of a mapping.
        for invalid in [any(key.startswith(f"{setting.key}.") for key in wrong)]
    )
    return Effective(None if faults else config, settings, tuple(dict.fromkeys(faults)), tuple(warnings))


def from_environment(model: type[Configuration]) -> Configuration:
    """The configuration of the environment alone. Raises ValueError, which names the variables."""
    found = effective(model, environ=os.environ)
    if found.config is not None:
        for text in found.warnings:
            warn(text)
        return found.config
    variables = {setting.key: setting.variable for setting in settings_of(model)}
    missing = [variables[fault.key] or fault.key for fault in found.faults if fault.missing]
    wrong = [
        f"{fault.origin.name or _group(fault.key)}: {fault.message}" for fault in found.faults if not fault.missing
    ]
    parts = [f"missing environment variables: {', '.join(missing)}"] if missing else []
    parts += ["invalid environment variables:\n" + "\n".join(wrong)] if wrong else []
    raise ValueError("\n".join(parts))


# === layers ===


def _has(settings: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(settings, dict) or name not in settings:
            return False
        settings = settings[name]
    return True


def _put(settings: dict[Any, Any], path: tuple[str, ...], value: Any, problems: list[tuple[str, str]]) -> None:
    for depth, name in enumerate(path[:-1]):
        section = settings.get(name, {})
        if not isinstance(section, dict):
            problems.append((".".join(path[: depth + 1]), "must be a mapping of settings"))
            section = {}
        settings[name] = section
        settings = section
    settings[path[-1]] = value


def _get(config: Section | None, merged: Any, setting: Setting) -> Any:
    value: Any = config if config is not None else merged
    for name in setting.path:
        if isinstance(value, dict):
            value = value.get(name, setting.default)
        elif isinstance(value, Section):
            value = getattr(value, name)
        else:  # what stands where a section should
            return setting.default
    return value


def _choose_address(merged: dict[Any, Any], origins: dict[str, Origin]) -> tuple[str, ...]:
    """``listen``, and ``host`` with ``port``, are two ways to say one thing: the one of the stronger layer holds.

    Returns:
        The keys that were dropped.
    """
    listen = origins.get("listen")
    apart = [origins[name].rank for name in ("host", "port") if name in origins]
    if listen is None or not apart or listen.rank == max(apart):
        return ()
    dropped = ("listen",) if listen.rank < max(apart) else ("host", "port")
    for name in dropped:
        merged.pop(name, None)
        origins.pop(name, None)
    return dropped


# === faults and warnings ===


def _fault(
    detail: Any, origins: Mapping[str, Origin], in_file: Origin, listed: list[Setting], environment: bool
) -> Fault:
    names = list(detail["loc"])
    while names and isinstance(names[-1], int):  # an item of a list
        names.pop()
    key = ".".join(map(str, names))
    message: str = detail["msg"]
    origin = origins.get(key, in_file)
    missing = detail["type"] == "missing"
    if missing:
        variable = next((setting.variable for setting in listed if setting.key == key), None)
        origin = in_file
        if variable is not None and environment:
            message += f": set it in the file, or set {variable}" if in_file.rank == FILE else f": set {variable}"
    elif key not in origins and any(part.startswith(f"{key}.") for part in origins):
        # Between several settings of a section: from the strongest of their origins.
        origin = max((origins[part] for part in origins if part.startswith(f"{key}.")), key=lambda found: found.rank)
        origin = Origin(FILE, in_file.name) if origin.rank == FILE else Origin(DEFAULT)
    return Fault(key, origin, message, missing)


def _place(key: str, origins: Mapping[str, Origin]) -> str:
    origin = origins.get(key, Origin(DEFAULT))
    if origin.rank in (ENVIRONMENT, FLAG):
        return origin.name
    return f"`{origin.name}`: {key}" if origin.rank == FILE else key


def _gone_variables(model: type[Section], environ: Mapping[str, str]) -> list[str]:
    from codemode.config.sidecar_config import GONE_VARIABLES, SidecarConfig

    if model is not SidecarConfig:
        return []
    return [
        gone_text(name, replacement)
        for name, (default, replacement) in GONE_VARIABLES.items()
        if environ.get(name) and environ[name].lower() != default
    ]


def _group(key: str) -> str:
    """The variables of a section, where a fault lies between several of them."""
    return f"CODEMODE_{shown(key).upper().replace('.', '_')}_*" if key else "environment"
