"""stdout, stderr and stdin of the program."""

from __future__ import annotations

from .conftest import Run
from .harness import OUTPUT, Tool, Worker

ECHO = Tool("echo", parameters=["x"])


def test_each_line_is_sent_when_it_ends(worker: Worker) -> None:
    worker.start("print('one')\nprint('two', end='')\nprint('!')\nprint('err', file=__import__('sys').stderr)", [])
    frames = [payload for kind, payload in worker.frames() if kind == OUTPUT]
    assert frames == [b"\x01one\n", b"\x01two!\n", b"\x02err\n"]


def test_part_of_a_line_is_sent_before_a_call_and_at_the_end(run: Run) -> None:
    finished = run(
        "import sys\nprint('a', end='')\ntools.echo(1)\n"
        "sys.stderr.write('b')\nawait tools.echo.run_async(2)\nprint('c', end='')",
        ECHO,
    )
    assert finished.events == [("output", b"a"), ("call", "echo"), ("output", b"b"), ("call", "echo"), ("output", b"c")]


def test_bytes_and_text_of_any_kind(run: Run) -> None:
    finished = run("import sys\nsys.stdout.buffer.write(b'\\xff\\x00')\nsys.stdout.flush()\nprint('é\\ud800')")
    assert finished.stdout == b"\xff\x00\xc3\xa9\\ud800\n"


def test_long_output_is_split(run: Run) -> None:
    finished = run("import sys\nprint('x' * 200_000)\nsys.stdout.buffer.write(bytes(200_000))")
    assert finished.stdout == b"x" * 200_000 + b"\n" + bytes(200_000)


def test_output_of_threads_keeps_its_lines(run: Run) -> None:
    finished = run(
        "import threading\n"
        "def work(n):\n"
        "    for i in range(200): print(f'{n} {i} ' + 'x' * 50 + '\\n', end='')\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "for t in threads: t.start()\n"
        "for t in threads: t.join()"
    )
    lines = finished.stdout.decode().splitlines()
    assert sorted(lines) == sorted(f"{n} {i} " + "x" * 50 for n in range(4) for i in range(200))


def test_streams_look_like_files(run: Run) -> None:
    finished = run(
        "import io, sys\n"
        "result = [(s.name, s.mode, s.encoding, s.errors, s.writable(), s.isatty(), s.line_buffering)\n"
        "          for s in (sys.stdout, sys.stderr)]\n"
        "try: sys.stdout.fileno()\n"
        "except io.UnsupportedOperation: result.append(sys.stdout is sys.__stdout__)\n"
    )
    both = ["w", "utf-8", "backslashreplace", True, False, True]
    tuples = [value["$"][1] if isinstance(value, dict) else value for value in finished.value]
    assert tuples == [["<stdout>", *both], ["<stderr>", *both], True]


def test_stdin_is_empty(run: Run) -> None:
    finished = run("import sys\nassert sys.stdin.read() == ''\ninput('name? ')")
    assert finished.error["type"] == "EOFError"
    assert finished.error["message"] == "EOF when reading a line"
    assert finished.stdout == b"name? "


def test_redirected_output_stays_with_the_program(run: Run) -> None:
    finished = run(
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()) as f: print('in')\n"
        "print('out')\n"
        "result = f.getvalue()"
    )
    assert (finished.value, finished.stdout) == ("in\n", b"out\n")


def test_stream_of_the_program_is_flushed_at_the_end(run: Run) -> None:
    finished = run("import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer)\nprint('late')\nresult = 1")
    assert (finished.value, finished.stdout) == (1, b"late\n")


def test_logging_and_warnings_go_to_stderr(run: Run) -> None:
    finished = run("import logging, warnings\nlogging.warning('careful')\nwarnings.warn('odd')")
    assert finished.stderr == b"WARNING:root:careful\n<program>:3: UserWarning: odd\n  warnings.warn('odd')\n"
