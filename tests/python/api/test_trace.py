"""The trace collector, the text of arguments, and trace contexts of OpenTelemetry."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from codemode import ToolCall
from codemode.core.trace import CallTraceCollector, args_to_json, get_global_collector, maybe_otel_span

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def names(collector: CallTraceCollector, correlation_id: str) -> list[str]:
    return [call.name for call in collector.drain(correlation_id)]


class TestCollector:
    def test_calls_are_drained_once_by_their_correlation_id(self) -> None:
        collector = CallTraceCollector()
        for correlation_id, name in (("a", "1"), ("b", "2"), ("a", "3"), ("", "4"), (None, "5")):
            collector.record(correlation_id, ToolCall(name))
        assert len(collector) == 2
        assert (names(collector, "a"), names(collector, "a"), names(collector, "b")) == (["1", "3"], [], ["2"])
        assert collector.drain("") == collector.drain(None) == []
        assert len(collector) == 0

    def test_a_correlation_id_is_forgotten_some_time_after_its_last_call(self) -> None:
        clock = Clock()
        collector = CallTraceCollector(ttl_seconds=10, clock=clock)
        collector.record("old", ToolCall("1"))
        collector.record("kept", ToolCall("1"))
        clock.now = 6
        collector.record("kept", ToolCall("2"))
        clock.now = 9.9
        assert len(collector) == 2
        clock.now = 10
        assert (len(collector), names(collector, "old"), names(collector, "kept")) == (1, [], ["1", "2"])
        collector.record("late", ToolCall("1"))
        clock.now = 20
        assert names(collector, "late") == []

    def test_it_is_bounded(self) -> None:
        collector = CallTraceCollector(max_correlations=3, max_calls=2)
        for correlation_id in "abca":  # "b" was recorded longest ago
            collector.record(correlation_id, ToolCall(correlation_id))
        collector.record("d", ToolCall("d"))
        assert [names(collector, correlation_id) for correlation_id in "abcd"] == [["a", "a"], [], ["c"], ["d"]]
        for n in range(5):
            collector.record("x", ToolCall(str(n)))
        assert names(collector, "x") == ["3", "4"]

    @pytest.mark.parametrize("option", ["max_correlations", "ttl_seconds", "max_calls"])
    def test_its_bounds_are_positive(self, option: str) -> None:
        options: dict[str, Any] = {option: 0}
        with pytest.raises(ValueError, match=f"^`{option}` of a trace collector must be more than 0, not 0$"):
            CallTraceCollector(**options)

    def test_many_threads_lose_nothing(self) -> None:
        collector = CallTraceCollector(max_correlations=10_000, max_calls=10_000)
        workers, calls = 16, 500
        together = threading.Barrier(workers)
        drained: list[list[ToolCall]] = [[] for _ in range(workers)]

        def work(n: int) -> None:
            together.wait(20)
            for index in range(calls):
                collector.record("shared", ToolCall(f"{n}.{index}"))
                collector.record(f"own{n}", ToolCall(str(index)))
                if index % 50 == 0:
                    drained[n] += collector.drain("shared")

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, range(workers)))
        shared = [call.name for calls_of_one in (*drained, collector.drain("shared")) for call in calls_of_one]
        assert sorted(shared) == sorted(f"{n}.{index}" for n in range(workers) for index in range(calls))
        assert all(names(collector, f"own{n}") == [str(index) for index in range(calls)] for n in range(workers))

    def test_there_is_one_for_the_process(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: get_global_collector(), range(8)))
        assert all(collector is get_global_collector() for collector in found)


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (None, "{}"),
            ({}, "{}"),
            ({"a": 1, "b": "é"}, '{"a":1,"b":"é"}'),
            ({"day": datetime.date(2026, 1, 2), "ids": {2, 1}}, '{"day":"2026-01-02","ids":[1,2]}'),
        ],
    )
    def test_they_are_json(self, arguments: dict[str, Any] | None, text: str) -> None:
        assert json.loads(args_to_json(arguments)) == json.loads(text)

    def test_what_cannot_be_sent_is_named_and_not_shown(self) -> None:
        class Connection:
            def __repr__(self) -> str:
                return "postgres://user:s3cret@host"

        cyclic: list[Any] = []
        cyclic.append(cyclic)
        text = args_to_json({"connection": Connection(), "cyclic": cyclic, "n": 1})
        assert json.loads(text) == {"connection": "<a Connection>", "cyclic": "<a list>", "n": 1}


class TestOpenTelemetry:
    def test_spans_begun_inside_are_children_of_the_caller(self) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        exporter, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("outer") as outer:
            with maybe_otel_span(TRACEPARENT), tracer.start_as_current_span("tool"):
                pass
            assert trace.get_current_span() is outer
        provider.shutdown()
        tool, around = exporter.get_finished_spans()
        assert (tool.name, around.name) == ("tool", "outer")
        assert tool.parent is not None
        assert (f"{tool.context.trace_id:032x}", f"{tool.parent.span_id:016x}") == (TRACE, "b7ad6b7169203331")
        assert f"{around.context.trace_id:032x}" != TRACE

    @pytest.mark.parametrize("traceparent", [None, "", "nonsense", "00-abc-def-01", f"ff-{TRACE}-b7ad6b7169203331-01"])
    def test_without_a_good_traceparent_the_current_span_stays(self, traceparent: str | None) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        tracer = TracerProvider().get_tracer("test")
        with tracer.start_as_current_span("outer") as outer, maybe_otel_span(traceparent):
            assert trace.get_current_span() is outer

    def test_it_ends_with_an_exception_too(self) -> None:
        from opentelemetry import trace

        with pytest.raises(ZeroDivisionError), maybe_otel_span(TRACEPARENT):
            assert f"{trace.get_current_span().get_span_context().trace_id:032x}" == TRACE
            raise ZeroDivisionError
        assert trace.get_current_span().get_span_context().trace_id == 0

    def test_without_opentelemetry_nothing_happens(self) -> None:
        code = f"""
import sys
sys.modules["opentelemetry"] = None
from codemode.core.trace import maybe_otel_span
with maybe_otel_span({TRACEPARENT!r}):
    print("inside")
"""
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout == "inside\n"

    def test_importing_the_module_does_not_import_it(self) -> None:
        code = "import sys, codemode.core.trace; print('opentelemetry' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout == "False\n"
