"""The example from end to end: build the database, start an executor, run the program, check the rows that it wrote.

Called by ``python -m examples.orders``; ``--json`` prints one document instead of text. The exit status is 1 where the
program fails or the database does not agree with what it says.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from codemode import Codemode, CodemodeError, ExecutionResult

from . import report
from .database import Database, build
from .timeline import lanes
from .tools import Shop

PROGRAM = Path(__file__).with_name("program.py")
OPERATOR = "refund-desk"


def main(arguments: list[str] | None = None) -> int:
    """Runs the example. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.orders", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="orders-") as folder:
        begin = time.perf_counter()
        with closing(build(Path(folder) / "orders.db")) as database:
            built = time.perf_counter() - begin
            try:
                result, start = _run(database)
            except CodemodeError as error:
                return _fail(str(error), error.hint)
            if not result.success:
                traceback = result.error_details.traceback if result.error_details is not None else None
                return _fail(traceback or result.error or result.outcome, None)
            timings = report.timings(result, database=built, start=start)
            proof = _proof(database, result)
    if options.json:
        print(json.dumps(_document(result, timings, proof), indent=2, ensure_ascii=False))
    else:
        print(report.text(result, timings, proof))
    return 0 if proof["agrees"] else 1


def _run(database: Database) -> tuple[ExecutionResult, float]:
    """The execution and the seconds that the executor took to start."""
    begin = time.perf_counter()
    with Codemode.local() as codemode:
        start = time.perf_counter() - begin
        for name, tool in Shop(database).tools().items():
            codemode.registry.register_tool(name, tool)
        # What the application knows about the caller: tools read it, the program cannot.
        codemode.with_context(operator=OPERATOR)
        return codemode.run(PROGRAM.read_text(encoding="utf-8")), start


def _proof(database: Database, result: ExecutionResult) -> dict[str, Any]:
    """What the program wrote, read from the database, next to what it says that it wrote."""
    with database.transaction() as connection:
        query = "SELECT count(*) AS refunds, coalesce(sum(amount), 0) AS cents FROM refunds WHERE filed_by = ?"
        row = connection.execute(query, (OPERATOR,)).fetchone()
    refunds, total = row["refunds"], Decimal(row["cents"]).scaleb(-2)
    claimed = (result.value["refunds"], result.value["refunded"])
    return {
        "refunds": refunds,
        "total": str(total),
        "filed_by": OPERATOR,
        "claimed": f"{claimed[0]} of {claimed[1]}",
        "agrees": claimed == (refunds, total),
        "jail_profile": result.jail_profile,
    }


def _document(result: ExecutionResult, timings: dict[str, float], proof: dict[str, Any]) -> dict[str, Any]:
    tools = {
        lane.tool: {"calls": len(lane.calls), "failed": lane.failed, "p50_ms": lane.median, "at_once": lane.peak}
        for lane in lanes(result.tool_calls)
    }
    return {
        "result": json.loads(result.result or "null"),
        "stdout": result.stdout,
        "tools": tools,
        "milliseconds": {part: round(value, 3) for part, value in timings.items()},
        "database": proof,
    }


def _fail(message: str, hint: str | None) -> int:
    print(f"error: {message}", file=sys.stderr)
    if hint is not None:
        print(f"hint: {hint}", file=sys.stderr)
    return 1
