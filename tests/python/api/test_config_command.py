"""``codemode config``, ``codemode validate`` and the settings of ``codemode serve``: the executable, and Python's part.

The native executable and `SidecarConfig` must take and refuse the same files and variables, in the same words.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import codemode
from codemode.cli import config_command
from codemode.config import SidecarConfig
from codemode.config.effective import effective
from codemode.config.setting import settings_of
from codemode.config.sidecar_config import GONE_VARIABLES
from codemode.config.yaml_file import UnreadableFileError, read
from codemode.core.local import find_executable

Run = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "0123456789abcdef"
COMPUTED = {"listen", "python", "idle_workers", "capacity", "queue"}
"""What the executable fills in where nothing sets it: these are not Python's to know."""


def native(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CODEMODE_")}
    for name in GONE_VARIABLES:
        environment.pop(name, None)
    package = str(Path(codemode.__file__).parents[1])
    environment |= {"CODEMODE_PYTHON": sys.executable, "PYTHONPATH": package, **variables}
    environment = {name: value for name, value in environment.items() if value != "UNSET"}
    command = [find_executable(), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False)


# === an application's settings ===


def test_the_table_of_a_client(tmp_path: Path) -> None:
    (tmp_path / "codemode-client.yaml").write_text(
        "executor_url: https://a:1\nexecutor_api_key: secret\ntls: {ca_file: a b}\n"
    )
    ended = native(tmp_path, "config", CODEMODE_RETRY_MAX_ATTEMPTS="5")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (
        "executor_url                          https://a:1  file codemode-client.yaml\n"
        "executor_api_key                      ********     file codemode-client.yaml\n"
        "executor_timeout                      35           default\n"
        "max_code_length                       50000        default\n"
        "retry.enabled                         true         default\n"
        "retry.max_attempts                    5            environment CODEMODE_RETRY_MAX_ATTEMPTS\n"
        "retry.backoff_base_ms                 100          default\n"
        "retry.backoff_max_ms                  5000         default\n"
        "tls.enabled                           false        default\n"
        "tls.mode                              system       default\n"
        'tls.ca_file                           "a b"        file codemode-client.yaml\n'
        "tls.client_cert_file                  -            default\n"
        "tls.client_key_file                   -            default\n"
        "observability.log_level               INFO         default\n"
        "observability.include_correlation_id  true         default\n"
        "observability.correlation_id_prefix   cm           default\n"
        "observability.traceback_limit         5            default\n"
    )


def test_the_document_of_a_client(tmp_path: Path) -> None:
    ended = native(tmp_path, "config", "client", "--json", CODEMODE_EXECUTOR_URL="nowhere")
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["kind"], document["file"], document["warnings"]) == (64, "client", None, [])
    assert document["errors"] == [
        "CODEMODE_EXECUTOR_URL: must start with http://, https://, grpc://, grpcs://, "
        "dns+http://, dns+https://, dns:// or be unix:/path",
        "executor_api_key: is required: set CODEMODE_EXECUTOR_API_KEY",
    ]
    assert document["settings"]["executor_url"] == {
        "value": "(invalid)",
        "origin": {"kind": "environment", "name": "CODEMODE_EXECUTOR_URL"},
        "variable": "CODEMODE_EXECUTOR_URL",
        "flag": None,
        "gone": None,
    }


