"""Prints what the example did, in at most 100 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codemode import ExecutionResult

from .timeline import Lane, busy_ms, lanes

_WIDTH = 48  # columns of a lane's picture


def text(result: ExecutionResult, timings: dict[str, float], proof: dict[str, Any]) -> str:
    """The whole report of a completed execution."""
    sections = [
        _section("What the program printed", result.stdout.splitlines()),
        _section("Its result", _summary(result.value)),
        _section(f"Its {len(result.tool_calls)} tool calls, in the application", _timeline(result)),
        _section("Where the time went", _times(timings)),
        _section("What the database says", _proof(proof)),
    ]
    return "\n".join(sections)


def timings(result: ExecutionResult, *, database: float, start: float) -> dict[str, float]:
    """Milliseconds by part. ``database`` and ``start``: seconds for building the database and starting the executor."""
    execution, busy = result.duration_ms or 0.0, busy_ms(result.tool_calls)
    return {
        "database": database * 1000,
        "executor_start": start * 1000,
        "execution": execution,
        "in_tools": busy,
        "in_program": execution - busy,
        "program_cpu": result.usage.cpu_time * 1000,
        "one_after_the_other": sum(call.duration_ms for call in result.tool_calls),
    }


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, "─" * len(title), *lines, ""])


def _summary(value: dict[str, Any]) -> list[str]:
    rows = [("customer", "tier", "spent", "orders", "late", "refunded")]
    for row in value["customers"]:
        rows.append((row["name"], row["tier"], row["spent"], row["orders"], row["late"], row["refunded"]))
    spent = sum(row["spent"] for row in value["customers"])
    rows.append(("all", "", spent, value["orders"], value["late"], value["refunded"]))
    carriers = [("carrier", "late here", "late ever", "worst tenth")]
    for row in value["carriers"]:
        worst = f"from {row['worst_tenth_from_days']:.1f} days"
        carriers.append((row["name"], row["late"], f"{row['late_in_percent']} %", worst))
    left = ", ".join(f"{count} {why}" for why, count in value["not_refunded"].items())
    return [*_table(rows), "", *_table(carriers), "", f"{value['refunds']} refunds filed; not refunded: {left}"]


def _table(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Columns as wide as they must be: words to the left, numbers to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    signs = [">" if not isinstance(cell, str) or cell[:1].isdigit() else "<" for cell in rows[1]]
    columns = list(zip(widths, signs, strict=True))
    lines = [
        "  ".join(f"{cell:{sign}{width}}" for cell, (width, sign) in zip(row, columns, strict=True)) for row in texts
    ]
    return [line.rstrip() for line in lines]


def _timeline(result: ExecutionResult) -> list[str]:
    span = result.duration_ms or 1.0
    drawn = lanes(result.tool_calls)
    width = max(len(lane.tool) for lane in drawn)
    head = f"{'':{width}}  calls  failed       p50  at once  "
    axis = f"0 ms{f'{span:.0f} ms':>{_WIDTH - 4}}"
    return [head + axis, *(_lane(lane, width, span) for lane in drawn)]


def _lane(lane: Lane, width: int, span: float) -> str:
    numbers = f"{len(lane.calls):5}  {lane.failed or '':>6}  {lane.median:6.1f} ms  {lane.peak:7}"
    return f"{lane.tool:{width}}  {numbers}  {lane.picture(span, _WIDTH)}"


def _times(timings: dict[str, float]) -> list[str]:
    # 0 where the kernel had not yet told the executor.
    processor = f" ({timings['program_cpu']:.0f} ms of processor time)" if timings["program_cpu"] else ""
    lines = [
        (timings["database"], "building the database"),
        (timings["executor_start"], "starting the executor: jail, interpreter, warm workers"),
        (timings["execution"], "the execution, of which"),
        (timings["in_tools"], f"  in tools (one after the other: {timings['one_after_the_other']:.0f} ms)"),
        (timings["in_program"], f"  in the program and on the way{processor}"),
    ]
    return [f"{milliseconds:8.1f} ms  {what}" for milliseconds, what in lines]


def _proof(proof: dict[str, Any]) -> list[str]:
    verdict = "as the program says" if proof["agrees"] else f"BUT THE PROGRAM SAYS {proof['claimed']}"
    return [
        f"{proof['refunds']} refunds of {proof['total']} in all, filed by {proof['filed_by']}: {verdict}",
        f"jail profile of the worker: {proof['jail_profile']}",
    ]
