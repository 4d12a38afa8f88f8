"""The examples of the released package's documents, run against this package.

An example that may run and does not is listed in `examples.toml` with the reason. Fragments that no Python compiles,
and examples that could touch the machine (`gate`), are counted and not executed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.python.service.executors import KEY, running

from . import deliberate
from .peer import REPOSITORY, Peer

LIST = Path(__file__).with_name("examples.toml")
TIME = 240  # seconds; they take about thirty


def outcomes(peer: Peer, url: str, directory: Path) -> dict[str, dict[str, str]]:
    """Runs the examples in a process of their own, which has nothing of this one's environment."""
    import codemode

    path = os.pathsep.join([str(Path(codemode.__file__).parents[1]), str(REPOSITORY)])
    files = [str(file) for file in sorted(peer.documents.rglob("*.md"))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.compat.documents"],
        input=json.dumps({"url": url, "key": KEY, "files": files, "root": str(peer.documents)}),
        env={"PATH": os.defpath, "HOME": str(directory), "TMPDIR": str(directory), "PYTHONPATH": path},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=TIME,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["block"]: {"outcome": one["outcome"], "message": one["message"]} for one in found}


def test_the_examples_run(peer: Peer, tmp_path: Path, counts: dict[str, str]) -> None:
    with running() as executor:
        found = outcomes(peer, f"http://{executor.target}", tmp_path)
    numbers = Counter(outcome["outcome"] for outcome in found.values())
    counts["examples of its documents"] = f"{len(found)} blocks: " + ", ".join(
        f"{numbers[kind]} {kind}" for kind in sorted(numbers)
    )
    ran = {block: outcome for block, outcome in found.items() if outcome["outcome"] in {"passed", "failed"}}
    wrong = list(deliberate.compare(ran, deliberate.read(LIST.read_text())))
    assert not wrong, "\n" + "\n".join(wrong)
    assert numbers["passed"] > numbers["failed"]
