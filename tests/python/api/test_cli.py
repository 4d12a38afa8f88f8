"""``codemode run``: options, tools files, output, exit statuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codemode import Codemode, ExecutionResult, ExecutorClient, ExecutorConnectionError, ExecutorTimeoutError, ToolCall
from codemode.cli import run_program, timeline, tool_files

from .fake_executor import Connection

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    request: pytest.FixtureRequest,
    executor: Codemode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    # The session's executor instead of one for each command; the command closes its client.
    def local(registry: Any = None, **_: Any) -> Codemode:
        assert executor._local is not None
        client = ExecutorClient(executor._local.url, executor._local.api_key)
        if "connection" in request.fixturenames:
            client._connection = request.getfixturevalue("connection")
        return Codemode(registry=registry, executor_client=client)

    monkeypatch.setattr(Codemode, "local", local)

    def run(program: str, *arguments: str) -> tuple[int, str, str]:
        file = tmp_path / "program.py"
        file.write_text(program)
        try:
            status = run_program.main([str(file), *arguments])
        except SystemExit as error:
            status = int(str(error.code))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def tools(tmp_path: Path) -> Callable[[str, str], str]:
    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_output_and_value_are_printed(run: Run) -> None:
    assert run("import sys\nprint('hi')\nprint('oops', file=sys.stderr)\n[1, 'é']") == (0, 'hi\n[1,"é"]\n', "oops\n")
    assert run("print('only')") == (0, "only\n", "")


@pytest.mark.parametrize(
    ("program", "seconds", "status", "error"),
    [
        (
            "1/0",
            "30",
            1,
            "ZeroDivisionError: division by zero\n"
            "error: the program failed: ZeroDivisionError: division by zero (line 1)\n",
        ),
        (
            "(",
            "30",
            65,
            "SyntaxError: '(' was never closed\n"
            "error: the program was rejected: SyntaxError: '(' was never closed (line 1)\n",
        ),
        (
            "import time; time.sleep(60)",
            "0.3",
            124,
            "error: the program timed out: Timeout: the program ran longer than its limit of 0.3 s: "
            "ask for up to 300 s with `limits.wall_time` (`execution_timeout` in Python)\n"
            "hint: give it more time with --timeout SECONDS\n",
        ),
    ],
)
def test_the_exit_status_says_how_it_ended(run: Run, program: str, seconds: str, status: int, error: str) -> None:
    got, out, err = run(program, "--timeout", seconds)
    assert (got, out) == (status, "")
    assert err.endswith(error)


@pytest.mark.parametrize(
    ("failure", "status", "error"),
    [
        (ExecutorConnectionError("no route; hint: start it"), 69, "error: no route\nhint: start it\n"),
        (ExecutorTimeoutError("too late"), 124, "error: too late\n"),
        (KeyboardInterrupt(), 130, "error: interrupted; the program was cancelled\n"),
    ],
)
def test_failures_of_the_request(
    run: Run, connection: Connection, failure: BaseException, status: int, error: str
) -> None:
    def start(*_: Any, **__: Any) -> Any:
        raise failure

    connection.start = start  # type: ignore[method-assign]
    assert run("1") == (status, "", error)


def test_json_has_everything(run: Run, tools: Callable[[str, str], str]) -> None:
    path = tools("t.py", "def double(n: int) -> int: return 2 * n")
    status, out, err = run("print('hi')\ntools.double(n=4)", "--tools", path, "--json")
    document = json.loads(out)
    assert (status, err, document["result"], document["stdout"]) == (0, "", 8, "hi\n")
    assert [call["name"] for call in document["tool_calls"]] == ["double"]
    assert {"outcome", "success", "stderr", "error", "error_details", "usage", "execution_id"} <= set(document)


def test_tools_of_several_files(run: Run, tools: Callable[[str, str], str]) -> None:
    functions = tools("a.py", "from math import sqrt\ndef one(): return 1\nasync def two(): return 2\ndef _no(): ...")
    named = tools("b.py", "tools = {'three': lambda: 3}")
    listed = tools("c.py", "def four(): return 4\ntools = [four]\ndef other(): ...")
    registry = tools(
        "d.py",
        "from codemode import ComponentRegistry\nregistry = ComponentRegistry()\n"
        "registry.register_tool('five', lambda: 5)\nregistry.set_config('six', 6)",
    )
    assert sorted(tool_files.load([functions, named, listed, registry]).tools) == [
        "five",
        "four",
        "one",
        "three",
        "two",
    ]
    program = "[tools.one(), await tools.two(), tools.three(), tools.four(), tools.five(), config['six']]"
    paths = [part for path in (functions, named, listed, registry) for part in ("--tools", path)]
    assert run(program, *paths)[:2] == (0, "[1,2,3,4,5,6]\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "`{path}` has no tools: no public function, `tools` or `registry`"),
        ("1/0", "`{path}` failed to load: ZeroDivisionError: division by zero"),
        ("tools = {'__x__': print}", "`{path}`: tool name `__x__`: names that begin with `__` are reserved"),
        ("class T:\n  def run(self): ...\ntools = [T()]", "`{path}`: a T in `tools` has no name: use a dict"),
    ],
)
def test_tools_files_that_cannot_be_used(run: Run, tools: Callable[[str, str], str], text: str, message: str) -> None:
    path = tools("t.py", text)
    status, out, err = run("1", "--tools", path)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {message.format(path=path)}")


def test_a_tool_of_two_files_is_refused(run: Run, tools: Callable[[str, str], str]) -> None:
    first, second = tools("a.py", "def f(): ..."), tools("b.py", "def f(): ...")
    assert run("1", "--tools", first, "--tools", second) == (
        2,
        "",
        f"error: tool `f` is in both `{first}` and `{second}`\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--memory", "much"],
        ["--memory", "0"],
        ["--timeout", "-1"],
        ["--profile", "none"],
        ["--tools", "/nowhere.py"],
        ["--api-key-file", "/nowhere"],
        ["--url", "http://x:1", "--profile", "max"],
        ["--url", "ftp://x"],
        ["--wat"],
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str]) -> None:
    status, out, err = run("1", *arguments)
    assert (status, out) == (2, "")
    assert "error: " in err


@pytest.mark.parametrize(
    ("text", "size"),
    [("256MiB", 256 * 2**20), ("1.5g", 1_500_000_000), ("1024", 1024), ("64 KB", 64_000), ("1Gi", 2**30)],
)
def test_sizes(run: Run, connection: Connection, text: str, size: int) -> None:
    assert run("1", "--memory", text)[0] == 0
    assert connection.started[0].options["limits"].options["memory"] == size


def test_the_timeline() -> None:
    calls = [
        ToolCall("search", duration_ms=50.0, started_ms=0.0),
        ToolCall("fetch", duration_ms=25.0, started_ms=50.0),
        ToolCall("fetch", "{}", "error", 0.5, "ValueError: x", 99.5),
    ]
    result = ExecutionResult(success=True, tool_calls=calls, duration_ms=100.0)
    assert timeline.render(result, width=42) == (
        "        0           100.0 ms\n"
        "search  ██████████             50.0 ms\n"
        "fetch             █████        25.0 ms\n"
        "fetch                      ▒    500 µs  failed\n"
        "3 calls, 1 failed, 75.5 ms in tools, 100.0 ms in all"
    )
    assert timeline.render(ExecutionResult(success=True, duration_ms=2000.0)) == "no tool calls in 2.00 s"


def test_the_timeline_goes_to_standard_error(run: Run) -> None:
    status, out, err = run("1", "--timeline")
    assert (status, out) == (0, "1\n")
    assert err.startswith("no tool calls in ")


# === executions that wait ===


def test_a_program_that_waits_says_for_what(run: Run, tools: Callable[[str, str], str]) -> None:
    file = tools(
        "tools.py",
        "from codemode import Suspend\ndef pay(to: str) -> None:\n    'Pays.'\n    raise Suspend('is it you?')\n",
    )
    status, out, err = run("print('before')\ntools.pay('Ann')", "--tools", file)
    assert (status, out) == (75, "before\n")
    assert err == (
        "waits: call 1: pay(to='Ann') (is it you?)\n"
        "error: the program is suspended: Suspended: it waits for answers to the tool call 1 (`pay`)\n"
    )
    status, out, _ = run("tools.pay('Ann')", "--tools", file, "--json")
    (call,) = json.loads(out)["pending"]
    assert (status, call["arguments"], call["state"]) == (75, {"to": "Ann"}, "asked")


class TestCheckpoints:
    @pytest.fixture(params=["directory", "sqlite"])
    def place(self, request: pytest.FixtureRequest, tmp_path: Path, executor: Codemode) -> tuple[str, str]:
        """A store with an execution that waits and one that has finished, and the former's id."""
        from codemode import ComponentRegistry
        from codemode.checkpoints import DirectoryStore, SqliteStore

        path = str(tmp_path / "store")
        store = DirectoryStore(path) if request.param == "directory" else SqliteStore(path)
        registry = ComponentRegistry(approve=lambda call: "ask")
        registry.register_tool("pay", lambda to: to)
        client = executor.executor_client
        client.use_checkpoints(store, "0123456789abcdef")
        try:
            assert client.execute("1", [], {}, durable=True).success
            waiting = client.execute("x = 1\ntools.pay('Ann')", ["pay"], {}, registry=registry, durable=True)
        finally:
            client.use_checkpoints(None)
            store.close()
        return path, str(waiting.execution_id)

    @pytest.fixture
    def command(self, capsys: pytest.CaptureFixture[str]) -> Run:
        from codemode.cli import checkpoints_command

        def command(*arguments: str) -> tuple[int, str, str]:
            status = checkpoints_command.main(arguments)
            captured = capsys.readouterr()
            return status, captured.out, captured.err

        return command

    def test_list(self, command: Run, place: tuple[str, str]) -> None:
        status, out, err = command("list", place[0])
        assert (status, err) == (0, "")
        assert [line.split()[1] for line in out.splitlines()] == ["finished", "suspended"]
        status, out, _ = command("list", place[0], "--state", "suspended", "--json")
        assert [info["execution_id"] for info in json.loads(out)] == [place[1]]

    def test_show(self, command: Run, place: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        path, execution_id = place
        status, out, err = command("show", path, execution_id)
        assert (status, out) == (69, "")
        assert err == (
            "error: failed to open a checkpoint: it is sealed, and no key was given\n"
            "hint: give the key that it was sealed with: `checkpoint_key`, or CODEMODE_CHECKPOINT_KEY\n"
        )
        monkeypatch.setenv("CODEMODE_CHECKPOINT_KEY", "0123456789abcdef")
        status, out, err = command("show", path, execution_id)
        assert (status, err) == (0, "")
        assert out == (
            f"execution {execution_id}: suspended\n    x = 1\n    tools.pay('Ann')\n"
            "waits: call 1: pay(to='Ann') (the policy asks about `pay`)\n"
        )
        monkeypatch.delenv("CODEMODE_CHECKPOINT_KEY")
        key = tmp_path / "key"
        key.write_text("0123456789abcdef\n")
        status, out, _ = command("show", path, execution_id, "--key-file", str(key), "--json")
        document = json.loads(out)
        assert (document["state"], document["calls"], len(document["pending"])) == ("suspended", 1, 1)

    def test_what_is_not_there(self, command: Run, place: tuple[str, str], tmp_path: Path) -> None:
        assert command("list", str(tmp_path / "none")) == (
            2,
            "",
            f"error: there is no store of checkpoints at `{tmp_path / 'none'}`\n",
        )
        assert command("show", place[0], "another") == (69, "", "error: no execution `another` is stored\n")
