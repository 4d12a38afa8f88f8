"""`ClientConfig`: where the executor is and how to talk to it.

The key is an ordinary ``str`` for those who read it and is never shown: not by ``repr``, not by an error. Environment
variables are named in `VARIABLES`, the only place; an error in one of them names it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

VARIABLES: Mapping[str, tuple[str, ...]] = {
    "CODEMODE_EXECUTOR_URL": ("executor_url",),
    "CODEMODE_EXECUTOR_API_KEY": ("executor_api_key",),
    "CODEMODE_EXECUTOR_TIMEOUT": ("executor_timeout",),
    "CODEMODE_MAX_CODE_LENGTH": ("max_code_length",),
    "CODEMODE_RETRY_ENABLED": ("retry", "enabled"),
    "CODEMODE_RETRY_MAX_ATTEMPTS": ("retry", "max_attempts"),
    "CODEMODE_RETRY_BACKOFF_BASE_MS": ("retry", "backoff_base_ms"),
    "CODEMODE_RETRY_BACKOFF_MAX_MS": ("retry", "backoff_max_ms"),
    "CODEMODE_TLS_ENABLED": ("tls", "enabled"),
    "CODEMODE_TLS_MODE": ("tls", "mode"),
    "CODEMODE_TLS_CA_FILE": ("tls", "ca_file"),
    "CODEMODE_TLS_CLIENT_CERT_FILE": ("tls", "client_cert_file"),
    "CODEMODE_TLS_CLIENT_KEY_FILE": ("tls", "client_key_file"),
    "CODEMODE_LOG_LEVEL": ("observability", "log_level"),
    "CODEMODE_INCLUDE_CORRELATION_ID": ("observability", "include_correlation_id"),
    "CODEMODE_CORRELATION_ID_PREFIX": ("observability", "correlation_id_prefix"),
    "CODEMODE_TRACEBACK_LIMIT": ("observability", "traceback_limit"),
}
"""The environment variables and the settings that they set."""

_REQUIRED = ("CODEMODE_EXECUTOR_URL", "CODEMODE_EXECUTOR_API_KEY")
_SCHEMES = ("http://", "https://", "grpc://", "grpcs://")


class _Strict(BaseModel):
    # Inputs may hold the key: errors must not quote them.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class RetryConfig(_Strict):
    """When a request is sent again that the executor did not accept."""

    enabled: bool = True
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    backoff_base_ms: Annotated[int, Field(ge=10, le=10_000)] = 100
    backoff_max_ms: Annotated[int, Field(ge=100, le=60_000)] = 5000

    @model_validator(mode="after")
    def validate_backoff_order(self) -> RetryConfig:
        """The base must not be above the maximum."""
        if self.backoff_base_ms > self.backoff_max_ms:
            raise ValueError("backoff_base_ms must not be above backoff_max_ms")
        return self


class TlsClientConfig(_Strict):
    """TLS to the executor. ``mode``: ``system`` for the system's authorities, ``custom`` for those of ``ca_file``."""

    enabled: bool = False
    mode: Literal["system", "custom"] = "system"
    ca_file: str | None = None
    client_cert_file: str | None = None
    client_key_file: str | None = None

    @model_validator(mode="after")
    def validate_tls_files(self) -> TlsClientConfig:
        """Certificate and key of the client come together, and a custom authority needs its file."""
        if (self.client_cert_file is None) != (self.client_key_file is None):
            raise ValueError("client_cert_file and client_key_file must be given together")
        if self.enabled and self.mode == "custom" and self.ca_file is None:
            raise ValueError("mode `custom` needs ca_file")
        return self


class ObservabilityConfig(_Strict):
    """Correlation ids and logs."""

    log_level: LogLevel = "INFO"
    include_correlation_id: bool = True
    correlation_id_prefix: Annotated[str, Field(min_length=1, max_length=8)] = "cm"
    traceback_limit: Annotated[int, Field(ge=0, le=50)] = 5

    @field_validator("log_level", mode="before")
    @classmethod
    def validate_log_level(cls, v: Any) -> Any:
        """Any case is accepted."""
        return v.upper() if isinstance(v, str) else v

    @field_validator("correlation_id_prefix")
    @classmethod
    def validate_prefix(cls, v: str) -> str:
        """It is sent as metadata: printable ASCII."""
        if not (v.isascii() and v.isprintable()):
            raise ValueError("must be printable ASCII")
        return v


class ClientConfig(_Strict):
    """Where the executor is and how to talk to it.

    Attributes:
        executor_url: ``http://``, ``https://``, ``grpc://`` or ``grpcs://`` with host and port, or ``unix:/path``.
        executor_api_key: The executor's key. Never shown.
        executor_timeout: Seconds for a whole request: 1 to 600, default 35.
        max_code_length: Characters of a program: 100 to 100,000, default 50,000; a longer one is rejected unsent.
        retry: When a request is sent again.
        tls: TLS to the executor.
        observability: Correlation ids and logs.
    """

    executor_url: str
    executor_api_key: Annotated[str, Field(min_length=1)]
    executor_timeout: Annotated[int, Field(ge=1, le=600)] = 35
    max_code_length: Annotated[int, Field(ge=100, le=100_000)] = 50_000
    retry: RetryConfig = Field(default_factory=RetryConfig)
    tls: TlsClientConfig = Field(default_factory=TlsClientConfig)
    observability: ObservabilityConfig = Field(default_factory=ObservabilityConfig)

    @field_validator("executor_url")
    @classmethod
    def validate_executor_url(cls, v: str) -> str:
        """The scheme must be known; a trailing ``/`` is dropped."""
        url = v.strip()
        if url.startswith("unix:") and len(url) > len("unix:"):
            return url
        if not url.startswith(_SCHEMES) or url.endswith("://"):
            raise ValueError(f"must start with {', '.join(_SCHEMES)} or be unix:/path")
        return url.rstrip("/")

    @classmethod
    def from_env(cls) -> ClientConfig:
        """Reads the environment variables of `VARIABLES`. An empty one counts as absent.

        Raises:
            ValueError: Required variables are missing, or one is wrong; the message names them and no value of theirs.
        """
        missing = [name for name in _REQUIRED if not os.environ.get(name)]
        if missing:
            raise ValueError(f"missing environment variables: {', '.join(missing)}")
        settings: dict[str, Any] = {}
        for variable, path in VARIABLES.items():
            value = os.environ.get(variable)
            if value:
                section = settings
                for part in path[:-1]:
                    section = section.setdefault(part, {})
                section[path[-1]] = value
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            lines = [f"{_variable(detail['loc'])}: {detail['msg']}" for detail in error.errors(include_input=False)]
            raise ValueError("invalid environment variables:\n" + "\n".join(lines)) from None

    def to_dict(self) -> dict[str, Any]:
        """All settings, the key included."""
        return self.model_dump()

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, "**********" if name == "executor_api_key" else value


def _variable(location: tuple[int | str, ...]) -> str:
    for variable, path in VARIABLES.items():
        if path == location:
            return variable
    # An error between several settings of a section.
    return "CODEMODE_" + "_".join(str(part) for part in location).upper() + "_*"
