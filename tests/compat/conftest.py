"""`peer`: the released package, unpacked; and the counts at the end of the run."""

from __future__ import annotations

import pytest

from . import peer as releases

COUNTS = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def peer() -> releases.Peer:
    return releases.fetch()


@pytest.fixture(scope="session")
def counts(pytestconfig: pytest.Config) -> dict[str, str]:
    """What is printed at the end: a subject and its counts."""
    return pytestconfig.stash.setdefault(COUNTS, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(COUNTS, {})
    if found:
        terminalreporter.section("compatibility")
        for subject, line in found.items():
            terminalreporter.write_line(f"{subject:40} {line}")
