"""Draws the tool calls of an execution: one lane for each tool, and how much time was spent in tools at all."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from codemode import ToolCall

_LEVELS = "▁▂▃▄▅▆▇█"
_NONE = "·"


@dataclass(frozen=True)
class Lane:
    """The calls of one tool. Times in milliseconds from the begin of the execution."""

    tool: str
    calls: Sequence[ToolCall]

    @property
    def failed(self) -> int:
        """The calls that raised."""
        return sum(call.status == "error" for call in self.calls)

    @property
    def median(self) -> float:
        """The median duration."""
        return statistics.median(call.duration_ms for call in self.calls)

    @property
    def peak(self) -> int:
        """The most calls that ran at once."""
        ends = [(call.started_ms + call.duration_ms, -1) for call in self.calls]
        running = most = 0
        for _, step in sorted([*ends, *((call.started_ms, 1) for call in self.calls)]):
            running += step
            most = max(most, running)
        return most

    def picture(self, span: float, width: int) -> str:
        """``width`` characters for ``span`` ms: the higher the bar, the more calls ran in that slice of time."""
        slice_ms = span / width
        # The mean number of calls in flight in each slice, so that a short call is a low bar and not a high one.
        load = [0.0] * width
        for call in self.calls:
            begin, end = call.started_ms, call.started_ms + call.duration_ms
            for index in range(int(begin / slice_ms), min(int(end / slice_ms) + 1, width)):
                within = min(end, (index + 1) * slice_ms) - max(begin, index * slice_ms)
                load[index] += max(within, 0.0) / slice_ms
        top = max(load) or 1.0
        return "".join(_LEVELS[int(value / top * 7.999)] if value > 0 else _NONE for value in load)


def lanes(calls: Sequence[ToolCall]) -> list[Lane]:
    """One lane for each tool, in the order of their first calls."""
    by_tool: dict[str, list[ToolCall]] = {}
    for call in calls:
        by_tool.setdefault(call.name, []).append(call)
    return [Lane(tool, of_tool) for tool, of_tool in by_tool.items()]


def busy_ms(calls: Sequence[ToolCall]) -> float:
    """The milliseconds in which at least one tool ran: calls side by side count once."""
    total, until = 0.0, 0.0
    for call in sorted(calls, key=lambda call: call.started_ms):
        end = call.started_ms + call.duration_ms
        total += max(0.0, end - max(call.started_ms, until))
        until = max(until, end)
    return total
