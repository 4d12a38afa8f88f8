"""A key is never shown: not by a repr, an error, a traceback, a log or a command, whatever else is wrong."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import string
import subprocess
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from codemode.cli import config_command
from codemode.config import ClientConfig, CodemodeConfig, ConfigLoader, ExecutorConfig, SidecarConfig
from codemode.config.loader import FILES, MODELS, inspect_file
from codemode.config.setting import Setting, settings_of
from codemode.core.executor_client import ExecutorClient
from codemode.core.local import find_executable

KEYS = st.text(string.ascii_letters + string.digits + "-_.:*&!{}[]'\"%@#|> é", min_size=12, max_size=40).map(
    lambda text: f"k3y{text}"
)
"""No message of ours or of pydantic's has such a text."""

WRONG: dict[str, list[dict[str, Any]]] = {
    "client": [
        {},
        {"executor_url": 7},
        {"executor_url": "http://a:1", "executor_timeout": "x", "unknown": 1},
        {"executor_url": "http://a:1", "retry": {"backoff_base_ms": 9000}, "tls": {"client_key_file": "x"}},
        {"executor_url": "http://a:1", "retry": [], "observability": {"log_level": "x"}},
    ],
    "sidecar": [
        {"port": 0},
        {"host": "a b", "listen": "x"},
        {"listen": "127.0.0.1:1", "port": 1},
        {"tls": {"enabled": True}, "limits": 3},
        {"main_app_grpc_target": "x"},
    ],
    "legacy": [{}, {"project": {"name": 1}, "framework": {"type": "x"}}],
}
PLACES: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "client": lambda rest, key: {**rest, "executor_api_key": key},
    "sidecar": lambda rest, key: {**rest, "api_key": key},
    "legacy": lambda rest, key: {**rest, "executor": {"url": "nowhere", "api_key": key, "wrong": 1}},
}


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def everything_said(error: BaseException) -> str:
    said = ["".join(traceback.format_exception(error))]
    for part in chain(error):
        said += [str(part), repr(part), repr(part.args)]
        errors = getattr(part, "errors", None)
        if callable(errors):
            said += [repr(errors()), part.json()]  # type: ignore[attr-defined]
    return "\n".join(said)


def failure(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("it should have been refused")


@pytest.mark.parametrize("kind", list(MODELS))
@settings(deadline=None, max_examples=60)
@given(key=KEYS, data=st.data())
def test_no_error_has_the_key(kind: str, key: str, data: st.DataObject) -> None:
    config = PLACES[kind](data.draw(st.sampled_from(WRONG[kind])), key)
    model = MODELS[kind]
    loaders = {
        "client": ConfigLoader.load_client_config_from_dict,
        "sidecar": ConfigLoader.load_sidecar_config_from_dict,
        "legacy": ConfigLoader.load_dict,
    }
    calls: list[Callable[[], object]] = [
        lambda: model(**config),
        lambda: model.model_validate(config),
        lambda: loaders[kind](config),
        lambda: model.model_validate_json(json.dumps(config)),
    ]
    for call in calls:
        assert key not in everything_said(failure(call))


@settings(deadline=None, max_examples=60)
@given(key=KEYS, wrong=st.sampled_from(["port: 0", "unknown: 1", "a: [", "b: *c", "d: !e f", "- g", "h: 1\nh: 2"]))
def test_no_error_of_a_file_has_the_key(tmp_path_factory: pytest.TempPathFactory, key: str, wrong: str) -> None:
    path = tmp_path_factory.mktemp("config") / "codemode-sidecar.yaml"
    # Not in quotes: the key is part of the file's grammar, as when somebody forgets them.
    for text in (
        f"api_key: {key}\n{wrong}\n",
        f"{key}\n{wrong}\n",
        f"api_key: '{key}\n{wrong}\n",
        f"{key}: 1\n{wrong}\n",
    ):
        path.write_text(text, encoding="utf-8")
        error = failure(lambda: ConfigLoader.load_sidecar_config(path))
        name_like = key.rstrip(": ").isascii() and all(letter.isalnum() or letter in "_.-" for letter in key)
        if text.startswith(key) and name_like:
            continue  # a key of the file that looks like a name is shown, so that a misspelling is found
        assert key.strip() not in everything_said(error)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=KEYS)