def test_the_table_of_a_legacy_file_shows_what_has_no_effect(tmp_path: Path) -> None:
    (tmp_path / "codemode.yaml").write_text(
        "project: {name: a}\nframework: {type: crewai}\nconfig: {password: secret}\n"
        "executor: {url: 'http://a:1', api_key: k, network: {mode: all}}\n"
    )
    ended = native(tmp_path, "config", "legacy")
    assert ended.returncode == 0
    rows = [line.split(maxsplit=2) for line in ended.stdout.splitlines()]
    assert ["executor.network.mode", "all", "file codemode.yaml (no effect)"] in rows
    assert ["config", '"1', 'entry"                file codemode.yaml'] in rows or any(
        row[0] == "config" for row in rows
    )
    assert "secret" not in ended.stdout
    assert ended.stderr == (
        "warning: `codemode.yaml`: executor.network.mode has no effect: a program has no network; "
        "give it what it needs through tools\n"
    )


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.yaml", "executor_url: http://a:1\nexecutor_api_key: k\n", "client"),
        ("b.yaml", "port: 1\n", "sidecar"),
        (
            "c.yaml",
            "project: {name: a}\nframework: {type: crewai}\nexecutor: {url: 'http://a:1', api_key: k}\n",
            "legacy",
        ),
    ],
)
def test_validate_tells_the_kind(tmp_path: Path, name: str, text: str, kind: str) -> None:
    (tmp_path / name).write_text(text)
    ended = native(tmp_path, "validate", "-c", name)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"valid: {name} ({kind})\n", "")
    (tmp_path / name).write_text(f"{text}wrong: 1\n")
    ended = native(tmp_path, "validate", "-c", name)
    assert (ended.returncode, ended.stdout, ended.stderr) == (64, "", f"error: `{name}`: wrong: unknown key\n")
    document = json.loads(native(tmp_path, "config", "--file", name, "--json").stdout)
    assert (document["kind"], document["errors"]) == (kind, [f"`{name}`: wrong: unknown key"])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for arguments in (["validate"], ["config", "legacy", "--file", "codemode.yaml"], ["serve", "-c", "codemode.yaml"]):
        ended = native(tmp_path, *arguments)
        assert (ended.returncode, ended.stderr) == (69, "error: no configuration file `codemode.yaml`\n")


def test_python_alone_does_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(os.environ):
        if name.startswith("CODEMODE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("codemode-sidecar.yaml").write_text("port: 0\n")
    assert config_command.main(["sidecar"]) == 64
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].split() == ["port", "(invalid)", "file", "codemode-sidecar.yaml"]
    assert captured.err == "error: `codemode-sidecar.yaml`: port: must be at least 1\n"
    assert config_command.main(["client", "--file", "nowhere.yaml"]) == 69
    assert capsys.readouterr().err == "error: no configuration file `nowhere.yaml`\n"
    Path("broken.yaml").write_text("a: [")
    assert config_command.main(["client", "--file", "broken.yaml"]) == 64


# === an executor's settings ===


def test_layers_of_an_executor(tmp_path: Path) -> None:
    (tmp_path / "codemode-sidecar.yaml").write_text(
        "port: 1\ngrace: 1\nqueue: 1\napi_key: secret\nsecurity: {allowed_commands: [ls]}\n"
    )
    arguments = ["config", "sidecar", "--json", "--queue", "3"]
    ended = native(tmp_path, *arguments, CODEMODE_GRACE="2", CODEMODE_QUEUE="2", CODEMODE_METADATA_TTL="5")
    document = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr, document["file"]) == (0, "", "codemode-sidecar.yaml")
    found = {key: (entry["value"], *entry["origin"].values()) for key, entry in document["settings"].items()}
    assert found["port"] == (1, "file", "codemode-sidecar.yaml")
    assert found["grace"] == (2, "environment", "CODEMODE_GRACE")
    assert found["queue"] == (3, "flag", "--queue")
    assert found["host"] == ("0.0.0.0", "default", None)
    assert found["listen"] == ("0.0.0.0:1", "default", None)
    assert found["api_key"] == ("********", "file", "codemode-sidecar.yaml")
    assert document["warnings"] == [
        "`codemode-sidecar.yaml`: security.allowed_commands has no effect: the jail decides what a program may touch, "
        "and it starts no commands; remove it",
        "CODEMODE_METADATA_TTL has no effect: tools travel with each execution, so nothing is cached; remove it",
    ]
    ended = native(tmp_path, "config", "sidecar")
    assert "secret" not in ended.stdout
    assert ended.stdout.splitlines()[0].split() == ["port", "1", "file", "codemode-sidecar.yaml"]


