"""`ClientConfig`: where the executor is and how to talk to it.

The key is an ordinary ``str`` for those who read it and is never shown: not by ``repr``, not by an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from codemode.config.section import Section
from codemode.config.setting import Boolean, Integer, LogLevel, OptionalText, Secret, Variable, variables_of
from codemode.core.tls import fault_of

_SCHEMES = ("http://", "https://", "grpc://", "grpcs://", "dns+http://", "dns+https://", "dns://")


def _checked(url: str) -> str:
    if url.startswith("unix:") and len(url) > len("unix:"):
        return url
    if not url.startswith(_SCHEMES) or url.endswith("://"):
        raise ValueError(f"must start with {', '.join(_SCHEMES)} or be unix:/path")
    if "@" in url:
        raise ValueError("must not hold a user or a password; the key is executor_api_key")
    return url.rstrip("/")


class RetryConfig(Section):
    """When a request is sent again that the executor did not accept."""

    location: ClassVar[str] = "retry"

    enabled: Annotated[
        Boolean,
        Variable("CODEMODE_RETRY_ENABLED"),
        Field(description="Send a request again that the executor did not accept, or whose connection was lost."),
    ] = True
    max_attempts: Annotated[
        Integer,
        Variable("CODEMODE_RETRY_MAX_ATTEMPTS"),
        Field(ge=1, le=10, description="Attempts, the first included."),
    ] = 3
    backoff_base_ms: Annotated[
        Integer,
        Variable("CODEMODE_RETRY_BACKOFF_BASE_MS"),
        Field(
            ge=10, le=10_000, description="Milliseconds before the second attempt; each further wait is twice as long."
        ),
    ] = 100
    backoff_max_ms: Annotated[
        Integer,
        Variable("CODEMODE_RETRY_BACKOFF_MAX_MS"),
        Field(ge=100, le=60_000, description="Milliseconds of the longest wait; not below `backoff_base_ms`."),
    ] = 5000

    def _fault_between(self) -> str | None:
        above = self.backoff_base_ms > self.backoff_max_ms
        return "backoff_base_ms must not be above backoff_max_ms" if above else None


class TlsClientConfig(Section):
    """TLS to the executor."""

    location: ClassVar[str] = "tls"

    enabled: Annotated[Boolean, Variable("CODEMODE_TLS_ENABLED"), Field(description="Use TLS to the executor.")] = False
    mode: Annotated[
        Literal["system", "custom"],
        Variable("CODEMODE_TLS_MODE"),
        Field(description="Whom to trust: `system`, the system's authorities; `custom`, those of `ca_file`."),
    ] = "system"
    ca_file: Annotated[
        OptionalText,
        Variable("CODEMODE_TLS_CA_FILE"),
        Field(description="Authorities that sign executors' certificates (PEM)."),
    ] = None
    client_cert_file: Annotated[
        OptionalText,
        Variable("CODEMODE_TLS_CLIENT_CERT_FILE"),
        Field(description="The client's own certificate chain (PEM), where the executor asks for one."),
    ] = None
    client_key_file: Annotated[
        OptionalText, Variable("CODEMODE_TLS_CLIENT_KEY_FILE"), Field(description="Its private key (PEM).")
    ] = None

    def _fault_between(self) -> str | None:
        if (self.client_cert_file is None) != (self.client_key_file is None):
            return "client_cert_file and client_key_file must be given together"
        if self.enabled and self.mode == "custom" and self.ca_file is None:
            return "mode `custom` needs ca_file"
        return None


class ObservabilityConfig(Section):
    """Correlation ids and logs."""

    location: ClassVar[str] = "observability"

    log_level: Annotated[
        LogLevel, Variable("CODEMODE_LOG_LEVEL"), Field(description="The level of the package's log.")
    ] = "INFO"
    include_correlation_id: Annotated[
        Boolean,
        Variable("CODEMODE_INCLUDE_CORRELATION_ID"),
        Field(description="Give each execution a correlation id where the caller gives none."),
    ] = True
    correlation_id_prefix: Annotated[
        str,
        Variable("CODEMODE_CORRELATION_ID_PREFIX"),
        Field(min_length=1, max_length=8, description="What these begin with: printable ASCII."),
    ] = "cm"
    traceback_limit: Annotated[
        Integer,
        Variable("CODEMODE_TRACEBACK_LIMIT"),
        Field(ge=0, le=50, description="Frames of a traceback that are kept."),
    ] = 5

    @field_validator("correlation_id_prefix")
    @classmethod
    def validate_prefix(cls, v: str) -> str:
        """It is sent as metadata: printable ASCII."""
        if not (v.isascii() and v.isprintable()):
            raise ValueError("must be printable ASCII")
        return v


class ClientConfig(Section):
    """Where the executor is and how to talk to it.

    Attributes:
        executor_url: ``http://``, ``https://``, ``grpc://`` or ``grpcs://`` with host and port, ``unix:/path``, or
            ``dns+http://`` or ``dns+https://`` for all addresses of a name. Several are separated by commas.
        executor_api_key: The executor's key. Never shown.
        executor_timeout: Seconds for a whole request: 1 to 600, default 35.
        max_code_length: Characters of a program: 100 to 100,000, default 50,000; a longer one is rejected unsent.
        retry: When a request is sent again.
        tls: TLS to the executor.
        observability: Correlation ids and logs.
    """

    executor_url: Annotated[
        str,
        Variable("CODEMODE_EXECUTOR_URL"),
        Field(
            description="`http://`, `https://`, `grpc://` or `grpcs://` with host and port, `unix:/path`, or "
            "`dns+http://` or `dns+https://` for all addresses of a name. Several are separated by commas."
        ),
    ]
    executor_api_key: Annotated[
        str, Secret(), Variable("CODEMODE_EXECUTOR_API_KEY"), Field(min_length=1, description="The executor's key.")
    ]
    executor_timeout: Annotated[
        Integer, Variable("CODEMODE_EXECUTOR_TIMEOUT"), Field(ge=1, le=600, description="Seconds for a whole request.")
    ] = 35
    max_code_length: Annotated[
        Integer,
        Variable("CODEMODE_MAX_CODE_LENGTH"),
        Field(ge=100, le=100_000, description="Characters of a program; a longer one is rejected unsent."),
    ] = 50_000
    retry: RetryConfig = Field(default_factory=RetryConfig)
    tls: TlsClientConfig = Field(default_factory=TlsClientConfig)
    observability: ObservabilityConfig = Field(default_factory=ObservabilityConfig)

    @field_validator("executor_url")
    @classmethod
    def validate_executor_url(cls, v: str) -> str:
        """Each scheme must be known; a trailing ``/`` is dropped."""
        return ",".join(_checked(url.strip()) for url in v.split(","))

    def _fault_between(self) -> str | None:
        return fault_of(self.tls, self.executor_url, name="tls")

    @classmethod
    def from_env(cls) -> ClientConfig:
        """Reads the environment variables of `VARIABLES`. An empty one counts as absent.

        Raises:
            ValueError: Required variables are missing, or one is wrong; the message names them and no value of theirs.
        """
        from codemode.config.effective import from_environment

        return from_environment(cls)

    def to_dict(self) -> dict[str, Any]:
        """All settings, the key included."""
        return self.model_dump()


VARIABLES: Mapping[str, tuple[str, ...]] = variables_of(ClientConfig)
"""The environment variables and the settings that they set."""
