"""Draws the tool calls of an execution as bars over its time, in plain text."""

from __future__ import annotations

from codemode.core.models import ExecutionResult

_NAME_WIDTH = 24  # characters


def render(result: ExecutionResult, width: int = 100) -> str:
    """One line for each tool call, in the order of their begin.

    Args:
        result: The execution.
        width: Characters of a line.
    """
    total = result.duration_ms or 0.0
    if not result.tool_calls:
        return f"no tool calls in {_time(total)}"
    name_width = min(max(len(call.name) for call in result.tool_calls), _NAME_WIDTH)
    bar_width = max(10, width - name_width - 16)
    span = max([total, *(call.started_ms + call.duration_ms for call in result.tool_calls)]) or 1.0
    lines = [f"{'':{name_width}}  0{_time(span):>{bar_width - 1}}"]
    for call in result.tool_calls:
        name = call.name if len(call.name) <= name_width else call.name[: name_width - 1] + "…"
        begin = min(int(call.started_ms / span * bar_width), bar_width - 1)
        length = max(1, min(round(call.duration_ms / span * bar_width), bar_width - begin))
        bar = ("█" if call.status == "success" else "▒") * length
        failed = {"success": "", "suspended": "  waits"}.get(call.status, "  failed")
        lines.append(
            f"{name:{name_width}}  {' ' * begin}{bar:{bar_width - begin}}  {_time(call.duration_ms):>8}{failed}"
        )
    failures = sum(call.status == "error" for call in result.tool_calls)
    busy = sum(call.duration_ms for call in result.tool_calls)
    lines.append(f"{len(result.tool_calls)} calls, {failures} failed, {_time(busy)} in tools, {_time(total)} in all")
    if result.attempts > 1:
        lines.append(f"{result.attempts} attempts; the last one took {result.replayed_calls} calls from the journal")
    return "\n".join(lines)


def _time(milliseconds: float) -> str:
    if milliseconds < 1:
        return f"{milliseconds * 1000:.0f} µs"
    if milliseconds < 1000:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds / 1000:.2f} s"
