"""Configurations: from Python, the environment, or YAML files. Each class is loaded when it is first used.

`ClientConfig` is an application's (``codemode-client.yaml``), `SidecarConfig` an executor's
(``codemode-sidecar.yaml``), `CodemodeConfig` that of an older application (``codemode.yaml``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemode.config.client_config import ClientConfig as ClientConfig
    from codemode.config.client_config import ObservabilityConfig as ObservabilityConfig
    from codemode.config.client_config import RetryConfig as RetryConfig
    from codemode.config.client_config import TlsClientConfig as TlsClientConfig
    from codemode.config.loader import ConfigLoader as ConfigLoader
    from codemode.config.loader import ConfigLoadError as ConfigLoadError
    from codemode.config.models import CodemodeConfig as CodemodeConfig
    from codemode.config.models import ExecutionConfig as ExecutionConfig
    from codemode.config.models import ExecutorConfig as ExecutorConfig
    from codemode.config.models import ExecutorLimitsConfig as ExecutorLimitsConfig
    from codemode.config.models import FilesystemConfig as FilesystemConfig
    from codemode.config.models import FrameworkConfig as FrameworkConfig
    from codemode.config.models import GrpcConfig as GrpcConfig
    from codemode.config.models import GrpcTlsConfig as GrpcTlsConfig
    from codemode.config.models import NetworkConfig as NetworkConfig
    from codemode.config.models import ProjectConfig as ProjectConfig
    from codemode.config.models import VolumeConfig as VolumeConfig
    from codemode.config.section import ConfigWarning as ConfigWarning
    from codemode.config.sidecar_config import CallbackTlsConfig as CallbackTlsConfig
    from codemode.config.sidecar_config import ExecutionLimitsConfig as ExecutionLimitsConfig
    from codemode.config.sidecar_config import SecurityConfig as SecurityConfig
    from codemode.config.sidecar_config import SidecarConfig as SidecarConfig
    from codemode.config.sidecar_config import TlsServerConfig as TlsServerConfig

_HOMES = {
    "CallbackTlsConfig": "sidecar_config",
    "ClientConfig": "client_config",
    "CodemodeConfig": "models",
    "ConfigLoadError": "loader",
    "ConfigLoader": "loader",
    "ConfigWarning": "section",
    "ExecutionConfig": "models",
    "ExecutionLimitsConfig": "sidecar_config",
    "ExecutorConfig": "models",
    "ExecutorLimitsConfig": "models",
    "FilesystemConfig": "models",
    "FrameworkConfig": "models",
    "GrpcConfig": "models",
    "GrpcTlsConfig": "models",
    "NetworkConfig": "models",
    "ObservabilityConfig": "client_config",
    "ProjectConfig": "models",
    "RetryConfig": "client_config",
    "SecurityConfig": "sidecar_config",
    "SidecarConfig": "sidecar_config",
    "TlsClientConfig": "client_config",
    "TlsServerConfig": "sidecar_config",
    "VolumeConfig": "models",
}

__all__ = [
    "CallbackTlsConfig",
    "ClientConfig",
    "CodemodeConfig",
    "ConfigLoadError",
    "ConfigLoader",
    "ConfigWarning",
    "ExecutionConfig",
    "ExecutionLimitsConfig",
    "ExecutorConfig",
    "ExecutorLimitsConfig",
    "FilesystemConfig",
    "FrameworkConfig",
    "GrpcConfig",
    "GrpcTlsConfig",
    "NetworkConfig",
    "ObservabilityConfig",
    "ProjectConfig",
    "RetryConfig",
    "SecurityConfig",
    "SidecarConfig",
    "TlsClientConfig",
    "TlsServerConfig",
    "VolumeConfig",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'codemode.config' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"codemode.config.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
