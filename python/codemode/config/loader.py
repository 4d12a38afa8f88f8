"""`ConfigLoader`: configurations from files, dicts and the environment.

``${VAR}`` in a value of a file or dict is replaced by the environment variable, ``${VAR:-default}`` too. The variables
of the settings themselves, such as ``CODEMODE_EXECUTOR_URL``, beat a file; a dict is the application's own and stands.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codemode.config import yaml_file
from codemode.config.client_config import ClientConfig
from codemode.config.effective import Configuration, Effective, effective
from codemode.config.models import CodemodeConfig
from codemode.config.section import Section, warn
from codemode.config.sidecar_config import SidecarConfig
from codemode.core.errors import CodemodeError

MODELS: Mapping[str, type[Section]] = {"client": ClientConfig, "sidecar": SidecarConfig, "legacy": CodemodeConfig}
"""The kinds of configuration."""

FILES: Mapping[str, str] = {
    "client": "codemode-client.yaml",
    "sidecar": "codemode-sidecar.yaml",
    "legacy": "codemode.yaml",
}
"""The usual names of their files."""

_log = logging.getLogger(__name__)


class ConfigLoadError(CodemodeError):
    """A configuration that cannot be used: a line for each thing that is wrong, with its file or variable."""

    @property
    def faults(self) -> tuple[str, ...]:
        """The lines."""
        return tuple(str(self).splitlines())


class ConfigLoader:
    """Loads configurations."""

    @classmethod
    def load(cls, config_path: str | Path) -> CodemodeConfig:
        """Loads ``codemode.yaml``. Raises as `load_client_config`."""
        return _load_file(CodemodeConfig, config_path)

    @classmethod
    def load_dict(cls, config_dict: dict[str, Any]) -> CodemodeConfig:
        """Makes the configuration of a dict with the keys of ``codemode.yaml``. Raises `ConfigLoadError`."""
        return _load_dict(CodemodeConfig, config_dict)

    @classmethod
    def load_client_config(cls, config_path: str | Path) -> ClientConfig:
        """Loads ``codemode-client.yaml``.

        Raises:
            FileNotFoundError: There is no such file.
            ConfigLoadError: It is not YAML, a variable that it names is missing, or a setting is wrong.
        """
        return _load_file(ClientConfig, config_path)

    @classmethod
    def load_client_config_from_dict(cls, config_dict: dict[str, Any]) -> ClientConfig:
        """Makes the configuration of a dict with the keys of the file. Raises `ConfigLoadError`."""
        return _load_dict(ClientConfig, config_dict)

    @classmethod
    def load_client_config_from_env(cls) -> ClientConfig:
        """As `ClientConfig.from_env`."""
        return ClientConfig.from_env()

    @classmethod
    def load_sidecar_config(cls, config_path: str | Path) -> SidecarConfig:
        """Loads ``codemode-sidecar.yaml``. Raises as `load_client_config`."""
        return _load_file(SidecarConfig, config_path)

    @classmethod
    def load_sidecar_config_from_dict(cls, config_dict: dict[str, Any]) -> SidecarConfig:
        """Makes the configuration of a dict with the keys of the file. Raises `ConfigLoadError`."""
        return _load_dict(SidecarConfig, config_dict)

    @classmethod
    def load_sidecar_config_from_env(cls) -> SidecarConfig:
        """As `SidecarConfig.from_env`."""
        return SidecarConfig.from_env()

    @classmethod
    def validate_config_file(cls, config_path: str | Path) -> bool:
        """Whether a file of any of the three kinds is valid. Why it is not, is logged as an error."""
        try:
            found = inspect_file(Path(config_path))
        except (FileNotFoundError, ConfigLoadError) as error:
            _log.error("%s", error)
            return False
        for fault in found.faults:
            _log.error("%s", fault)
        return found.config is not None


def inspect_file(path: Path, kind: str | None = None) -> Effective[Section]:
    """What is in force with a file, faults included; its kind is told by its keys.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigLoadError: It cannot be read or is no mapping in YAML.
    """
    data = _read(path)
    return effective(MODELS[kind or kind_of(data, path)], data=data, path=path, environ=os.environ)


def kind_of(data: Mapping[Any, Any], path: Path) -> str:
    """The kind of configuration that has the most of these keys; where several have, the one with the file's name."""
    known = {kind: len(data.keys() & model.model_fields.keys()) for kind, model in MODELS.items()}
    most = max(known.values())
    kinds = [kind for kind in MODELS if known[kind] == most]
    named = [kind for kind in kinds if FILES[kind] == path.name]
    return (named or kinds)[0]


def _load_file(model: type[Configuration], config_path: str | Path) -> Configuration:
    path = Path(config_path)
    return _config_of(effective(model, data=_read(path), path=path, environ=os.environ))


def _load_dict(model: type[Configuration], config_dict: dict[str, Any]) -> Configuration:
    return _config_of(effective(model, data=config_dict))


def _config_of(found: Effective[Configuration]) -> Configuration:
    if found.config is None:
        raise ConfigLoadError("\n".join(map(str, found.faults)))
    for text in found.warnings:
        warn(text)
    return found.config


def _read(path: Path) -> dict[Any, Any]:
    try:
        return yaml_file.read(path)
    except yaml_file.UnreadableFileError as error:
        problem = f"`{path}`: {error}"
    raise ConfigLoadError(problem)