def test_no_error_of_the_environment_has_the_key(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with monkeypatch.context() as environment:
        for name in list(os.environ):
            if name.startswith("CODEMODE_"):
                environment.delenv(name)
        environment.setenv("CODEMODE_EXECUTOR_API_KEY", key)
        environment.setenv("CODEMODE_API_KEY", key)
        environment.setenv("CODEMODE_SIDECAR_PORT", key)
        environment.setenv("CODEMODE_TLS_ENABLED", key)
        for call in (ClientConfig.from_env, SidecarConfig.from_env):
            assert key not in everything_said(failure(call))


def configurations(key: str) -> list[BaseModel]:
    executor = ExecutorConfig(url="http://a:1", api_key=key)
    return [
        ClientConfig(executor_url="http://a:1", executor_api_key=key),
        SidecarConfig(api_key=key),
        executor,
        CodemodeConfig.model_validate(
            {
                "project": {"name": "a"},
                "framework": {"type": "crewai", "token": key},
                "executor": executor,
                "config": {"k": key},
            }
        ),
    ]


@settings(deadline=None)
@given(key=KEYS)
def test_no_repr_has_the_key_and_every_copy_does(key: str) -> None:
    for config in configurations(key):
        for copied in (config, pickle.loads(pickle.dumps(config)), copy.deepcopy(config), config.model_copy()):
            assert copied == config
            shown = [repr(copied), str(copied), f"{copied}", f"{copied!r:>10}", repr([copied]), repr({"a": copied})]
            shown += [repr(list(copied.__repr_args__())), "%r %s" % (copied, copied)]  # noqa: UP031
            assert not any(key in text for text in shown)
        assert repr(key) in repr(config.model_dump())


def test_dicts_have_the_key() -> None:
    assert ClientConfig(executor_url="http://a:1", executor_api_key="key").to_dict()["executor_api_key"] == "key"
    assert SidecarConfig(api_key="key").to_dict()["api_key"] == "key"


def test_no_command_prints_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = "k3y-very-secret"
    monkeypatch.setenv("CODEMODE_EXECUTOR_API_KEY", key)
    legacy = tmp_path / "codemode.yaml"
    legacy.write_text(
        f"project: {{name: a}}\nframework: {{type: crewai, token: {key}}}\n"
        f"executor: {{url: 'http://a:1', api_key: {key}}}\n"
        f"config: {{password: {key}}}\nlogging: {{token: {key}}}\n"
    )
    client = tmp_path / "codemode-client.yaml"
    client.write_text(f"executor_url: ${{{key}}}\nexecutor_timeout: {key}\n")
    for kind, path, status in (("legacy", legacy, 0), ("client", client, 64)):
        for flag in ("--json", "--validate"):
            assert config_command.main([kind, "--file", str(path), flag]) == status
        assert config_command.main([kind, "--file", str(path)]) == status
    out, err = capfd.readouterr()
    assert "********" in out
    assert "executor_timeout: must be an integer" in err
    assert all(key not in text for text in (out, err, caplog.text))


GOOD: dict[str, dict[str, Any]] = {
    "client": {"executor_url": "http://a:1", "executor_api_key": "k"},
    "sidecar": {},
    "legacy": {
        "project": {"name": "a"},
        "framework": {"type": "crewai"},
        "executor": {"url": "http://a:1", "api_key": "k"},
    },
}
ANYWHERE = [(kind, setting) for kind, model in MODELS.items() for setting in settings_of(model)]
FORMS: dict[str, Callable[[str], Any]] = {
    "text": lambda secret: secret,
    "url": lambda secret: f"https://user:{secret}@host:1/",
    "user": lambda secret: f"user:{secret}@host:1",
    "scheme": lambda secret: f"ftp://{secret}@host",
    "list": lambda secret: [secret],
    "mapping": lambda secret: {secret: secret},
    "reference": lambda secret: "${" + secret + "}",
}


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    config_command.main(arguments)
    captured = capsys.readouterr()
    return captured.out + captured.err


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(ANYWHERE),
    form=st.sampled_from(list(FORMS)),
    tail=st.text(string.ascii_letters + string.digits + "-_.:@/", max_size=20),
    native=st.integers(0, 19).map(lambda number: number == 0),
)
def test_a_secret_in_the_wrong_place_is_said_by_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: tuple[str, Setting],
    form: str,
    tail: str,
    native: bool,
) -> None:
    kind, setting = place
    secret = f"s3cret/{tail}+"  # looks like no name
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("CODEMODE_") and name != "CODEMODE_EXECUTABLE":
            monkeypatch.delenv(name)
    data = copy.deepcopy(GOOD[kind])
    section = data
    for name in setting.path[:-1]:
        section = section.setdefault(name, {})
    section[setting.path[-1]] = FORMS[form](secret)
    path = tmp_path / FILES[kind]
    path.write_text(json.dumps(data))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = inspect_file(path, kind)
        texts = [str(warning.message) for warning in caught] + list(found.warnings) + [str(one) for one in found.faults]
        texts += [run_command(capsys, kind, "--file", str(path), "--validate")]
        shown = [run_command(capsys, kind, "--file", str(path), *flags) for flags in ([], ["--json"])]
        if found.faults:
            loaders = {"client": ConfigLoader.load_client_config, "sidecar": ConfigLoader.load_sidecar_config}
            texts.append(everything_said(failure(lambda: loaders.get(kind, ConfigLoader.load)(path))))
            with suppress(AssertionError):  # a reference is text to the model itself
                texts.append(everything_said(failure(lambda: MODELS[kind].model_validate(data))))
        if setting.variable is not None and form == "url":
            monkeypatch.setenv(setting.variable, str(FORMS[form](secret)))
            try:
                MODELS[kind].from_env()  # type: ignore[attr-defined]
            except (ValueError, AttributeError) as error:
                texts.append(everything_said(error))
            monkeypatch.delenv(setting.variable)
    if native and kind == "sidecar":
        for command in (["config", "sidecar", "-c"], ["config", "--json", "--file"], ["validate", "-c"]):
            ended = subprocess.run(
                [find_executable(), *command, str(path)], capture_output=True, text=True, check=False
            )
            (shown if command[0] == "config" else texts).append(ended.stdout + ended.stderr)
    assert not any(secret in text for text in texts)
    entry = next(entry for entry in found.settings if entry.setting.key == setting.key)
    accepted = not entry.invalid and form in ("text", "list")
    assert accepted or not any(secret in text for text in shown)


@settings(deadline=None)
@given(
    tail=st.text(string.ascii_letters + string.digits + "-_.:@/", max_size=20),
    url=st.sampled_from(["http://u:{}@h:1", "ftp://u:{}@h", "u:{}@h", "unix:{}@h", "https://{}@", "{}@"]),
)
def test_no_error_of_a_client_has_the_user_of_its_url(tail: str, url: str) -> None:
    secret = f"s3cret/{tail}+"
    assert secret not in everything_said(failure(lambda: ExecutorClient(url.format(secret), "k")))
