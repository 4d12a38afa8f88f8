"""The configuration of a client: from Python, the environment, or ``codemode-client.yaml``. Loaded when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemode.config.client_config import ClientConfig as ClientConfig
    from codemode.config.client_config import ObservabilityConfig as ObservabilityConfig
    from codemode.config.client_config import RetryConfig as RetryConfig
    from codemode.config.client_config import TlsClientConfig as TlsClientConfig
    from codemode.config.loader import ConfigLoader as ConfigLoader
    from codemode.config.loader import ConfigLoadError as ConfigLoadError

_HOMES = {
    "ClientConfig": "codemode.config.client_config",
    "ConfigLoadError": "codemode.config.loader",
    "ConfigLoader": "codemode.config.loader",
    "ObservabilityConfig": "codemode.config.client_config",
    "RetryConfig": "codemode.config.client_config",
    "TlsClientConfig": "codemode.config.client_config",
}

__all__ = [
    "ClientConfig",
    "ConfigLoadError",
    "ConfigLoader",
    "ObservabilityConfig",
    "RetryConfig",
    "TlsClientConfig",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'codemode.config' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
