"""Programs of the corpus: where they are, and the header that each begins with.

A program is data here: it is read, never imported. What its header claims is tested in `test_attacks.py` (what is
observed with all layers on, and in a container) and `test_matrix.py` (which layers stop it).

A header is the docstring:

    What it does, in one sentence.

    tries: to what end
    layers: those of which each stops it alone, or `executor`, or `none` where there is nothing to stop
    observed: how it may end with all layers on, alternatives with `|`
    runs: `matrix` (the default) or `once`: with all layers only, as attacks on limits are
    host: a scenario of `scenarios.py` that runs it and watches who is harmed; such a program runs `once`
    source: where the trick was published

The program's value, `result`, is `escaped: <evidence>` or `stopped: <how>`. It must be able to say either.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .layers import LAYERS

ATTACKS = Path(__file__).parent / "attacks"

# Who stops an attack that no layer of the jail stops: the executor, or nobody because there is nothing to stop.
OTHERS = ("executor", "none")
LIMITS = "wall_time cpu_time memory output tool_calls value system_call crash protocol".split()  # noqa: SIM905

_REQUIRED = ("tries", "layers", "observed")
_OPTIONAL = ("runs", "source", "host")
_NUMBERED = re.compile(r"\b(?:CVE|GHSA)-[\w-]*")
_NUMBER = re.compile(r"CVE-(?:19|20)\d\d-\d{4,7}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}")
_FIELD = re.compile(r"([a-z]+): +(\S.*)")
_OBSERVED = re.compile(rf"stopped|completed|rejected|timed_out|failed [A-Za-z_]\w*|killed (?:{'|'.join(LIMITS)})")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_LINES = 100


class HeaderError(Exception):
    """A program of the corpus whose header cannot be used. Names the file, the field and what is expected."""


@dataclass(frozen=True)
class Program:
    """One attack."""

    family: str
    name: str
    code: str
    title: str
    tries: str
    layers: tuple[str, ...]
    observed: tuple[str, ...]
    runs: str = "matrix"
    source: str | None = None
    host: str | None = None

    @property
    def id(self) -> str:
        return f"{self.family}/{self.name}"

    @property
    def is_in_matrix(self) -> bool:
        return self.runs == "matrix"

    @property
    def may_time_out(self) -> bool:
        return "timed_out" in self.observed


def load(directory: Path = ATTACKS, families: Sequence[str] = (), keyword: str = "") -> list[Program]:
    """All programs, those of some families, those with `keyword` in their id. Raises `HeaderError`."""
    return [
        parse(path)
        for path in paths(directory)
        if (not families or path.parent.name in families) and keyword in f"{path.parent.name}/{path.stem}"
    ]


def paths(directory: Path = ATTACKS) -> Iterator[Path]:
    yield from sorted(directory.glob("*/*.py"))


def representatives(programs: Sequence[Program]) -> list[Program]:
    """The first program of each family for each claim about layers, of those that are run for each layer."""
    found: dict[tuple[str, frozenset[str]], Program] = {}
    for program in programs:
        if program.is_in_matrix:
            found.setdefault((program.family, frozenset(program.layers)), program)
    return list(found.values())


def parse(path: Path) -> Program:
    """Reads one program and checks its header."""
    code = path.read_text(encoding="utf-8")
    where = f"{path.parent.name}/{path.name}"
    if not _NAME.fullmatch(path.stem):
        raise HeaderError(f"`{where}`: a file's name is lower-case words joined by `_`")
    if code.count("\n") > MAX_LINES:
        raise HeaderError(f"`{where}`: {code.count(chr(10))} lines, at most {MAX_LINES} are allowed")
    try:
        docstring = ast.get_docstring(ast.parse(code))
    except SyntaxError as error:
        # A program that is meant not to compile still begins with a docstring.
        docstring = _leading_docstring(code)
        if docstring is None:
            raise HeaderError(f"`{where}`: no docstring can be read: {error}") from None
    if not docstring:
        raise HeaderError(f"`{where}`: begins with no docstring")
    title, fields = _fields(where, docstring)
    for name in _REQUIRED:
        if name not in fields:
            raise HeaderError(f"`{where}`: the field `{name}:` is missing")
    layers, runs = _layers(where, fields["layers"]), _runs(where, fields.get("runs", "matrix"))
    host = fields.get("host")
    if host is not None and runs != "once":
        raise HeaderError(f"`{where}`: has `host: {host}` and needs `runs: once`: scenarios do not run for each layer")
    if host is None and set(layers) & set(LAYERS) and "escaped" not in code:
        raise HeaderError(f"`{where}`: names a layer that stops it, and can never say `escaped: …` where that is off")
    return Program(
        family=path.parent.name,
        name=path.stem,
        code=code,
        title=title,
        tries=fields["tries"],
        layers=layers,
        observed=_observed(where, fields["observed"]),
        runs=runs,
        source=_source(where, fields.get("source")),
        host=host,
    )


def _leading_docstring(code: str) -> str | None:
    found = re.match(r'"""(.*?)"""', code, re.DOTALL)
    return found and "\n".join(line.strip() for line in found[1].splitlines())


def _fields(where: str, docstring: str) -> tuple[str, dict[str, str]]:
    """The title and the fields of a header. A line that is no field goes on with the one before."""
    title, *lines = docstring.strip().splitlines()
    if not title.endswith((".", "?")):
        raise HeaderError(f"`{where}`: the title `{title}` does not end with a full stop")
    fields: dict[str, str] = {}
    last = ""
    for line in lines:
        if not line.strip():
            continue
        field = _FIELD.fullmatch(line.rstrip())
        if field is not None and field[1] in _REQUIRED + _OPTIONAL:
            last = field[1]
            if last in fields:
                raise HeaderError(f"`{where}`: the field `{last}:` is there twice")
            fields[last] = field[2]
        elif last and (line.startswith((" ", "\t")) or field is None):
            fields[last] += " " + line.strip()
        else:
            names = ", ".join(_REQUIRED + _OPTIONAL)
            raise HeaderError(f"`{where}`: `{line.strip()}` is no field; the fields are {names}")
    return title, fields


def _layers(where: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in LAYERS and name not in OTHERS:
            raise HeaderError(f"`{where}`: `layers` names `{name}`; known are {', '.join((*LAYERS, *OTHERS))}")
    if len(set(names)) != len(names) or ("none" in names and len(names) > 1):
        raise HeaderError(f"`{where}`: `layers` names a layer twice, or `none` beside another")
    return names


def _observed(where: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split("|"))
    for name in names:
        if not _OBSERVED.fullmatch(name):
            raise HeaderError(
                f"`{where}`: `observed` has `{name}`; expected `stopped`, `completed`, `rejected`, `timed_out`, "
                f"`failed <Exception>` or `killed <limit>` with a limit of {', '.join(LIMITS)}"
            )
    return names


def _runs(where: str, text: str) -> str:
    if text not in {"once", "matrix"}:
        raise HeaderError(f"`{where}`: `runs` is `{text}`; expected `once` or `matrix`")
    return text


def _source(where: str, text: str | None) -> str | None:
    for number in _NUMBERED.findall(text or ""):
        if not _NUMBER.fullmatch(number):
            raise HeaderError(f"`{where}`: `source` has `{number}`, which is no number of a CVE or a GitHub advisory")
    return text
