"""The benchmarks run: one iteration of each row, without the peers. What they measure is not asserted here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_quick_run_has_a_figure_for_every_row(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    ended = subprocess.run(
        [sys.executable, "benches/run.py", "--quick", "--json", str(report)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads(report.read_text())["rows"]
