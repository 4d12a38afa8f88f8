"""`ClientConfig` from Python, the environment and YAML; what is secret stays so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codemode import Codemode
from codemode.config import ClientConfig, ConfigLoader, ConfigLoadError
from codemode.config.client_config import VARIABLES

URL, KEY = "http://localhost:8001", "very-secret"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def test_defaults() -> None:
    config = ClientConfig(executor_url=URL + "/", executor_api_key=KEY)
    assert config.to_dict() == {
        "executor_url": URL,
        "executor_api_key": KEY,
        "executor_timeout": 35,
        "max_code_length": 50_000,
        "retry": {"enabled": True, "max_attempts": 3, "backoff_base_ms": 100, "backoff_max_ms": 5000},
        "tls": {"enabled": False, "mode": "system", "ca_file": None, "client_cert_file": None, "client_key_file": None},
        "observability": {
            "log_level": "INFO",
            "include_correlation_id": True,
            "correlation_id_prefix": "cm",
            "traceback_limit": 5,
        },
    }


@pytest.mark.parametrize("url", ["http://a:1", "https://a:1", "grpc://a:1", "grpcs://a:1", "unix:/run/x.sock"])
def test_urls(url: str) -> None:
    assert ClientConfig(executor_url=url, executor_api_key=KEY).executor_url == url


@pytest.mark.parametrize(
    "settings",
    [
        {"executor_url": "executor:8001"},
        {"executor_url": "http://"},
        {"executor_api_key": ""},
        {"executor_timeout": 0},
        {"executor_timeout": 601},
        {"max_code_length": 99},
        {"retry": {"max_attempts": 11}},
        {"retry": {"backoff_base_ms": 6000}},
        {"tls": {"client_cert_file": "a"}},
        {"tls": {"enabled": True, "mode": "custom"}},
        {"observability": {"log_level": "LOUD"}},
        {"observability": {"correlation_id_prefix": "nine-long"}},
        {"unknown": 1},
    ],
)
def test_wrong_settings_are_refused_without_the_key(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as raised:
        ClientConfig(**{"executor_url": URL, "executor_api_key": KEY, **settings})
    assert KEY not in str(raised.value)


def test_the_key_is_a_str_that_is_never_shown() -> None:
    config = ClientConfig(executor_url=URL, executor_api_key=KEY)
    assert config.executor_api_key == KEY
    for shown in (repr(config), str(config), f"{config}", repr(Codemode(client_config=config))):
        assert KEY not in shown
    assert "executor_api_key='**********'" in repr(config)


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "EXECUTOR_URL": URL,
        "EXECUTOR_API_KEY": KEY,
        "EXECUTOR_TIMEOUT": "60",
        "MAX_CODE_LENGTH": "1000",
        "RETRY_ENABLED": "no",
        "RETRY_MAX_ATTEMPTS": "5",
        "RETRY_BACKOFF_BASE_MS": "200",
        "RETRY_BACKOFF_MAX_MS": "300",
        "LOG_LEVEL": "debug",
        "INCLUDE_CORRELATION_ID": "0",
        "CORRELATION_ID_PREFIX": "app",
        "TRACEBACK_LIMIT": "",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"CODEMODE_{name}", value)
    config = ClientConfig.from_env()
    assert config == ClientConfig(
        executor_url=URL,
        executor_api_key=KEY,
        executor_timeout=60,
        max_code_length=1000,
        retry={"enabled": False, "max_attempts": 5, "backoff_base_ms": 200, "backoff_max_ms": 300},  # type: ignore[arg-type]
        observability={"log_level": "DEBUG", "include_correlation_id": False, "correlation_id_prefix": "app"},  # type: ignore[arg-type]
    )
    assert Codemode.from_env().executor_client.timeout == 60


def test_missing_and_wrong_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError) as raised:
        Codemode.from_env()
    assert str(raised.value) == "missing environment variables: CODEMODE_EXECUTOR_URL, CODEMODE_EXECUTOR_API_KEY"
    monkeypatch.setenv("CODEMODE_EXECUTOR_API_KEY", KEY)
    with pytest.raises(ValueError, match=r"^missing environment variables: CODEMODE_EXECUTOR_URL$"):
        Codemode.from_client_config()
    monkeypatch.setenv("CODEMODE_EXECUTOR_URL", URL)
    monkeypatch.setenv("CODEMODE_RETRY_MAX_ATTEMPTS", "many")
    monkeypatch.setenv("CODEMODE_EXECUTOR_TIMEOUT", "0")
    with pytest.raises(ValueError) as raised:
        ClientConfig.from_env()
    assert str(raised.value) == (
        "invalid environment variables:\n"
        "CODEMODE_EXECUTOR_TIMEOUT: must be at least 1\n"
        "CODEMODE_RETRY_MAX_ATTEMPTS: must be an integer"
    )


def test_a_file_with_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    path = tmp_path / "codemode-client.yaml"
    path.write_text(
        "executor_url: ${MY_URL:-http://localhost:8001}\nexecutor_api_key: ${MY_KEY}\nretry:\n  max_attempts: 5\n"
    )
    codemode = Codemode.from_client_config(config_path=path)
    assert codemode.client_config is not None
    assert codemode.client_config.executor_api_key == KEY
    assert codemode.client_config.retry.max_attempts == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "executor_url: ${NOT_SET}\nexecutor_api_key: very-secret\n",
            "executor_url: environment variable NOT_SET is not set",
        ),
        ("- a\n", "must be a mapping of settings"),
        ("executor_url: http://a:1\nexecutor_api_key: very-secret\nretries: 1\n", "retries: unknown key"),
        ("a: [", "not YAML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "client.yaml"
    path.write_text(text)
    with pytest.raises(ConfigLoadError) as raised:
        ConfigLoader.load_client_config(path)
    assert str(raised.value).startswith(f"`{path}`: {message}")
    assert KEY not in str(raised.value)
    with pytest.raises(FileNotFoundError, match="no configuration file"):
        ConfigLoader.load_client_config(tmp_path / "absent.yaml")


def test_a_program_that_is_too_long_is_rejected_unsent() -> None:
    codemode = Codemode(client_config=ClientConfig(executor_url=URL, executor_api_key=KEY, max_code_length=100))
    result = codemode.run("#" * 101)
    assert (result.outcome, result.error) == (
        "rejected",
        "CodeTooLong: the program has 101 characters; `max_code_length` is 100",
    )
