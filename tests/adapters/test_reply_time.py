"""The texts for a model take time in proportion to what they are made of: a program chooses its traceback."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from codemode import ComponentRegistry, ExecutionError, ExecutionResult
from codemode.integrations import reply
from codemode.integrations.description import describe

pytest.importorskip("hypothesis", reason="hypothesis is not installed: pip install --group test")

from hypothesis import example, given, settings
from hypothesis import strategies as st

SIZE = 500_000  # characters; what takes quadratic time takes hours for them
BOUND = 10.0  # seconds; it takes some hundredths of one

HOSTILE = {
    "no closing quote": 'File "/' + "a" * SIZE,
    "many steps": 'File "' + "/python/" * (SIZE // 8),
    "many packages": 'File "' + "/site-packages" * (SIZE // 14) + '", line 1',
    "a long version": 'File "/python' + "3." * (SIZE // 2),
    "many frames on a line": 'File "/a' * (SIZE // 8),
    "many closing quotes": 'File "/a' + '"' * SIZE,
    "many places": 'File "/a' + '", line ' * (SIZE // 8),
    "many lines": 'File "/\n' * (SIZE // 8),
    "many margins": " | " * (SIZE // 3) + 'File "/a", line 1',
    "many frames": '  File "/usr/lib/python3.11/x.py", line 1, in f\n' * (SIZE // 48),
    "many results": "result" * (SIZE // 6),
    "many spaces": " " * SIZE + "x",
}
FAILED = ExecutionResult(success=False, error="x", code="x", outcome="failed")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_does_not_take_long(text: str) -> None:
    began = time.perf_counter()
    reply.without_paths(text)
    details = ExecutionError("ValueError", text, traceback=text)
    failed = replace(FAILED, error=text, code=text, error_details=details, stdout=text, stderr=text)
    assert len(reply.of_result(failed)) < 12_000
    reply.of_result(ExecutionResult(success=True, result="null", code=text, stdout=text))
    assert time.perf_counter() - began < BOUND


def test_a_schema_with_very_many_parts_does_not_take_long() -> None:
    many = {f"part{n}": {"$ref": "#/$defs/node"} for n in range(6000)}
    registry = ComponentRegistry()
    schema = {
        "type": "object",
        "properties": many,
        "$defs": {"node": {"type": "object", "properties": {**many, "or": {"anyOf": list(many.values())}}}},
    }
    registry.register_tool("it", lambda **_: None, "Many parts.", input_schema=schema, output_schema=schema)
    began = time.perf_counter()
    text = describe(registry.get_tool_registrations().values())
    assert time.perf_counter() - began < BOUND  # 6000^2 parts
    assert text.endswith("- tools['it'].run(…): Many parts.")


PIECE = st.sampled_from(
    ['File "', '", line 1', ", in f", "/", "python3.11", "site-packages", "x.py", " ", "|", "\n", '"', "<", "é", "lib"]
)


@settings(deadline=None)
@given(st.lists(PIECE | st.text(max_size=5), max_size=40).map("".join))
@example('  File "/", line 1')
@example('  File "//python/", line 1')
@example('  File "/python/site-packages/", line 1')
def test_any_text_keeps_its_lines_and_all_that_is_no_path(text: str) -> None:
    shown = reply.without_paths(text)
    assert len(shown) <= len(text)
    lines = list(zip(text.split("\n"), shown.split("\n"), strict=True))
    for line, short in lines:
        if line != short:
            begin, end = line.index('File "') + 6, line.index('", line ')
            assert (short[:begin], line[begin]) == (line[:begin], "/")
            assert line[begin:].endswith(short[begin:])
            assert short.endswith(line[end:])


STEP = st.text(
    st.characters(codec="ascii", exclude_characters='"/\n', exclude_categories=["C"]), min_size=1, max_size=8
)


@settings(deadline=None)
@given(
    st.sampled_from(["", "  ", "  | ", "    |   "]),
    st.lists(
        STEP.filter(lambda step: not step.startswith("python") and "packages" not in step), min_size=1, max_size=5
    ),
    st.sampled_from(["python3.11", "python", "python311.zip", "python3.12/site-packages", "dist-packages"]),
    st.lists(STEP.filter(lambda step: "packages" not in step), min_size=1, max_size=4).map("/".join),
)
def test_a_frame_of_a_library_is_named_within_it(margin: str, home: list[str], library: str, name: str) -> None:
    frame = f'{margin}File "/{"/".join(home)}/{library}/{name}", line 12, in f'
    assert reply.without_paths(f"x\n{frame}\n") == f'x\n{margin}File "{name}", line 12, in f\n'


@pytest.mark.parametrize(
    "line",
    [
        'ValueError: File "/a/b", line 1',
        'File "/a/b"',
        'File "/a/b", line x',
        'File "a/b", line 1',
        f'File "/{"a" * 4096}/b", line 1',
        f'{" " * 61}File "/a/b", line 1',
    ],
)
def test_what_is_no_frame_stays(line: str) -> None:
    assert reply.without_paths(line) == line


def test_a_long_traceback_loses_whole_lines_in_its_middle() -> None:
    frame = '  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode\n    obj, end = self.raw_decode(s)\n'
    traceback = "Traceback (most recent call last):\n" + frame * 900 + "ValueError: no\n"
    details = ExecutionError("ValueError", "no", traceback=traceback)
    lines = reply.of_result(replace(FAILED, error_details=details)).split("\n")
    known = {'  File "json/decoder.py", line 337, in decode', "    obj, end = self.raw_decode(s)"}
    (left_out,) = [line for line in lines[3:-3] if line not in known]
    shown = traceback.strip("\n").split("\n")
    kept = sum(line in known for line in lines)
    assert left_out == f"[… {left_out.split()[1]} characters left out …]"
    size = sum(len(line) + 1 for line in shown[1 : 1 + 2 * 900]) // 1800
    assert abs(int(left_out.split()[1]) - (1800 - kept) * size) < 2 * size
