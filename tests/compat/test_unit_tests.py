"""The released package's own unit tests, run against this package: all pass but those that `deliberate.toml` lists."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.adapters.frameworks import need

from . import deliberate
from .peer import REPOSITORY, Peer

FRAMEWORKS = {"crewai": "test_integrations_crewai.py", "google.adk": "test_integrations_google_adk.py"}
TIME = 240  # seconds; they take about ten


def outcomes(peer: Peer, files: list[Path], directory: Path) -> dict[str, dict[str, str]]:
    """Runs files of tests in a process of their own; returns node id without the directory → outcome and message."""
    import codemode

    report = directory / "outcomes.json"
    settings = directory / "pytest.ini"
    settings.write_text("[pytest]\n")
    path = os.pathsep.join([str(Path(codemode.__file__).parents[1]), str(REPOSITORY)])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CODEMODE_", "PYTEST_"))}
    options = ["-q", "-c", str(settings), "--rootdir", str(peer.tests), "--import-mode=importlib", "--tb=short"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *options,
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.compat.outcomes",
            *map(str, files),
        ],
        env={**kept, "PYTHONPATH": path, "CODEMODE_OUTCOMES": str(report), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=TIME,
    )
    assert report.is_file(), f"the tests did not run:\n{done.stdout}\n{done.stderr}"
    found: dict[str, dict[str, str]] = json.loads(report.read_text())
    return {node.removeprefix("tests/unit/"): outcome for node, outcome in found.items()}


def judge(subject: str, found: dict[str, dict[str, str]], framework: str, counts: dict[str, str]) -> None:
    groups = [group for group in deliberate.read() if group.framework == framework]
    wrong = list(deliberate.compare(found, groups))
    numbers = Counter(outcome["outcome"] for outcome in found.values())
    counts[subject] = f"{len(found)} tests: " + ", ".join(f"{numbers[kind]} {kind}" for kind in sorted(numbers))
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_tests_pass(peer: Peer, tmp_path: Path, counts: dict[str, str]) -> None:
    unit = peer.tests / "tests" / "unit"
    files = sorted(file for file in unit.glob("test_*.py") if file.name not in FRAMEWORKS.values())
    judge("unit tests", outcomes(peer, files, tmp_path), "", counts)


@pytest.mark.adapters
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_tests_of_an_integration_pass(framework: str, peer: Peer, tmp_path: Path, counts: dict[str, str]) -> None:
    need(framework.replace("google.", "google-"), whole_module=False)
    file = peer.tests / "tests" / "unit" / FRAMEWORKS[framework]
    judge(f"unit tests of {framework}", outcomes(peer, [file], tmp_path), framework, counts)


LISTED = """
[[files]]
names = ["test_gone.py"]
failure = "gone"
reason = "gone"

[[groups]]
tests = ["test_a.py::test_one", "test_a.py::TestB::*"]
failure = "^ValueError"
reason = "on purpose"
"""
FAILED = {"outcome": "failed", "message": "ValueError: x"}
GONE = {"outcome": "failed", "message": "gone: x"}
AS_LISTED = {
    "test_gone.py::test_x": GONE,
    "test_a.py::test_one": FAILED,
    "test_a.py::test_other": {"outcome": "passed", "message": ""},
    "test_a.py::TestB::test_two": FAILED,
}


def test_what_is_as_listed_is_right() -> None:
    assert list(deliberate.compare(AS_LISTED, deliberate.read(LISTED))) == []


@pytest.mark.parametrize(
    ("change", "report"),
    [
        ({"test_a.py::test_other": FAILED}, "failed: test_a.py::test_other: ValueError: x"),
        ({"test_b.py": {"outcome": "not collected", "message": "E"}}, "not collected: test_b.py: E"),
        ({"test_a.py::test_one": {"outcome": "passed", "message": ""}}, "listed, and passed: test_a.py::test_one"),
        ({"test_gone.py::test_y": {"outcome": "passed", "message": ""}}, "listed, and passed: test_gone.py::test_y"),
        (
            {"test_a.py::TestB::test_two": {"outcome": "failed", "message": "KeyError: y"}},
            "failed for another reason than `^ValueError`: test_a.py::TestB::test_two: KeyError: y",
        ),
        ({"test_a.py::TestB::test_two": None}, "listed, and there is no such test: test_a.py::TestB::*"),
        ({"test_a.py::test_one": None}, "listed, and there is no such test: test_a.py::test_one"),
    ],
)
def test_what_is_not_as_listed_is_reported(change: dict[str, dict[str, str] | None], report: str) -> None:
    changed = {node: outcome for node, outcome in {**AS_LISTED, **change}.items() if outcome is not None}
    assert list(deliberate.compare(changed, deliberate.read(LISTED))) == [report]


def test_the_released_package_is_not_in_the_repository(peer: Peer) -> None:
    done = subprocess.run(["git", "check-ignore", "--quiet", str(peer.tests)], cwd=REPOSITORY)
    assert done.returncode == 0, f"git does not ignore `{peer.tests}`"
