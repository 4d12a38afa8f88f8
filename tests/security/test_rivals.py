"""The frame that attacks rivals can fail, in each way that it tells apart. Real processes on real grounds.

What is attacked is `exec` in the process itself, which anything can harm, and `python3`; both are in this environment.
The rivals that are installed by `make attacks-rivals` are met where they are there.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .headers import Program, load
from .rivals import applies
from .rivals.bounds import Bounds, BoundsError
from .rivals.measure import ENVIRONMENTS, NAMES, Lane, of_codemode, run
from .rivals.rival import INLINE
from .rivals.table import HARM, Comparison
from .rivals.verdict import CRASHED, ESCAPED, KILLED, NOT_APPLICABLE, STOPPED, LostError, Verdict, judge
from .runner import ROOT, Observation

PROGRAMS = load()
# The limit of time where time is not what is tested: the machine may be busy.
TIME = 20
KEY = "os.environ['CODEMODE_API_KEY']"


def program(code: str, host: str | None = "endures") -> Program:
    return dataclasses.replace(PROGRAMS[0], code=code, host=host, observed=("stopped",))


def _missing() -> str:
    if os.getuid() != 0:
        return "only root can make the namespaces that contain an attack"
    try:
        Bounds(f"codemode-rivals-test-{os.getpid()}").close()
    except BoundsError as error:
        return str(error)
    return ""


contained = pytest.mark.skipif(bool(_missing()), reason=_missing() or "all is there")


@pytest.fixture(scope="module")
def inline() -> Iterator[Lane]:
    lane = Lane(INLINE, sys.executable)
    yield lane
    lane.close()


@pytest.fixture(scope="module")
def python() -> Iterator[Lane]:
    lane = Lane("python3", sys.executable)
    yield lane
    lane.close()


LEAVES = "import os\nif os.fork() == 0:\n    import time\n    time.sleep(100)\nresult = 'stopped'"
SPINS = "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()\nresult = 'stopped'"


@contained
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("result = 'stopped: it is refused'", Verdict(STOPPED, "it is refused")),
        ("result = 1", Verdict(STOPPED, "no harm was seen")),
        ("result = 'escaped: far'", Verdict(ESCAPED, "far")),
        (f"import os\noutput = {KEY}", Verdict(ESCAPED, "the planted key came out")),
        (f"import os\nraise ValueError({KEY})", Verdict(ESCAPED, "the planted key came out")),
        ("open('api_key', 'a').write('x')", Verdict(ESCAPED, "the file with the key was changed")),
        ("import os\nos.remove('api_key')\nresult = 'stopped'", Verdict(ESCAPED, "the file with the key was changed")),
        ("x = []\nwhile True: x.append(b'x' * (1 << 24))", Verdict(KILLED, "it took more than 512 MiB of memory")),
        ("while True: pass", Verdict(KILLED, "it went on after the rival's limit of time")),
        (LEAVES, Verdict(KILLED, "it went on after its end: 1 processes were left")),
        ("import os\nos.abort()", Verdict(CRASHED, "SIGABRT")),
        ("raise SystemExit", Verdict(CRASHED, "SystemExit")),
        (
            "import builtins\ndel builtins.compile\nresult = 'stopped'",
            Verdict(CRASHED, "the next program did not work"),
        ),
        ("result = 'escaped: it came to an end'", Verdict(STOPPED, "no harm was seen")),
        ("raise ValueError('x')", Verdict(STOPPED, "failed: ValueError: x")),
    ],
)
def test_harm_is_seen_whatever_is_said(inline: Lane, code: str, expected: Verdict) -> None:
    assert inline.verdict(program(code), TIME) == expected


@contained
def test_program_that_spins_after_its_end_is_seen(inline: Lane) -> None:
    assert inline.verdict(program(SPINS)) == Verdict(KILLED, "it went on after its end, on the processor")


@contained
def test_fork_bomb_is_bounded_and_leaves_nothing(inline: Lane) -> None:
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    assert inline.verdict(program(bomb), TIME) == Verdict(KILLED, "it made more than 256 processes or threads")
    assert inline.verdict(program("result = 'stopped: it works'")) == Verdict(STOPPED, "it works")


@contained
def test_nothing_can_be_written_but_what_ends_with_the_run(inline: Lane) -> None:
    places = ["/", "/etc", "/usr", "/sys/fs/cgroup", os.path.dirname(__file__), os.path.expanduser("~"), "/tmp"]
    name = f"written-by-an-attack-{os.getpid()}"
    code = f"""
import os
written = []
for place in {places}:
    try:
        open(place + "/{name}", "w").close()
        written.append(place)
    except OSError:
        pass
