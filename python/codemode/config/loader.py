"""Loads configuration files. ``${VAR}`` in a value is replaced by the environment variable, ``${VAR:-default}`` too.

PyYAML is imported only when a file is loaded.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codemode.config.client_config import ClientConfig
from codemode.core.errors import CodemodeError

_REFERENCE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class ConfigLoadError(CodemodeError):
    """A configuration that cannot be used: what is wrong, and in which file."""


class ConfigLoader:
    """Loads a `ClientConfig` from a file, a dict or the environment."""

    @classmethod
    def load_client_config(cls, config_path: str | Path) -> ClientConfig:
        """Loads ``codemode-client.yaml``.

        Raises:
            FileNotFoundError: There is no such file.
            ConfigLoadError: It is not YAML, a variable that it names is missing, or a setting is wrong.
        """
        path = Path(config_path)
        if not path.is_file():
            raise FileNotFoundError(f"no configuration file `{path}`")
        try:
            return cls.load_client_config_from_dict(_read(path))
        except ConfigLoadError as error:
            raise ConfigLoadError(f"`{path}`: {error}") from None

    @classmethod
    def load_client_config_from_dict(cls, config_dict: dict[str, Any]) -> ClientConfig:
        """Makes the configuration of a dict with the keys of the file. Raises `ConfigLoadError` where one is wrong."""
        try:
            return ClientConfig.model_validate(_substitute(config_dict))
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            lines = [f"{'.'.join(map(str, detail['loc'])) or 'file'}: {detail['msg']}" for detail in details]
            raise ConfigLoadError("\n".join(lines)) from None

    @classmethod
    def load_client_config_from_env(cls) -> ClientConfig:
        """As `ClientConfig.from_env`."""
        return ClientConfig.from_env()


def _read(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise ConfigLoadError("reading YAML needs PyYAML: pip install pyyaml") from None
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigLoadError(f"not YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigLoadError("must be a mapping of settings")
    return data


def _substitute(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _substitute(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(item) for item in value]
    return _REFERENCE.sub(_variable, value) if isinstance(value, str) else value


def _variable(match: re.Match[str]) -> str:
    name, default = match.group(1), match.group(2)
    value = os.environ.get(name) or default
    if value is None:
        raise ConfigLoadError(f"environment variable {name} is not set")
    return value
