"""`SidecarConfig` and `CodemodeConfig`: what users have keeps working, and what is gone says so."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import codemode.config
from codemode.config import (
    CallbackTlsConfig,
    ClientConfig,
    CodemodeConfig,
    ConfigLoader,
    ConfigWarning,
    ExecutionConfig,
    ExecutionLimitsConfig,
    ExecutorConfig,
    ExecutorLimitsConfig,
    FilesystemConfig,
    FrameworkConfig,
    GrpcConfig,
    GrpcTlsConfig,
    NetworkConfig,
    ProjectConfig,
    SecurityConfig,
    SidecarConfig,
    TlsServerConfig,
    VolumeConfig,
)
from codemode.config.sidecar_config import GONE_VARIABLES, VARIABLES

NO_CALLBACKS = "tool calls come back on the connection that the client opens; remove it"
LEGACY: dict[str, Any] = {
    "project": {"name": "shop"},
    "framework": {"type": "CrewAI", "verbose": True},
    "executor": {"url": "http://executor:8001/", "api_key": "key"},
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(name for name in os.environ if name.startswith("CODEMODE_")), *GONE_VARIABLES]:
        monkeypatch.delenv(name, raising=False)


def test_every_class_is_exported() -> None:
    for name in codemode.config.__all__:
        assert getattr(codemode.config, name).__name__ == name
    assert set(codemode.config.__all__) <= set(dir(codemode.config))
    with pytest.raises(AttributeError, match=r"^module 'codemode.config' has no attribute 'Nothing'$"):
        _ = codemode.config.Nothing


def test_defaults_of_a_sidecar() -> None:
    assert SidecarConfig().to_dict() == {
        "port": 8001,
        "host": "0.0.0.0",
        "listen": None,
        "main_app_grpc_target": "localhost:50051",
        "api_key": None,
        "api_key_file": None,
        "python": None,
        "profile": "standard",
        "idle_workers": None,
        "capacity": None,
        "queue": None,
        "drain_delay": 0,
        "grace": 25,
        "limits": {
            "code_timeout": 30,
            "max_code_length": 50_000,
            "memory": 256 * 2**20,
            "cpu_time": 10,
            "output": 2**20,
            "tool_calls": 1000,
        },
        "security": {"allow_direct_execution": False, "allowed_commands": []},
        "tls": {
            "enabled": False,
            "mode": "system",
            "cert_file": None,
            "key_file": None,
            "ca_file": None,
            "require_client_auth": False,
        },
        "callback_tls": {"enabled": False, "ca_file": None, "client_cert": None, "client_key": None},
        "log_level": "INFO",
        "log_json": False,
    }


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "0.0.0.0:8001"),
        ({"host": "127.0.0.1", "port": 9001}, "127.0.0.1:9001"),
        ({"host": "::"}, "[::]:8001"),
        ({"host": "[::1]"}, "[::1]:8001"),
        ({"listen": "unix:/run/codemode.sock"}, "unix:/run/codemode.sock"),
    ],
)
def test_the_address(settings: dict[str, Any], address: str) -> None:
    assert SidecarConfig(**settings).get_grpc_address() == address


def test_every_living_variable_of_a_sidecar_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "SIDECAR_PORT": "9001",
        "SIDECAR_HOST": "127.0.0.1",
        "API_KEY": "env-key",
        "API_KEY_FILE": "/keys",
        "PYTHON": "/bin/python3",
        "JAIL_PROFILE": "max",
        "IDLE_WORKERS": "0",
        "CAPACITY": "2",
        "QUEUE": "3",
        "DRAIN_DELAY": "8",
        "GRACE": "4",
        "CODE_TIMEOUT": "60",
        "MAX_CODE_LENGTH": "20000",
        "LIMIT_MEMORY": "64MiB",
        "LIMIT_CPU_TIME": "5",
        "LIMIT_OUTPUT": "2k",
        "LIMIT_TOOL_CALLS": "6",
        "TLS_ENABLED": "yes",
        "TLS_MODE": "custom",
        "TLS_CERT_FILE": "c",
        "TLS_KEY_FILE": "k",
        "TLS_CA_FILE": "a",
        "TLS_REQUIRE_CLIENT_AUTH": "1",
        "LOG_LEVEL": "debug",
        "LOG_JSON": "on",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"CODEMODE_{name}", value)
    config = SidecarConfig.from_env()
    assert config == ConfigLoader.load_sidecar_config_from_env()
    assert config == SidecarConfig(
        port=9001,
        host="127.0.0.1",
        api_key="env-key",
        api_key_file="/keys",
        python="/bin/python3",
        profile="max",
        idle_workers=0,
        capacity=2,
        queue=3,
        drain_delay=8,
        grace=4,
        limits=ExecutionLimitsConfig(
            code_timeout=60, max_code_length=20_000, memory=64 * 2**20, cpu_time=5, output=2000, tool_calls=6
        ),
        tls=TlsServerConfig(
            enabled=True, mode="custom", cert_file="c", key_file="k", ca_file="a", require_client_auth=True
        ),
        log_level="DEBUG",
        log_json=True,
    )
    gone = {"MAIN_APP_TARGET", "ALLOW_DIRECT_EXECUTION", "ALLOWED_COMMANDS", "LISTEN"}
    gone |= {f"CALLBACK_TLS_{name}" for name in ("ENABLED", "CA_FILE", "CLIENT_CERT", "CLIENT_KEY")}
    assert {f"CODEMODE_{name}" for name in {*values, *gone}} == set(VARIABLES)


def test_listen_and_host_of_different_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "codemode-sidecar.yaml"
    path.write_text("listen: 127.0.0.1:1\n")
    monkeypatch.setenv("CODEMODE_SIDECAR_PORT", "9")
    assert ConfigLoader.load_sidecar_config(path).get_grpc_address() == "0.0.0.0:9"
    monkeypatch.delenv("CODEMODE_SIDECAR_PORT")
    monkeypatch.setenv("CODEMODE_LISTEN", "127.0.0.1:2")
    path.write_text("host: 10.0.0.1\nport: 3\n")
    assert ConfigLoader.load_sidecar_config(path).get_grpc_address() == "127.0.0.1:2"


def test_a_certificate_turns_tls_on() -> None:
    assert TlsServerConfig(cert_file="c", key_file="k").enabled
    assert not TlsServerConfig(cert_file="c", key_file="k", enabled=False).enabled
    for settings in (
        {"ca_file": "a"},
        {"cert_file": "c"},
        {"require_client_auth": True},
        {"enabled": True},
        {"enabled": True, "mode": "custom", "key_file": "k"},
    ):
        with pytest.raises(ValueError, match="enabled needs cert_file and key_file"):
            TlsServerConfig(**settings)


# === what is gone ===


def warned(call: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(warning.category is ConfigWarning for warning in caught)
    assert {warning.filename for warning in caught} <= {__file__}
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("call", "keys"),
    [
        (lambda: SidecarConfig(main_app_grpc_target="app:1"), ["main_app_grpc_target"]),
        (lambda: SidecarConfig(main_app_grpc_target="localhost:50051"), []),
        (lambda: SecurityConfig(allow_direct_execution=True), ["security.allow_direct_execution"]),
        (lambda: SidecarConfig(security=SecurityConfig(allowed_commands=["ls"])), ["security.allowed_commands"]),
        (lambda: CallbackTlsConfig(enabled=True), ["callback_tls.enabled"]),
        (lambda: CallbackTlsConfig(enabled=False, ca_file=""), []),
        (
            lambda: ConfigLoader.load_sidecar_config_from_dict(
                {"callback_tls": {"client_cert": "c", "client_key": "k"}}
            ),
            ["callback_tls.client_cert", "callback_tls.client_key"],
        ),
        (
            lambda: NetworkConfig(mode="all", allowed_domains=["a"]),
            ["executor.network.mode", "executor.network.allowed_domains"],
        ),
        (lambda: ExecutionConfig(allowed_commands=["ls"]), ["executor.execution.allowed_commands"]),
        (lambda: ExecutorConfig(url="http://a:1", api_key="k", filesystem=FilesystemConfig()), ["executor.filesystem"]),
        (lambda: FilesystemConfig(workspace=VolumeConfig(mount="a")), []),
        (lambda: GrpcConfig(tool_service_url="app:1"), ["grpc.tool_service_url"]),
        (lambda: GrpcTlsConfig(cert_file="c", key_file="k"), ["grpc.tls.cert_file", "grpc.tls.key_file"]),
        (lambda: FrameworkConfig(type="crewai", auto_discover=True), ["framework.auto_discover"]),
    ],
)
def test_a_gone_setting_warns_where_it_differs_from_its_default(call: Callable[[], object], keys: list[str]) -> None:
    messages = warned(call)
    assert [message.partition(" has no effect: ")[0] for message in messages] == keys
    assert all(message.partition(" has no effect: ")[2] for message in messages)


def test_the_origin_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEMODE_MAIN_APP_TARGET", "app:50051")
    monkeypatch.setenv("CODEMODE_METADATA_TTL", "5")
    monkeypatch.setenv("CODEMODE_GRPC_TLS_ENABLED", "False")
    assert warned(SidecarConfig.from_env) == [
        f"CODEMODE_MAIN_APP_TARGET has no effect: {NO_CALLBACKS}",
        "CODEMODE_METADATA_TTL has no effect: tools travel with each execution, so nothing is cached; remove it",
    ]
    monkeypatch.delenv("CODEMODE_METADATA_TTL")
    monkeypatch.delenv("CODEMODE_MAIN_APP_TARGET")
    path = tmp_path / "codemode-sidecar.yaml"
    path.write_text("main_app_grpc_target: app:50051\n")
    assert warned(lambda: ConfigLoader.load_sidecar_config(path)) == [
        f"`{path}`: main_app_grpc_target has no effect: {NO_CALLBACKS}"
    ]


def test_gone_settings_keep_their_types() -> None:
    with pytest.warns(ConfigWarning):
        config = SidecarConfig.model_validate(
            {
                "main_app_grpc_target": "app:1",
                "security": {"allow_direct_execution": "yes", "allowed_commands": "ls, cat"},
            }
        )
    assert config.main_app_grpc_target == "app:1"
    assert config.security.allow_direct_execution is True
    assert config.security.allowed_commands == ["ls", "cat"]
    with pytest.raises(ValueError, match="must be in host:port format"):
        SidecarConfig(main_app_grpc_target="app")


# === the older application's ===


def test_defaults_of_a_legacy_configuration() -> None:
    config = ConfigLoader.load_dict(LEGACY)
    assert config.project == ProjectConfig(name="shop", version="1.0.0")
    assert (config.framework.type, config.framework.model_extra) == ("crewai", {"verbose": True})
    assert (config.executor.url, config.executor.timeout) == ("http://executor:8001", 35)
    assert config.executor.limits == ExecutorLimitsConfig(code_timeout=30, max_code_length=50_000, memory_limit="512Mi")
    assert (config.executor.filesystem, config.executor.network) == (None, NetworkConfig())
    assert (config.grpc, config.config, config.logging) == (GrpcConfig(), {}, {"level": "INFO"})
    assert config.get_tool_names() == []
    assert repr(config) == "CodemodeConfig(project='shop', framework='crewai', executor='http://executor:8001')"


def test_the_memory_of_a_legacy_configuration_counts_where_it_is_given() -> None:
    assert ExecutorLimitsConfig().memory_bytes() is None
    assert ExecutorLimitsConfig(memory_limit="512Mi").memory_bytes() == 512 * 2**20
    with pytest.raises(ValueError, match="must be a size such as 256MiB"):
        ExecutorLimitsConfig(memory_limit="lots")


def test_variables_beat_a_legacy_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "codemode.yaml"
    path.write_text(
        "project: {name: '${PROJECT:-shop}'}\nframework: {type: langchain}\nexecutor: {url: 'http://a:1', api_key: k}\n"
    )
    monkeypatch.setenv("CODEMODE_EXECUTOR_TIMEOUT", "7")
    monkeypatch.setenv("CODEMODE_EXECUTOR_URL", "http://b:1")
    config = ConfigLoader.load(path)
    assert (config.project.name, config.executor.url, config.executor.timeout) == ("shop", "http://b:1", 7)
    assert isinstance(config, CodemodeConfig)


def test_variables_beat_a_file_and_not_a_dict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "codemode-client.yaml"
    path.write_text("executor_url: http://a:1\nexecutor_api_key: k\nretry: {max_attempts: 2, backoff_base_ms: 20}\n")
    monkeypatch.setenv("CODEMODE_EXECUTOR_URL", "http://b:1")
    monkeypatch.setenv("CODEMODE_RETRY_MAX_ATTEMPTS", "5")
    config = ConfigLoader.load_client_config(path)
    assert (config.executor_url, config.retry.max_attempts, config.retry.backoff_base_ms) == ("http://b:1", 5, 20)
    config = ConfigLoader.load_client_config_from_dict({"executor_url": "http://a:1", "executor_api_key": "k"})
    assert config == ClientConfig(executor_url="http://a:1", executor_api_key="k")


@pytest.mark.parametrize(
    ("text", "environment", "value"),
    [
        ("${A}", {"A": "x"}, "x"),
        ("${ A }-${B:- d }", {"A": "x"}, "x-d"),
        ("${A:-d}", {"A": ""}, "d"),
        ("${A:-}x", {}, "x"),
        ("${A}x", {"A": ""}, "x"),
        ("${A}", {"A": "${B}"}, "${B}"),
        ("$A {B} $$", {}, "$A {B} $$"),
    ],
)
def test_references(monkeypatch: pytest.MonkeyPatch, text: str, environment: dict[str, str], value: str) -> None:
    for name in ("A", "B"):
        monkeypatch.delenv(name, raising=False)
    for name, content in environment.items():
        monkeypatch.setenv(name, content)
    config = ConfigLoader.load_dict({**LEGACY, "config": {"list": [{"key": text}], "number": 1}})
    assert config.config == {"list": [{"key": value}], "number": 1}