result = f"stopped: {{written}}, user {{os.getuid() > 0}}, {{len(os.listdir('/proc/self/fd'))}} descriptors"
"""
    verdict = inline.verdict(program(code))
    assert verdict == Verdict(STOPPED, "['/tmp'], user True, 6 descriptors")
    assert not [place for place in places if os.path.exists(f"{place}/{name}")]


@contained
def test_planted_keys_can_be_found(inline: Lane) -> None:
    """Otherwise that a rival hides them proves nothing."""
    names = ["proc_environments", "own_environment", "own_memory_by_pipe", "objects_of_the_runner"]
    programs = [each for each in load(families=["credentials"]) if each.name in names]
    assert {each.name: inline.verdict(each, 3 * TIME).what for each in programs} == dict.fromkeys(names, ESCAPED)


@contained
def test_python_in_a_subprocess_meets_its_own_limits(python: Lane) -> None:
    assert python.verdict(program("import os\nos.kill(os.getpid(), 11)"), TIME).why == "its own process died: SIGSEGV"
    assert python.verdict(program("x = bytearray(1 << 30)"), TIME).why == "failed: MemoryError"
    assert python.verdict(program("import time\ntime.sleep(60)")).why == "the rival's time limit"
    reads = "import os\nresult = 'escaped: ' + open(f'/proc/{os.getppid()}/environ').read(8)"
    assert python.verdict(program(reads), TIME).what == ESCAPED


def test_mistake_of_a_program_says_nothing_of_a_whole_python() -> None:
    seen = {"ready": True, "ended": {"how": "failed", "detail": "KeyError: 1"}, "works": True}
    mistaken = program("", host=None)
    assert judge(mistaken, seen, whole_python=True, has_pool=False).what == NOT_APPLICABLE
    assert judge(mistaken, seen, whole_python=False, has_pool=False).what == STOPPED
    refused = {**seen, "ended": {"how": "refused", "detail": "no import"}}
    assert judge(mistaken, refused, whole_python=False, has_pool=False) == Verdict(STOPPED, "no import", refused=True)


def test_fault_of_the_harness_is_no_verdict() -> None:
    with pytest.raises(LostError, match="no mount"):
        judge(program(""), {"lost": "no mount"}, whole_python=True, has_pool=False)
    with pytest.raises(LostError):
        judge(program(""), {"reached": ""}, whole_python=True, has_pool=False)


def test_programs_that_do_not_apply_are_those_about_codemode() -> None:
    reasons = {each.id: applies.why_not(each) for each in PROGRAMS}
    counts = Counter(family for identity, why in reasons.items() if why for family in [identity.split("/")[0]])
    assert {family: counts[family] for family in ("files", "kernel", "processes")} == {
        "files": 0,
        "kernel": 0,
        "processes": 0,
    }
    assert reasons["bridge/frame_of_length_zero"] == applies.CHANNEL
    assert reasons["bridge/tool_denied_by_name"] == applies.TOOLS
    assert reasons["resources/output_to_raw_descriptors"] == applies.STREAMS
    assert reasons["tricks/result_marker"] == reasons["credentials/own_environment"] == ""


def test_table_counts_each_program_once_in_each_column() -> None:
    programs = [each for each in PROGRAMS if each.family == "tricks"]
    comparison = Comparison(programs)
    comparison.add("codemode", "1", {each.id: of_codemode(Observation("stopped")) for each in programs})
    verdicts = {each.id: Verdict(ESCAPED) for each in programs}
    verdicts[programs[0].id] = Verdict(STOPPED, "no import", refused=True)
    verdicts[programs[1].id] = Verdict(CRASHED)
    verdicts[programs[2].id] = Verdict(NOT_APPLICABLE)
    comparison.add("other", "2", verdicts)
    number = len(programs)
    assert comparison.rows() == [
        ["", "codemode 1", "other 2"],
        [f"tricks ({number})", f"{number} / 0 / 0 / 0", f"1 / {number - 3} / 1 / 1"],
        [f"total ({number})", f"{number} / 0 / 0 / 0", f"1 / {number - 3} / 1 / 1"],
        ["of the stopped: refused", "0", "1"],
    ]
    assert comparison.harm()[-4:] == [
        ["forges its own result by printing", "0 of 1", "1 of 1"],
        ["leaves files for the next program", "0 of 0", "0 of 0"],
        ["ends the host process", "0", "1"],
        ["is ended by the harness alone", "0", "0"],
    ]
    assert len(comparison.as_json()["programs"]) == number
    again = Comparison(programs)
    again.read(comparison.as_json())
    assert again == comparison
    assert comparison.details().count("\n") == 2 * number - 1


def test_attacks_that_do_harm_directly_are_in_the_corpus() -> None:
    names = [name for each in HARM.values() for name in each.split()]
    assert set(names) <= {each.id for each in PROGRAMS if not applies.why_not(each)}


def test_observations_of_codemode_are_verdicts() -> None:
    assert of_codemode(Observation("stopped", "EPERM")).what == STOPPED
    assert of_codemode(Observation("escaped", "x")) == Verdict(ESCAPED, "x")
    assert of_codemode(Observation("killed memory")).what == STOPPED
    assert of_codemode(Observation("error UNAVAILABLE")).what == KILLED


@contained
@pytest.mark.rivals
@pytest.mark.parametrize("name", NAMES)
def test_rival_runs_a_program_that_does_nothing(name: str) -> None:
    if not (ENVIRONMENTS / name).is_dir():
        pytest.skip(f"`{name}` is not installed: `make attacks-rivals` does it")
    harmless = dataclasses.replace(program("result = 'stopped: it ' + 'ran'"), family="tricks", name="harmless")
    version, verdicts = run(name, [harmless])
    assert version
    assert verdicts == {"tricks/harmless": Verdict(STOPPED, "it ran")}


@contained
def test_command_prints_the_table_and_writes_it(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.security.rivals", "-k", "credentials/proc_environ", "--json", str(figures)]
    # All rivals that an environment of their own is needed for count as measured.
    earlier = Comparison(load(keyword="credentials/proc_environ"))
    assert len(earlier.programs) == 1
    for name in NAMES:
        earlier.add(name, "1", {program.id: Verdict(STOPPED, "") for program in earlier.programs})
    read = tmp_path / "earlier.json"
    read.write_text(json.dumps(earlier.as_json()))
    ended = subprocess.run([*command, "--read", str(read)], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert "total (1)" in ended.stdout
    assert json.loads(figures.read_text())["programs"][0]["verdicts"]["codemode"]["what"] == STOPPED