def test_without_a_key_only_loopback_is_served(tmp_path: Path) -> None:
    def address(*arguments: str, **variables: str) -> str:
        document = json.loads(native(tmp_path, "config", "sidecar", "--json", *arguments, **variables).stdout)
        value: str = document["settings"]["listen"]["value"]
        return value

    assert address() == "127.0.0.1:8001"
    assert address("--port", "9") == "127.0.0.1:9"
    assert address("--host", "::") == "[::]:8001"
    assert address(CODEMODE_API_KEY=KEY) == "0.0.0.0:8001"
    assert address(CODEMODE_LISTEN="unix:/x") == "unix:/x"
    ended = native(tmp_path, "serve", "--host", "0.0.0.0")
    assert (ended.returncode, ended.stderr) == (
        64,
        "error: refusing to listen on `0.0.0.0:8001` without an API key: set CODEMODE_API_KEY or --api-key-file, "
        "or listen on loopback, or pass --allow-anonymous\n",
    )


def test_serve_refuses_with_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("prot: 1\nlimits: {code_timeout: 0}\napi_key: ${NONE}\n")
    expected = [
        "error: `mine.yaml`: prot: unknown key (did you mean `port`?)",
        "error: `mine.yaml`: api_key: environment variable NONE is not set",
        "error: CODEMODE_GRACE: must be an integer",
        "error: `mine.yaml`: limits.code_timeout: must be at least 1",
    ]
    for variables, arguments in (({"CODEMODE_SIDECAR_CONFIG": "mine.yaml"}, []), ({}, ["-c", "mine.yaml"])):
        ended = native(tmp_path, "serve", *arguments, CODEMODE_GRACE="soon", **variables)
        assert (ended.returncode, ended.stderr.splitlines()) == (64, expected)


def test_serve_says_when_the_file_is_an_applications(tmp_path: Path) -> None:
    (tmp_path / "codemode.yaml").write_text("project: {name: a}\n")
    ended = native(tmp_path, "serve", "-c", "codemode.yaml")
    assert (ended.returncode, ended.stderr) == (
        64,
        "error: `codemode.yaml`: project: unknown key\n"
        "hint: this is a file of an application; an executor's is codemode-sidecar.yaml\n",
    )


@pytest.mark.parametrize("key", ["short", "with space in it", "é" * 20])
def test_serve_refuses_a_weak_key_without_showing_it(tmp_path: Path, key: str) -> None:
    ended = native(tmp_path, "serve", CODEMODE_API_KEY=key)
    assert (ended.returncode, ended.stderr) == (
        64,
        "error: an API key must be 16 to 512 printable ASCII characters without spaces\n"
        "hint: make a key with: openssl rand -hex 32\n",
    )


# === the executable and `SidecarConfig` ===


def by_python(path: Path | None, environ: dict[str, str]) -> tuple[dict[str, Any], list[str], list[str]] | str:
    try:
        data = read(path) if path is not None else None
    except UnreadableFileError as error:
        return str(error)
    found = effective(SidecarConfig, data=data, path=path and Path(path.name), environ=environ)
    document = config_command.document("sidecar", path, found)
    return document["settings"], sorted(document["errors"]), document["warnings"]


def by_executable(
    path: Path | None, folder: Path, environ: dict[str, str]
) -> tuple[dict[str, Any], list[str], list[str]] | str:
    arguments = ["--config", path.name] if path is not None else []
    ended = native(folder, "config", "sidecar", "--json", *arguments, **{"CODEMODE_PYTHON": "UNSET", **environ})
    if not ended.stdout:
        assert path is not None
        return ended.stderr.removeprefix(f"error: `{path.name}`: ").rstrip("\n")
    document = json.loads(ended.stdout)
    assert (ended.returncode == 64) == bool(document["errors"])
    return document["settings"], sorted(document["errors"]), document["warnings"]


