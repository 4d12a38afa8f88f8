"""Writes ``configuration.md``, the reference of every setting, from the configurations themselves.

``python docs/reference/generate_configuration.py`` writes the page beside this file; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "python"))

from codemode.config.loader import FILES, MODELS
from codemode.config.setting import Setting, settings_of
from codemode.config.sidecar_config import GONE_VARIABLES

PAGE = Path(__file__).with_name("configuration.md")

_HEAD = """\
# Configuration

This page is generated: `make gen` writes it anew from the configurations' own fields.

Three kinds of configuration exist. An application has a client's; an executor has a sidecar's; applications that came
with a `codemode.yaml` may keep it. Each can be given in Python, by environment variables, or by a YAML file.

- **Precedence**: flag, then environment variable, then file, then default. A dict or an object that the application
  makes in Python is taken as it is. An empty variable counts as absent.
- **What is in force**: `codemode config client`, `codemode config sidecar` and `codemode config legacy` print each
  value with its origin (`--json` for a document, `--file` for another file). `codemode validate -c FILE` checks a file
  of any kind. The exit status is 0, or 64 where anything is wrong, or 69 where there is no such file.
- **References**: `${VAR}` in a value of a file is replaced by that variable, which must be set; `${VAR:-default}` has
  a default for one that is absent or empty.
- **Booleans**: `true`, `1`, `yes`, `on`, and `false`, `0`, `no`, `off`, in any case. Anything else is an error.
- **Sizes**: bytes, or with a unit: `512MiB`, `512Mi`, `1G`.
- **Unknown keys** are errors that name the nearest known key. All errors are reported at once; none quotes a value.
- **Files** are UTF-8, at most 1 MiB, without duplicate keys and without tags; aliases may expand to 10,000 values.
- **Secrets** (marked so) are never printed, logged or part of an error.
- **Settings that are gone** are accepted. Where one is set to something other than its default, Python warns with
  `codemode.config.ConfigWarning`, and `codemode serve` logs a warning.
"""

_KINDS = {
    "client": (
        "Client: `ClientConfig`",
        "For applications. Without a file, `ClientConfig.from_env()` and `Codemode.from_env()` read the variables.",
    ),
    "sidecar": (
        "Sidecar: `SidecarConfig`, `codemode serve`",
        """\
For an executor. `codemode serve -c FILE` reads the file; without `-c`, that of
`CODEMODE_SIDECAR_CONFIG`, else `./codemode-sidecar.yaml` where there is one. It needs no Python package.

`listen`, and `host` with `port`, are two ways to say one thing; where both are given, the one with the higher
precedence holds. An address other than loopback is not served without a key, unless `--allow-anonymous` is given.

A limit that is given is what an execution gets, and the most that a client can ask for.""",
    ),
    "legacy": (
        "Legacy: `CodemodeConfig`",
        "For applications that have a `codemode.yaml`: `Codemode.from_config(path)`. New ones use the client's.",
    ),
}

_FURTHER = {
    "CODEMODE_SIDECAR_CONFIG": "The file that `codemode serve` reads where `-c` names none.",
    "CODEMODE_LOG": "A filter of the executor's log, such as `info,codemode_executor=debug`; beats `log_level`.",
    "CODEMODE_CHECKPOINT_KEY": "What seals the checkpoints in a client's store, where it gets no `checkpoint_key`.",
    "CODEMODE_EXECUTABLE": "The native executable that the Python package starts, instead of looking for it.",
    "CODEMODE_PYTHON": "Also the interpreter that has the Python package, for `codemode run` and `codemode config`.",
}

_NOTHING = "-"


def page() -> str:
    """The text of the page."""
    parts = [_HEAD]
    for kind, (title, text) in _KINDS.items():
        settings = list(settings_of(MODELS[kind]))
        parts.append(f"## {title}\n\nThe file is usually named `{FILES[kind]}`.\n{text}\n")
        parts.append(_table(setting for setting in settings if setting.gone is None))
        gone = [setting for setting in settings if setting.gone is not None]
        if gone:
            parts.append(f"### Gone from `{FILES[kind]}`\n\nAccepted, without effect.\n")
            parts.append(_gone_table(gone))
        if kind == "sidecar":
            parts.append("### Variables of an executor that no setting has any more\n")
            parts.append(_gone_variables())
    parts.append("## Further variables\n")
    parts.append(_rows(("variable", "meaning"), [(f"`{name}`", meaning) for name, meaning in _FURTHER.items()]))
    return "\n".join(parts)


def _gone_variables() -> str:
    rows = [
        (f"`{name}`", f"`{default}`" if default else _NOTHING, replacement)
        for name, (default, replacement) in GONE_VARIABLES.items()
    ]
    return _rows(("variable", "default", "instead"), rows)


def _table(settings: Iterable[Setting]) -> str:
    rows = [
        (
            f"`{setting.key}`",
            _sources(setting),
            _type(setting),
            "required" if setting.required else _default(setting),
            _range(setting),
            f"{setting.field.description}{' Secret.' if setting.secret else ''}",
        )
        for setting in settings
    ]
    return _rows(("key", "variable, flag", "type", "default", "range", "meaning"), rows)


def _gone_table(settings: Iterable[Setting]) -> str:
    rows = [
        (f"`{setting.key}`", _sources(setting), _type(setting), _default(setting), str(setting.gone))
        for setting in settings
    ]
    return _rows(("key", "variable", "type", "default", "instead"), rows)


def _sources(setting: Setting) -> str:
    return " ".join(f"`{name}`" for name in (setting.variable, setting.flag) if name) or _NOTHING


def _type(setting: Setting) -> str:
    choices = setting.choices()
    return " or ".join(f"`{choice}`" for choice in choices) if choices else setting.type_name


def _range(setting: Setting) -> str:
    bounds = setting.bounds()
    if bounds is None:
        return _NOTHING
    low, high = (_number(bound, setting) if bound is not None else "" for bound in bounds)
    unit = " characters" if setting.type_name == "text" else ""
    return f"{low} to {high}{unit}" if high else f"at least {low}{' character' if unit else ''}"


def _default(setting: Setting) -> str:
    value = setting.default
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (list, dict)):
        return f"`{value}`".replace("'", '"') if value else "empty"
    return f"`{value}`" if setting.type_name != "size" else _number(value, setting)


def _number(value: int, setting: Setting) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if setting.type_name == "size" and value % factor == 0:
            return f"{value // factor} {unit}"
    return f"{value:,}"


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
