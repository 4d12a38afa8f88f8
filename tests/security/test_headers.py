"""The corpus itself: large enough, every header valid, no program twice, and mistakes in headers found."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from .headers import ATTACKS, HeaderError, load, parse, paths, representatives
from .layers import LAYERS, NEEDS
from .runner import ROOT

FAMILIES = {"credentials", "files", "network", "processes", "kernel", "resources", "bridge", "between", "tricks"}


def test_corpus_has_at_least_150_programs_in_every_family() -> None:
    programs = load()
    assert {program.family for program in programs} == FAMILIES
    assert len(programs) >= 150


@pytest.mark.parametrize("path", list(paths()), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_header_is_valid(path: Path) -> None:
    program = parse(path)
    assert program.tries
    assert program.observed


def test_no_two_programs_are_the_same() -> None:
    def body(code: str) -> str:
        try:
            tree = ast.parse(code)
        except SyntaxError:
            return code
        tree.body = tree.body[1:]
        return ast.dump(tree)

    programs = load()
    bodies = Counter(body(program.code) for program in programs)
    assert [program.id for program in programs if bodies[body(program.code)] > 1] == []
    titles = Counter(program.title for program in programs)
    assert [title for title, count in titles.items() if count > 1] == []


def test_representatives_make_every_claim_of_every_family_once() -> None:
    matrix = [program for program in load() if program.is_in_matrix]
    chosen = representatives(load())
    claims = [(program.family, frozenset(program.layers)) for program in chosen]
    assert set(claims) == {(program.family, frozenset(program.layers)) for program in matrix}
    assert len(claims) == len(set(claims))
    assert [program.id for program in representatives(load())] == [program.id for program in chosen]


def test_scenarios_that_headers_name_exist() -> None:
    from .scenarios import SCENARIOS

    named = {program.host for program in load() if program.host is not None}
    assert named - set(SCENARIOS) == set()
    assert set(SCENARIOS) - named == set()


def test_layers_are_those_of_the_jail() -> None:
    source = (ROOT / "crates" / "codemode-jail" / "src" / "layer.rs").read_text()
    names = dict(re.findall(r'Self::(\w+) => "(\w+)"', source))
    assert tuple(names[variant] for variant in re.findall(r"^        Self::(\w+),$", source, re.MULTILINE)) == LAYERS
    needs: dict[str, str] = {}
    for variants, needed in re.findall(r"((?:Self::\w+ ?\|? ?)+)=> Some\(Self::(\w+)\)", source):
        needs |= {names[variant]: names[needed] for variant in re.findall(r"Self::(\w+)", variants)}
    assert needs == NEEDS


HEADER = '''"""Opens a door.

tries: leave
layers: seccomp
observed: stopped
"""
result = "escaped" if open("door") else "stopped"
'''


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (HEADER, "result = 1\n", "begins with no docstring"),
        ("door.", "door", "the title `Opens a door` does not end with a full stop"),
        ("tries: leave\n", "", "the field `tries:` is missing"),
        ("layers: seccomp\n", "", "the field `layers:` is missing"),
        ("stopped\n", "stopped\nobserved: stopped\n", "the field `observed:` is there twice"),
        ("seccomp", "secomp", f"`layers` names `secomp`; known are {', '.join(LAYERS)}, executor, none"),
        ("seccomp", "none, seccomp", "`layers` names a layer twice, or `none` beside another"),
        ("stopped\n", "stopped\nruns: twice\n", "`runs` is `twice`; expected `once` or `matrix`"),
        (
            "stopped",
            "escaped",
            "`observed` has `escaped`; expected `stopped`, `completed`, `rejected`, `timed_out`, `failed <Exception>` "
            "or `killed <limit>` with a limit of wall_time, cpu_time, memory, output, tool_calls, value, system_call, "
            "crash, protocol",
        ),
        (HEADER, HEADER + "\n" * 100, "107 lines, at most 100 are allowed"),
        (
            'stopped\n"',
            'stopped\nhost: endures\n"',
            "has `host: endures` and needs `runs: once`: scenarios do not run for each layer",
        ),
        ("escaped", "gone", "names a layer that stops it, and can never say `escaped: …` where that is off"),
        (
            'stopped\n"',
            'stopped\nsource: CVE-2024-1x\n"',
            "`source` has `CVE-2024-1x`, which is no number of a CVE or a GitHub advisory",
        ),
    ],
)
def test_header_that_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "fake" / "door.py"
    path.parent.mkdir()
    path.write_text(HEADER.replace(old, new))
    with pytest.raises(HeaderError) as raised:
        parse(path)
    assert str(raised.value) == f"`fake/door.py`: {message}"


def test_fields_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    path = tmp_path / "fake" / "door.py"
    path.parent.mkdir()
    path.write_text(HEADER.replace("leave\n", "leave\n    through the door\n"))
    assert parse(path).tries == "leave through the door"
    assert load(tmp_path, ["fake"], "door") == [parse(path)]
    assert load(tmp_path, ["other"]) == load(tmp_path, [], "window") == []
    assert load(ATTACKS, ["files"], "passwd")[0].id == "files/read_passwd"