def agree(folder: Path, text: str | None, environ: dict[str, str]) -> None:
    path = None
    if text is not None:
        path = folder / "s.yaml"
        path.write_text(text, encoding="utf-8")
    python, executable = by_python(path, environ), by_executable(path, folder, environ)
    if isinstance(python, str) or isinstance(executable, str):
        # Parsers say what is no YAML in words of their own.
        assert isinstance(python, str), (text, executable)
        assert isinstance(executable, str), (text, python)
        assert python == executable or (python.startswith("not YAML") and executable.startswith("not YAML"))
        return
    assert executable[1] == python[1]
    assert python[1] or executable[2] == python[2]
    for key, entry in python[0].items():
        other = executable[0][key]
        if entry["value"] is None and key in COMPUTED:
            other = {**other, "value": None}
        assert (entry["value"] == "(invalid)") == (other["value"] == "(invalid)"), key
        if python[1]:  # Python shows the others as they were given
            entry, other = {**entry, "value": None}, {**other, "value": None}  # noqa: PLW2901
        assert other == entry, key
    assert list(executable[0]) == list(python[0])


TEXTS = [
    "",
    "{}",
    "port: 9001\nhost: 127.0.0.1\nmain_app_grpc_target: app:50051\napi_key: file-key\nlog_level: debug\n"
    "limits:\n  code_timeout: 60\n  max_code_length: 50000\n"
    "security:\n  allow_direct_execution: true\n  allowed_commands:\n    - grep\n    - cat\n"
    "tls: {enabled: yes, mode: custom, cert_file: c, key_file: k, ca_file: a, require_client_auth: on}\n"
    "callback_tls: {enabled: true, ca_file: a, client_cert: c, client_key: k}\n",
    "idle_workers: 0\ncapacity: 2\nqueue: ~\ngrace: 3600\nprofile: max\npython: /p\napi_key_file: f\nlog_json: off\n"
    "limits: {memory: 64 MiB, cpu_time: 5.0, output: 2k, tool_calls: '7'}\n",
    "port: 0\nhost: a b\ngrace: 3601\nprofile: none\nlimits: {memory: 1, output: 17MiB}\nlog_level: loud\n",
    "prot: 1\ncode_timeout: 3\nlimits: {code_tiemout: 1}\ntls: x\nsecurity:\ncallback_tls: [1]\n'sec ret': 1\n",
    "tls: {cert_file: c}",
    "tls: {ca_file: a}",
    "tls: {ca_file: '', require_client_auth: no}",
    "main_app_grpc_target: user:p4ss@app:50051\nsecurity: {allowed_commands: ['http://u:p4ss@h/a@b', '/a:b@c']}\n",
    "tls: {cert_file: c, key_file: k, require_client_auth: 1}",
    "tls: {enabled: true, cert_file: '', key_file: k}",
    "listen: 127.0.0.1:80\nport: 1\n",
    "listen: ''\nport: 1\n",
    "listen: nowhere\n",
    "main_app_grpc_target: x\nsecurity: {allow_direct_execution: 2, allowed_commands: 3}\n",
    "main_app_grpc_target: 1:30\nhost: 1.5\napi_key: 123\n",
    "port: ${PORT}\nhost: ${HOST:-127.0.0.1}\napi_key: '${NONE}'\nlog_level: '${'\n",
    "security: {allowed_commands: [a, '${PORT}', '${NONE}']}\n",
    "a: &a {port: 1}\n<<: *a\n",
    "x: &x {code_timeout: 3}\nlimits:\n  <<: *x\n  memory: 1G\n",
    "- a\n",
    "port: 1\nport: 2\n",
    "port: !!int 1\n",
    "port: [\n",
    "'a",
    "port: 1\n--- \nport: 2\n",
    "port: 2020-01-01\ngrace: 2020-13-01\n",
    "? [a]\n: b\n",
    "\ufeffport: 7\n",
    f"a: {'[' * 40}{']' * 40}\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_files_mean_the_same_to_both(tmp_path: Path, text: str) -> None:
    agree(tmp_path, text, {"PORT": "9002"})


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CODEMODE_SIDECAR_PORT": "9001", "CODEMODE_CODE_TIMEOUT": " 60 ", "CODEMODE_LOG_LEVEL": "Warning"},
        {"CODEMODE_SIDECAR_PORT": "", "CODEMODE_TLS_ENABLED": "", "CODEMODE_API_KEY": ""},
        {"CODEMODE_TLS_ENABLED": "ON", "CODEMODE_LOG_JSON": "maybe", "CODEMODE_LIMIT_MEMORY": "lots"},
        {"CODEMODE_TLS_CERT_FILE": "c", "CODEMODE_TLS_KEY_FILE": "k"},
        {"CODEMODE_TLS_CA_FILE": "a"},
        {"CODEMODE_TLS_CA_FILE": "a", "CODEMODE_TLS_CERT_FILE": "c", "CODEMODE_TLS_KEY_FILE": "k"},
        {"CODEMODE_TLS_CA_FILE": "a", "CODEMODE_TLS_REQUIRE_CLIENT_AUTH": "1"},
        {
            "CODEMODE_MAIN_APP_TARGET": "app:1",
            "CODEMODE_ALLOWED_COMMANDS": "a, b",
            "CODEMODE_CALLBACK_TLS_ENABLED": "1",
        },
        dict.fromkeys(GONE_VARIABLES, "x"),
        {name: default.upper() for name, (default, _) in GONE_VARIABLES.items()},
        {"CODEMODE_LISTEN": "127.0.0.1:1", "CODEMODE_SIDECAR_HOST": "a"},
    ],
)
def test_variables_mean_the_same_to_both(tmp_path: Path, environ: dict[str, str]) -> None:
    agree(tmp_path, None, environ)
    agree(tmp_path, "port: 5\nlisten: 127.0.0.1:4\n" if "CODEMODE_LISTEN" in environ else "port: 5\n", environ)


