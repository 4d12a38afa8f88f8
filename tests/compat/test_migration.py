"""What `docs/migration.md` says is true: against the released package's source, and against a real executor."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codemode import Codemode, ComponentRegistry, ExecutorClient, ExecutorConnectionError, UnknownToolError
from codemode.config import ClientConfig, ConfigLoader
from codemode.core.local import find_executable
from tests.python.service.executors import KEY, Executor, running

from . import migration, names
from .peer import Peer

_NOT_SETTINGS = {"CODEMODE_VALUE_KEY", "CODEMODE_VERSION", "EXECUTOR_PORT"}
"""Upper-case names in its source that are constants, or variables of its container alone."""

_FRAMEWORK_CLASS = "codemode.integrations.crewai.CodemodeTool"  # has members only where the framework is installed


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with running() as process:
        yield process


@pytest.fixture
def codemode(executor: Executor) -> Iterator[Codemode]:
    registry = ComponentRegistry()

    def boom() -> None:
        raise ValueError("boom")

    async def slow(x: Any) -> Any:
        return x

    for name, tool in {"echo": lambda x: x, "boom": boom, "slow": slow}.items():
        registry.register_tool(name, tool)
    config = ClientConfig(executor_url=f"http://{executor.target}", executor_api_key=KEY)
    with Codemode(client_config=config, registry=registry) as made:
        yield made


@pytest.mark.parametrize("row", migration.rows("Programs"), ids=lambda row: row["Program"])
def test_programs_end_as_the_page_says(row: dict[str, str], codemode: Codemode) -> None:
    result = codemode.run(row["Program"])
    assert f"{result.outcome}: {result.result if result.success else result.error}" == row["Now"]


@pytest.mark.parametrize(("line", "text"), list(migration.examples()), ids=lambda value: str(value)[:20])
def test_examples_run(line: int, text: str) -> None:
    exec(compile("\n" * line + text, "migration.md", "exec"), {"__name__": "example"})


# === names ===


def _lacking(peer: Peer) -> dict[str, str]:
    found: dict[str, str] = {}
    installed = importlib.util.find_spec("crewai") is not None
    for name in names.public(peer.package):
        if not installed and name.dotted.startswith(f"{_FRAMEWORK_CLASS}.") and not name.parameter:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # parts of a framework
            missing = names.lacking(name)
        if missing is not None:
            found[name.dotted] = missing
    return found


def _covered(name: str, rows: list[dict[str, str]]) -> bool:
    return any(name == row["Name"] or name.startswith((row["Name"] + ".", row["Name"] + "(")) for row in rows)


def test_every_public_name_is_here_or_named_as_gone(peer: Peer, counts: dict[str, str]) -> None:
    public = {name.dotted for name in names.public(peer.package)}
    assert len(public) > 700
    lacking = _lacking(peer)
    gone = {name for name, what in lacking.items() if what == "absent"}
    moved = lacking.keys() - gone
    counts["public names"] = (
        f"{len(public)} names: {len(public) - len(lacking)} here, {len(gone)} gone, {len(moved)} moved"
    )
    unnamed = sorted(name for name in gone if not _covered(name, migration.rows("Gone")))
    assert not unnamed, "neither importable nor in the table `Gone`:\n" + "\n".join(unnamed)
    assert moved == {row["Name"] for row in migration.rows("Arguments at another place")}


def test_what_the_page_calls_gone_is_gone(peer: Peer) -> None:
    lacking = _lacking(peer)
    stale = [row["Name"] for row in migration.rows("Gone") if not any(_covered(name, [row]) for name in lacking)]
    assert stale == []


def test_a_name_that_is_gone_and_not_named_is_reported() -> None:
    assert not _covered("codemode.protosphere", [{"Name": "codemode.protos"}])
    assert _covered("codemode.protos.codemode_pb2", [{"Name": "codemode.protos"}])
    assert names.lacking(names.Name("codemode.core.codemode", "Codemode.absent")) == "absent"
    assert names.lacking(names.Name("codemode.absent")) == "absent"
    assert names.lacking(names.Name("codemode.core.codemode", "Codemode.execute", "absent", 1)) == "absent"
    assert names.lacking(names.Name("codemode.core.codemode", "Codemode.execute", "code", 1)) == "moved"
    assert names.lacking(names.Name("codemode.core.codemode", "Codemode.execute", "code", 0)) is None
    assert names.lacking(names.Name("codemode.executor.models", "ExecutionResult.duration_ms")) is None


@pytest.mark.parametrize(
    "module", ["codemode.executor.security", "codemode.executor.runner", "codemode.executor.service", "codemode.protos"]
)
def test_the_import_of_what_is_gone_says_what_replaced_it(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}"], env=_package_path(), capture_output=True, text=True
    )
    assert re.search(rf"ImportError: `{module}` is gone: .+", done.stderr)


def test_a_tool_service_warns_and_serves_nothing() -> None:
    import codemode.grpc

    with pytest.warns(DeprecationWarning, match="does nothing"):
        codemode.grpc.create_tool_server(ComponentRegistry(), port=50051)


# === command and variables ===


def _commands(peer: Peer) -> set[str]:
    # Groups are functions; a subcommand's decorator names its group.
    groups = {"cli": "codemode"}
    found: set[str] = set()
    for node in ast.parse((peer.package / "codemode" / "cli" / "main.py").read_text()).body:
        for call in (one for one in getattr(node, "decorator_list", []) if isinstance(one, ast.Call)):
            if not isinstance(node, ast.FunctionDef) or not isinstance(call.func, ast.Attribute):
                continue
            parent = groups.get(ast.unparse(call.func.value))
            if parent is None or call.func.attr not in {"command", "group"}:
                continue
            name = str(ast.literal_eval(call.args[0])) if call.args else node.name.replace("_", "-")
            if call.func.attr == "group":
                groups[node.name] = f"{parent} {name}"
            found.add(f"{parent} {name}")
    return found


def test_every_command_is_in_the_table(peer: Peer) -> None:
    listed = {row["Command"] for row in migration.rows("The command")}
    found = _commands(peer)
    assert len(found) > 12
    assert found - listed - {"codemode docker", "codemode tls"} == set()  # groups, whose commands are listed


@pytest.mark.parametrize("row", migration.rows("The command"), ids=lambda row: row["Command"])
def test_commands_are_there_or_gone(row: dict[str, str]) -> None:
    words = row["Command"].split()[1:]
    help_ = [] if words == ["--version"] else ["--help"]
    done = subprocess.run([find_executable(), *words, *help_], capture_output=True, text=True, timeout=20)
    assert (done.returncode == 0) is (row["Here"] != "gone"), done.stderr


def test_every_variable_is_in_the_table_and_the_table_is_true(peer: Peer) -> None:
    source = "\n".join(file.read_text() for file in peer.package.rglob("*.py"))
    found = set(re.findall(r"\b(?:CODEMODE|MAIN_APP|EXECUTOR)_[A-Z_]*[A-Z]\b", source)) - _NOT_SETTINGS
    table = {row["Variable"]: row["Here"] for row in migration.rows("Environment variables")}
    assert table.keys() == found
    in_force, gone = migration.variables_in_force()
    assert {name for name, here in table.items() if here != "gone"} <= in_force
    assert {name for name, here in table.items() if here == "gone"} <= gone


# === what could surprise ===


def test_a_wrong_key_is_refused(executor: Executor) -> None:
    for key in ("wrong" * 5, ""):
        with ExecutorClient(f"http://{executor.target}", key) as client, pytest.raises(ExecutorConnectionError):
            client.execute("result = 1", [], {})


def test_a_timeout_stops_the_program_once_and_keeps_its_output(codemode: Codemode) -> None:
    calls: list[int] = []
    codemode.registry.register_tool("count", lambda: calls.append(1))
    result = codemode.run("tools.count()\nprint('begun', flush=True)\nwhile True: pass", execution_timeout=3)
    assert (result.outcome, result.stdout, calls) == ("timed_out", "begun\n", [1])
    assert codemode.execute("1") == "1"


def test_a_program_catches_the_tool_s_own_exception(codemode: Codemode) -> None:
    program = "try:\n    tools.boom()\nexcept ValueError:\n    result = 'caught'"
    assert codemode.execute(program) == '"caught"'


def test_a_schema_by_position_is_refused() -> None:
    with pytest.raises((TypeError, ValueError), match="description"):
        ComponentRegistry().register_tool("a", lambda: 1, {"type": "object"})  # type: ignore[arg-type]


def test_a_client_of_its_own_is_given_a_registry(codemode: Codemode, executor: Executor) -> None:
    url = f"http://{executor.target}"
    with ExecutorClient(url, KEY) as client, pytest.raises(UnknownToolError):
        client.execute("result = tools.echo(1)", ["echo"], {})
    with ExecutorClient(url, KEY, registry=codemode.registry) as client:
        assert client.execute("result = tools.echo(1)", ["echo"], {}).result == "1"
    with pytest.raises(UnknownToolError):
        codemode.execute("1", tool_filter=["ecko"])


def test_a_program_sees_the_readable_part_of_the_context(codemode: Codemode) -> None:
    codemode.registry.set_readable_context("client_id")
    codemode.with_context(client_id="acme", secret="x")
    assert codemode.execute("result = context") == '{"client_id":"acme"}'
    codemode.registry.clear_context()


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "codemode-client.yaml"
    path.write_text("executor_url: http://file:1\nexecutor_api_key: key\nexecutor_timeout: 7\n")
    monkeypatch.setenv("CODEMODE_EXECUTOR_TIMEOUT", "9")
    assert ConfigLoader.load_client_config(path).executor_timeout == 9


def test_the_facade_uses_the_whole_configuration(executor: Executor) -> None:
    config = ClientConfig(
        executor_url=f"http://{executor.target}",
        executor_api_key=KEY,
        max_code_length=200,
        observability={"correlation_id_prefix": "app", "traceback_limit": 2},  # type: ignore[arg-type]
    )
    deep = "def f(n):\n    return 1 / 0 if n == 0 else f(n - 1)\nf(20)"
    with Codemode(client_config=config) as codemode:
        result = codemode.run(deep)
        assert (result.correlation_id or "").startswith("app-")
        assert result.error_details is not None
        assert (result.error_details.traceback or "").count("<program>") <= 2
        assert codemode.run("#" * 300).outcome == "rejected"


def _package_path() -> dict[str, str]:
    import codemode

    return {"PYTHONPATH": str(Path(codemode.__file__).parents[1])}
