"""What is wrong with a configuration is said in full: the key or variable, its origin, what it must be; all at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from codemode.config import ClientConfig, ConfigLoader, ConfigLoadError, RetryConfig, SidecarConfig
from codemode.config.loader import MODELS

KEY = "a-very-secret-key"
HEAD = f"executor_url: http://localhost:1\nexecutor_api_key: {KEY}\n"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CODEMODE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "codemode-client.yaml"


def refusal(file: Path, text: str | bytes) -> str:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigLoadError) as raised:
        ConfigLoader.load_client_config(file)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("executor_timeout: soon", "executor_timeout: must be an integer"),
        ("executor_timeout: true", "executor_timeout: must be an integer"),
        ("executor_timeout: 35.5", "executor_timeout: must be an integer"),
        ("executor_timeout:", "executor_timeout: must be an integer"),
        ("executor_timeout: 601", "executor_timeout: must be at most 600"),
        ("max_code_length: 99", "max_code_length: must be at least 100"),
        ("max_code_length: 100001", "max_code_length: must be at most 100,000"),
        ("retry: 3", "retry: must be a mapping of settings"),
        ("retry:", "retry: must be a mapping of settings"),
        ("retry: {max_atempts: 3}", "retry.max_atempts: unknown key (did you mean `max_attempts`?)"),
        ("max_attempts: 3", "max_attempts: unknown key (did you mean `retry.max_attempts`?)"),
        ("exekutor_timeout: 3", "exekutor_timeout: unknown key (did you mean `executor_timeout`?)"),
        ("colour: red", "colour: unknown key"),
        ("1: red", "1: unknown key"),
        (f"'{KEY}:': red", "(a key of 18 characters): unknown key"),
        (
            "retry: {backoff_base_ms: 200, backoff_max_ms: 100}",
            "retry: backoff_base_ms must not be above backoff_max_ms",
        ),
        ("retry: {enabled: maybe}", "retry.enabled: must be true or false (or 1/0, yes/no, on/off)"),
        ("tls: {mode: none}", "tls.mode: must be `system` or `custom`"),
        ("tls: {enabled: true, mode: custom}", "tls: mode `custom` needs ca_file"),
        ("tls: {client_key_file: k}", "tls: client_cert_file and client_key_file must be given together"),
        ("tls: {ca_file: 1}", "tls.ca_file: must be text (put it in quotes)"),
        (
            "observability: {log_level: loud}",
            "observability.log_level: must be `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`",
        ),
        (
            "observability: {correlation_id_prefix: nine-long}",
            "observability.correlation_id_prefix: must have at most 8 characters",
        ),
        ("observability: {correlation_id_prefix: ''}", "observability.correlation_id_prefix: must not be empty"),
        ("observability: {correlation_id_prefix: é}", "observability.correlation_id_prefix: must be printable ASCII"),
        (
            "tls: {ca_file: '${A-b}'}",
            "tls.ca_file: `${` must begin a reference such as ${VAR} or ${VAR:-default}",
        ),
        ("tls: {ca_file: '${NOT_SET}'}", "tls.ca_file: environment variable NOT_SET is not set"),
    ],
)
def test_a_wrong_setting(file: Path, text: str, message: str) -> None:
    assert refusal(file, f"{HEAD}{text}\n") == f"`{file}`: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "executor_url: localhost:1",
            "executor_url: must start with http://, https://, grpc://, grpcs://, "
            "dns+http://, dns+https://, dns:// or be unix:/path",
        ),
        (
            "executor_url: http://",
            "executor_url: must start with http://, https://, grpc://, grpcs://, "
            "dns+http://, dns+https://, dns:// or be unix:/path",
        ),
        (
            "executor_url: http://me:pass@localhost:1",
            "executor_url: must not hold a user or a password; the key is executor_api_key",
        ),
        ("executor_api_key: x", "executor_url: is required: set it in the file, or set CODEMODE_EXECUTOR_URL"),
    ],
)
def test_a_wrong_url(file: Path, text: str, message: str) -> None:
    key = "" if "executor_api_key" in text else f"executor_api_key: {KEY}\n"
    assert refusal(file, f"{key}{text}\n") == f"`{file}`: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("- a\n", "must be a mapping of settings"),
        (KEY, "must be a mapping of settings"),
        ("a: [", "not YAML: line 1, column 5: expected the node content, but found …"),
        (f"a: *{KEY}", "not YAML: line 1: an alias without its anchor before it"),
        (f"a: '{KEY}", f"not YAML: line 1, column {len(KEY) + 5}: found unexpected end of stream"),
        (f"a: x\n{KEY}\nb: y", "not YAML: line 3, column 1: could not find expected ':'"),
        (f"a: !{KEY} x", "line 1: tags (`!…`) are not supported: put text in quotes instead"),
        ("a: !!python/object:os.system x", "line 1: tags (`!…`) are not supported: put text in quotes instead"),
        (f"{HEAD}executor_api_key: other\n", "line 3: the key `executor_api_key` is given twice"),
        (f"{HEAD}retry: {{enabled: 1, enabled: 0}}\n", "line 3: the key `enabled` is given twice"),
        ("? [a]\n: b\n", "line 1: a key must be text"),
        ("a: 1\n---\nb: 2\n", "not YAML: line 2, column 1: but found another document"),
        ("a: 2020-13-45\n", "not YAML: a date or a number that is out of range"),
        (f"a: {'1' * 5000}\n", "not YAML: a date or a number that is out of range"),
        (f"a: x\x07{KEY}\n", "not YAML: special characters are not allowed"),
        ("a: &a [*a]\n", "not YAML: line 1: an alias without its anchor before it"),
        (f"a: {'[' * 40}{']' * 40}\n", "line 1: is nested deeper than 32 levels"),
        (f"a: {'[' * 100_000}\n", "line 1: is nested deeper than 32 levels"),
        (b"\xff\xfea\x00", "is not text in UTF-8"),
        (b"# " + b"x" * 10_000_000, "is larger than 1 MiB"),
        (
            "".join(f"k{index}: 1\n" for index in range(10_000)),
            "line 5000: has more than 10,000 values, its aliases expanded",
        ),
    ],
)
def test_a_file_that_is_no_configuration(file: Path, text: str | bytes, message: str) -> None:
    assert refusal(file, text) == f"`{file}`: {message}"


def test_aliases_that_expand_without_end_are_refused_before_they_do(file: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 20)]
    assert refusal(file, "\n".join(lines)) == f"`{file}`: line 5: has more than 10,000 values, its aliases expanded"


def test_a_few_aliases_and_a_byte_order_mark_are_fine(file: Path) -> None:
    file.write_text(f"\ufeff{HEAD}retry: &retry\n  max_attempts: 5\n", encoding="utf-8")
    assert ConfigLoader.load_client_config(file).retry.max_attempts == 5
    file.with_name("codemode.yaml").write_text(
        "project: {name: a}\nframework: {type: crewai}\nexecutor: {url: 'http://localhost:1', api_key: k}\n"
        "config:\n  base: &base {a: 1, b: 2}\n  more: {<<: *base, b: 3}\n"
    )
    config = ConfigLoader.load(file.with_name("codemode.yaml"))
    assert config.config == {"base": {"a": 1, "b": 2}, "more": {"a": 1, "b": 3}}


def test_a_file_that_cannot_be_read(file: Path) -> None:
    for load in (ConfigLoader.load, ConfigLoader.load_client_config, ConfigLoader.load_sidecar_config):
        with pytest.raises(FileNotFoundError) as absent:
            load(file)
        assert str(absent.value) == f"no configuration file `{file}`"
        with pytest.raises(ConfigLoadError) as folder:
            load(file.parent)
        assert str(folder.value) == f"`{file.parent}`: cannot be read: is a directory"


def test_every_fault_is_reported_at_its_origin(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEMODE_RETRY_ENABLED", "maybe")
    monkeypatch.setenv("CODEMODE_RETRY_MAX_ATTEMPTS", "3")
    text = f"executor_api_key: {KEY}\nexecutor_timeout: 0\nretry: {{max_attempts: 99, max: 1}}\n"
    text += "tls: {ca_file: '${NONE}'}\n"
    assert refusal(file, text).splitlines() == [
        f"`{file}`: tls.ca_file: environment variable NONE is not set",
        f"`{file}`: executor_url: is required: set it in the file, or set CODEMODE_EXECUTOR_URL",
        f"`{file}`: executor_timeout: must be at least 1",
        "CODEMODE_RETRY_ENABLED: must be true or false (or 1/0, yes/no, on/off)",
        f"`{file}`: retry.max: unknown key",
    ]
    with pytest.raises(ConfigLoadError) as raised:
        ConfigLoader.load_client_config(file)
    assert len(raised.value.faults) == 5


def test_a_dict_has_no_origin() -> None:
    with pytest.raises(ConfigLoadError) as raised:
        ConfigLoader.load_client_config_from_dict({"executor_url": "x", "executor_timeout": "y"})
    assert str(raised.value).splitlines() == [
        "executor_url: must start with http://, https://, grpc://, grpcs://, "
        "dns+http://, dns+https://, dns:// or be unix:/path",
        "executor_api_key: is required",
        "executor_timeout: must be an integer",
    ]


def test_the_environment_names_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEMODE_EXECUTOR_URL", "nowhere")
    monkeypatch.setenv("CODEMODE_RETRY_ENABLED", "Maybe")
    monkeypatch.setenv("CODEMODE_TLS_CLIENT_KEY_FILE", "k")
    with pytest.raises(ValueError) as raised:
        ClientConfig.from_env()
    assert str(raised.value) == (
        "missing environment variables: CODEMODE_EXECUTOR_API_KEY\n"
        "invalid environment variables:\n"
        "CODEMODE_EXECUTOR_URL: must start with http://, https://, grpc://, grpcs://, "
        "dns+http://, dns+https://, dns:// or be unix:/path\n"
        "CODEMODE_RETRY_ENABLED: must be true or false (or 1/0, yes/no, on/off)\n"
        "CODEMODE_TLS_*: client_cert_file and client_key_file must be given together"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TRUE", True),
        ("1", True),
        ("Yes", True),
        ("on", True),
        ("False", False),
        ("0", False),
        ("NO", False),
        ("off", False),
    ],
)
def test_booleans_of_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("CODEMODE_LOG_JSON", text)
    assert SidecarConfig.from_env().log_json is value


@pytest.mark.parametrize("text", ["t", "2", "enabled", "y", "none"])
def test_nothing_else_is_a_boolean(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CODEMODE_TLS_REQUIRE_CLIENT_AUTH", text)
    with pytest.raises(ValueError) as raised:
        SidecarConfig.from_env()
    assert str(raised.value) == (
        "invalid environment variables:\n"
        "CODEMODE_TLS_REQUIRE_CLIENT_AUTH: must be true or false (or 1/0, yes/no, on/off)"
    )


def test_a_constructor_says_the_same() -> None:
    with pytest.raises(ValidationError) as raised:
        RetryConfig(max_atempts=3, enabled="t")  # type: ignore[call-arg, arg-type]
    assert str(raised.value) == (
        "2 validation errors for RetryConfig\n"
        "enabled\n  must be true or false (or 1/0, yes/no, on/off) [type=bool_parsing]\n"
        "max_atempts\n  unknown key (did you mean `max_attempts`?) [type=extra_forbidden]"
    )


@pytest.mark.parametrize("kind", list(MODELS))
def test_what_is_no_mapping_is_refused(kind: str) -> None:
    value: Any = ["x"]
    with pytest.raises(ValidationError, match="must be a mapping of settings"):
        MODELS[kind].model_validate(value)


def test_validate_config_file_takes_any_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = {
        "client.yaml": HEAD,
        "sidecar.yaml": "port: 1\n",
        "legacy.yaml": "project: {name: a}\nframework: {type: crewai}\nexecutor: {url: 'http://a:1', api_key: k}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        assert ConfigLoader.validate_config_file(tmp_path / name)
        (tmp_path / name).write_text(f"{text}unknown: 1\n")
        assert not ConfigLoader.validate_config_file(tmp_path / name)
    assert not ConfigLoader.validate_config_file(tmp_path / "absent.yaml")
    assert [record.getMessage() for record in caplog.records] == [
        *(f"`{tmp_path / name}`: unknown: unknown key" for name in texts),
        f"no configuration file `{tmp_path / 'absent.yaml'}`",
    ]


def test_a_legacy_file_names_nested_keys(tmp_path: Path) -> None:
    path = tmp_path / "codemode.yaml"
    path.write_text(
        "project: {}\nframework: {type: none}\n"
        "executor: {url: 'grpc://a:1', api_key: '', limits: {memory_limit: big}}\n"
    )
    with pytest.raises(ConfigLoadError) as raised:
        ConfigLoader.load(path)
    assert str(raised.value).splitlines() == [
        f"`{path}`: project.name: is required",
        f"`{path}`: framework.type: must be `crewai`, `google-adk`, `langchain`, `langgraph`",
        f"`{path}`: executor.url: must start with http:// or https://",
        f"`{path}`: executor.api_key: must not be empty",
        f"`{path}`: executor.limits.memory_limit: must be a size such as 256MiB",
    ]
    with pytest.raises(ConfigLoadError, match=r"^project: is required\nframework: is required\nexecutor: is required$"):
        ConfigLoader.load_dict({})