WORDS = """
    ~ null yes No ON off true 0 1 -1 010 0x1F 1_000 1:30 1.0 35.5 .5 1e3 1.e+2 .inf 2020-01-01 '' '1' "yes" 64MiB 1G
    512Mi debug INFO max custom app:1 127.0.0.1 ::1 [] {} [1] localhost unix:/x ${A} ${NONE} ${NONE:-5} '${A}${A}'
    99999999999999999999 + - = << *a é
"""
SCALARS = st.one_of(st.sampled_from(WORDS.split()), st.integers(-10, 70_000).map(str))
PLACES = st.sampled_from(
    [setting.path for setting in settings_of(SidecarConfig)] + [("prot",), ("limits", "memry"), ("tls",)]
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.dictionaries(PLACES, SCALARS, max_size=6),
    environ=st.dictionaries(
        st.sampled_from([str(setting.variable) for setting in settings_of(SidecarConfig)]),
        st.sampled_from(["1", "on", "", "x", "127.0.0.1:1", "64MiB", "max", "a:1"]),
        max_size=3,
    ),
)
def test_any_file_means_the_same_to_both(
    tmp_path: Path, entries: dict[tuple[str, ...], str], environ: dict[str, str]
) -> None:
    lines: list[str] = []
    for head in dict.fromkeys(path[0] for path in entries):
        if (head,) in entries:
            lines.append(f"{head}: {entries[(head,)]}")
        else:
            lines.append(f"{head}:")
            lines += [f"  {path[1]}: {text}" for path, text in entries.items() if path[0] == head]
    agree(tmp_path, "\n".join(lines) or "{}", {"A": "7", **environ})


def test_both_have_the_same_variables_that_are_gone(tmp_path: Path) -> None:
    for name, (default, replacement) in GONE_VARIABLES.items():
        other = "other" if default != "other" else "another"
        python = effective(SidecarConfig, environ={name: other})
        assert python.warnings == (f"{name} has no effect: {replacement}",)
    document = json.loads(
        native(tmp_path, "config", "sidecar", "--json", **dict.fromkeys(GONE_VARIABLES, "other")).stdout
    )
    assert document["warnings"] == [f"{name} has no effect: {text}" for name, (_, text) in GONE_VARIABLES.items()]
