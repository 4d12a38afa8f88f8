"""What a `Codemode` does where its caller says nothing: as its configuration, new or legacy, or its client has it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from codemode.core.names import described
from codemode.core.results import shortened

if TYPE_CHECKING:
    from codemode.config import ClientConfig, CodemodeConfig
    from codemode.core.codemode import Codemode
    from codemode.core.models import ExecutionResult, LimitOptions

MARGIN = 5.0
"""Seconds of a request that are left for the connection and the queue, next to the program."""


def timeout(codemode: Codemode) -> float:
    """Seconds for a whole request."""
    if codemode.client_config is not None:
        return codemode.client_config.executor_timeout
    return codemode.config.executor.timeout if codemode.config is not None else codemode.executor_client.timeout


def execution_timeout(codemode: Codemode) -> float:
    """Seconds that a program may run."""
    if codemode.config is not None:
        return codemode.config.executor.limits.code_timeout
    # 30 of the default 35 s, and the same share of shorter ones.
    whole = timeout(codemode)
    return whole - min(MARGIN, whole / 7)


def max_code_length(codemode: Codemode) -> int | None:
    """Characters of a program; None for the executor's limit."""
    if codemode.client_config is not None:
        return codemode.client_config.max_code_length
    return codemode.config.executor.limits.max_code_length if codemode.config is not None else None


def limits(codemode: Codemode, asked: LimitOptions | None) -> LimitOptions | None:
    """The limits that are asked for, and the memory of a legacy configuration."""
    memory = codemode.config.executor.limits.memory_bytes() if codemode.config is not None else None
    return asked if memory is None else {"memory": memory, **(asked or {})}


def tool_options(codemode: Codemode) -> dict[str, Any]:
    """What a framework's tool is made with. A time that is None it looks up in the registry's configuration later."""
    legacy = codemode.config.executor.limits.code_timeout if codemode.config is not None else None
    length = codemode.registry.get_config("max_code_length", max_code_length(codemode))
    return {"execution_timeout": legacy, "max_code_length": length}


def check(config: Any, registry: Any, client_config: Any) -> None:
    """Raises ``ValueError`` where an argument is of another type: they are often passed by position."""
    for name, value, attribute, kind in (
        ("config", config, "executor", "a CodemodeConfig"),
        ("registry", registry, "get_tool_registrations", "a ComponentRegistry"),
        ("client_config", client_config, "executor_url", "a ClientConfig"),
    ):
        if value is not None and not hasattr(value, attribute):
            raise ValueError(f"{name} must be {kind}, not {described(value)}")


def client_options(config: CodemodeConfig | None, client_config: ClientConfig | None) -> dict[str, Any]:
    """What an `ExecutorClient` is made with by a configuration; one of the two is given."""
    if client_config is None:
        assert config is not None
        executor = config.executor
        return {
            "executor_url": executor.url,
            "api_key": executor.api_key,
            "timeout": executor.timeout,
            "tls_config": config.grpc.tls,
        }
    return {
        "executor_url": client_config.executor_url,
        "api_key": client_config.executor_api_key,
        "timeout": client_config.executor_timeout,
        "tls_config": client_config.tls,
        "retry_enabled": client_config.retry.enabled,
        "retry_max_attempts": client_config.retry.max_attempts,
        "retry_backoff_base_ms": client_config.retry.backoff_base_ms,
        "retry_backoff_max_ms": client_config.retry.backoff_max_ms,
        "include_correlation_id": client_config.observability.include_correlation_id,
        "correlation_id_prefix": client_config.observability.correlation_id_prefix,
    }


def set_log_level(client_config: ClientConfig | None) -> None:
    """Sets the level of the package's loggers where the configuration names one; else it is the application's."""
    if client_config is not None and "log_level" in client_config.observability.model_fields_set:
        logging.getLogger("codemode").setLevel(client_config.observability.log_level)


def presented(codemode: Codemode, result: ExecutionResult) -> ExecutionResult:
    """The result as the configuration wants it: with a traceback of at most so many calls."""
    if result.success or codemode.client_config is None:
        return result
    return shortened(result, codemode.client_config.observability.traceback_limit)
