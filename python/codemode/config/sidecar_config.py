"""`SidecarConfig`: the settings of an executor, as ``codemode-sidecar.yaml`` has them.

``codemode serve`` reads that file itself, without Python (`crates/codemode-cli/src/settings`); a test holds the two to
the same keys, variables, values and refusals. This model is for applications that write or check such files.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Set
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from codemode.config.section import Section
from codemode.config.setting import (
    Boolean,
    Gone,
    Integer,
    Items,
    LogLevel,
    OptionalText,
    Secret,
    Size,
    Variable,
    variables_of,
)

_NO_CALLBACKS = "tool calls come back on the connection that the client opens; remove it"
_KERNEL_DECIDES = "the jail decides what a program may touch, and it starts no commands; remove it"
_OWN_TLS = "there are no callbacks; for TLS of the executor itself set CODEMODE_TLS_*"

GONE_VARIABLES: Mapping[str, tuple[str, str]] = {
    "CODEMODE_METADATA_TTL": ("60", "tools travel with each execution, so nothing is cached; remove it"),
    "CODEMODE_MAIN_APP_GRPC_TARGET": ("localhost:50051", _NO_CALLBACKS),
    "MAIN_APP_GRPC_TARGET": ("localhost:50051", _NO_CALLBACKS),
    "EXECUTOR_NETWORK_MODE": ("none", "programs have no network; remove it"),
    "CODEMODE_GRPC_TLS_ENABLED": ("false", _OWN_TLS),
    "CODEMODE_GRPC_TLS_MODE": ("system", _OWN_TLS),
    "CODEMODE_GRPC_TLS_CA_FILE": ("", _OWN_TLS),
    "CODEMODE_GRPC_TLS_CERT_FILE": ("", _OWN_TLS),
    "CODEMODE_GRPC_TLS_KEY_FILE": ("", _OWN_TLS),
    "CODEMODE_GRPC_TLS_CLIENT_CERT_FILE": ("", _OWN_TLS),
    "CODEMODE_GRPC_TLS_CLIENT_KEY_FILE": ("", _OWN_TLS),
    "CODEMODE_GRPC_TLS_REQUIRE_CLIENT_AUTH": ("false", _OWN_TLS),
}
"""Variables that no setting has any more: their default, and what replaced them."""

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")


class ExecutionLimitsConfig(Section):
    """What bounds an execution.

    A limit that is given is what an execution gets, and the most that a client can ask for.
    """

    location: ClassVar[str] = "limits"

    code_timeout: Annotated[
        Integer,
        Variable("CODEMODE_CODE_TIMEOUT", "--code-timeout"),
        Field(
            ge=1,
            le=300,
            description="Seconds that a program may run. Where it is not given, a client may ask for up to 300.",
        ),
    ] = 30
    max_code_length: Annotated[
        Integer,
        Variable("CODEMODE_MAX_CODE_LENGTH", "--max-code-length"),
        Field(
            ge=100,
            le=100_000,
            description="Bytes of a program in UTF-8. Where it is not given, a client may ask for up to 1 MiB.",
        ),
    ] = 50_000
    memory: Annotated[
        Size,
        Variable("CODEMODE_LIMIT_MEMORY", "--memory"),
        Field(
            ge=16 * 2**20,
            le=2**31,
            description="Memory of a program. Where it is not given, a client may ask for up to 2 GiB.",
        ),
    ] = 256 * 2**20
    cpu_time: Annotated[
        Integer,
        Variable("CODEMODE_LIMIT_CPU_TIME", "--cpu-time"),
        Field(
            ge=1,
            le=300,
            description="Seconds of processor time. Where it is not given, a client may ask for up to 300.",
        ),
    ] = 10
    output: Annotated[
        Size,
        Variable("CODEMODE_LIMIT_OUTPUT", "--output"),
        Field(
            ge=1024,
            le=16 * 2**20,
            description="Output that is kept. Where it is not given, a client may ask for up to 16 MiB.",
        ),
    ] = 2**20
    tool_calls: Annotated[
        Integer,
        Variable("CODEMODE_LIMIT_TOOL_CALLS", "--tool-calls"),
        Field(ge=1, le=100_000, description="Tool calls. Where it is not given, a client may ask for up to 100,000."),
    ] = 1000


class SecurityConfig(Section):
    """Gone: no word or command is allowed or forbidden, the kernel decides what a program may touch."""

    location: ClassVar[str] = "security"

    allow_direct_execution: Annotated[
        Boolean,
        Variable("CODEMODE_ALLOW_DIRECT_EXECUTION"),
        Gone(_KERNEL_DECIDES),
        Field(description="Allow commands."),
    ] = False
    allowed_commands: Annotated[
        Items,
        Variable("CODEMODE_ALLOWED_COMMANDS"),
        Gone(_KERNEL_DECIDES),
        Field(description="Commands, with commas between."),
    ] = Field(default_factory=list)


class TlsServerConfig(Section):
    """TLS of the executor."""

    location: ClassVar[str] = "tls"

    enabled: Annotated[
        Boolean,
        Variable("CODEMODE_TLS_ENABLED", "--tls"),
        Field(
            description="Serve TLS alone; needs `cert_file` and `key_file`. Default: true where a file of TLS is named "
            "(`CODEMODE_TLS_CA_FILE` alone is the client's), or `require_client_auth` is true."
        ),
    ] = False
    mode: Annotated[
        Literal["system", "custom"],
        Variable("CODEMODE_TLS_MODE"),
        Field(description="Accepted for old files; an executor always needs its own certificate."),
    ] = "system"
    cert_file: Annotated[
        OptionalText,
        Variable("CODEMODE_TLS_CERT_FILE", "--tls-cert-file"),
        Field(description="The executor's certificate chain (PEM)."),
    ] = None
    key_file: Annotated[
        OptionalText, Variable("CODEMODE_TLS_KEY_FILE", "--tls-key-file"), Field(description="Its private key (PEM).")
    ] = None
    ca_file: Annotated[
        OptionalText,
        Variable("CODEMODE_TLS_CA_FILE", "--tls-client-ca-file"),
        Field(description="Authorities that sign clients' certificates (PEM)."),
    ] = None
    require_client_auth: Annotated[
        Boolean,
        Variable("CODEMODE_TLS_REQUIRE_CLIENT_AUTH", "--tls-require-client-auth"),
        Field(description="Refuse clients without a certificate that `ca_file` signed."),
    ] = False

    def _infer(self, from_environment: Set[str]) -> None:
        # The client of the same host reads the same variable: alone it says nothing of this executor.
        own_ca = self.ca_file is not None and "tls.ca_file" not in from_environment
        asked = self.cert_file is not None or self.key_file is not None or own_ca or self.require_client_auth
        if asked and "enabled" not in self.model_fields_set:
            self.enabled = True  # whoever names a file of TLS must not get plain text

    def _fault_between(self) -> str | None:
        if self.enabled and (self.cert_file is None or self.key_file is None):
            return "enabled needs cert_file and key_file"
        if self.enabled and self.require_client_auth and self.ca_file is None:
            return "require_client_auth needs ca_file"
        return None


class CallbackTlsConfig(Section):
    """Gone: an executor calls nobody back."""

    location: ClassVar[str] = "callback_tls"

    enabled: Annotated[
        Boolean, Variable("CODEMODE_CALLBACK_TLS_ENABLED"), Gone(_NO_CALLBACKS), Field(description="TLS of callbacks.")
    ] = False
    ca_file: Annotated[
        OptionalText,
        Variable("CODEMODE_CALLBACK_TLS_CA_FILE"),
        Gone(_NO_CALLBACKS),
        Field(description="Its authorities."),
    ] = None
    client_cert: Annotated[
        OptionalText,
        Variable("CODEMODE_CALLBACK_TLS_CLIENT_CERT"),
        Gone(_NO_CALLBACKS),
        Field(description="Its certificate."),
    ] = None
    client_key: Annotated[
        OptionalText, Variable("CODEMODE_CALLBACK_TLS_CLIENT_KEY"), Gone(_NO_CALLBACKS), Field(description="Its key.")
    ] = None


class SidecarConfig(Section):
    """The settings of an executor.

    Attributes:
        port: The TCP port: 1 to 65,535, default 8001.
        host: The address to listen on. Default: all; without a key, ``codemode serve`` then listens on loopback only.
        listen: ``address:port`` or ``unix:/path``, in place of host and port.
        api_key: The key that clients must present. Never shown.
        api_key_file: A file with one more key a line, which may carry limits.
        limits: What bounds an execution.
        tls: TLS of the executor.
        log_level: The level of its log.
    """

    port: Annotated[
        Integer, Variable("CODEMODE_SIDECAR_PORT", "--port"), Field(ge=1, le=65_535, description="The TCP port.")
    ] = 8001
    host: Annotated[
        str,
        Variable("CODEMODE_SIDECAR_HOST", "--host"),
        Field(description="The address to listen on. Where neither it nor a key is given, only loopback is served."),
    ] = "0.0.0.0"  # noqa: S104  # what users have; serving it without a key is refused
    listen: Annotated[
        OptionalText,
        Variable("CODEMODE_LISTEN", "--listen"),
        Field(description="`address:port` or `unix:/path`, in place of `host` and `port`."),
    ] = None
    main_app_grpc_target: Annotated[
        str,
        Variable("CODEMODE_MAIN_APP_TARGET"),
        Gone(_NO_CALLBACKS),
        Field(description="Where the application's tool service was."),
    ] = "localhost:50051"
    api_key: Annotated[
        OptionalText,
        Secret(),
        Variable("CODEMODE_API_KEY"),
        Field(description="The key that clients must present: 16 to 512 printable characters."),
    ] = None
    api_key_file: Annotated[
        OptionalText,
        Variable("CODEMODE_API_KEY_FILE", "--api-key-file"),
        Field(description="A file with further keys, one a line, which may carry limits: docs/guides/tenants.md."),
    ] = None
    python: Annotated[
        OptionalText,
        Variable("CODEMODE_PYTHON", "--python"),
        Field(
            description="The interpreter that programs run on. Default: the one beside the executable, else `python3`."
        ),
    ] = None
    profile: Annotated[
        Literal["container", "standard", "max"],
        Variable("CODEMODE_JAIL_PROFILE", "--profile"),
        Field(description="The jail profile that must be reached."),
    ] = "standard"
    idle_workers: Annotated[
        Integer | None,
        Variable("CODEMODE_IDLE_WORKERS", "--idle-workers"),
        Field(ge=0, le=10_000, description="Warm workers kept ready. Default: by the number of processors."),
    ] = None
    capacity: Annotated[
        Integer | None,
        Variable("CODEMODE_CAPACITY", "--capacity"),
        Field(ge=1, le=100_000, description="Executions that run at once. Default: by the number of processors."),
    ] = None
    queue: Annotated[
        Integer | None,
        Variable("CODEMODE_QUEUE", "--queue"),
        Field(
            ge=0,
            le=1_000_000,
            description="Executions that may wait for a worker. Default: by the number of processors.",
        ),
    ] = None
    drain_delay: Annotated[
        Integer,
        Variable("CODEMODE_DRAIN_DELAY", "--drain-delay"),
        Field(
            ge=0,
            le=300,
            description="Seconds that new executions are still taken after SIGTERM, while readiness is off: "
            "as long as a balancer may need to notice.",
        ),
    ] = 0
    grace: Annotated[
        Integer,
        Variable("CODEMODE_GRACE", "--grace"),
        Field(ge=0, le=3600, description="Seconds that running executions may go on after SIGTERM and `drain_delay`."),
    ] = 25
    limits: ExecutionLimitsConfig = Field(default_factory=ExecutionLimitsConfig)
    security: SecurityConfig = Field(default_factory=SecurityConfig)
    tls: TlsServerConfig = Field(default_factory=TlsServerConfig)
    callback_tls: CallbackTlsConfig = Field(default_factory=CallbackTlsConfig)
    log_level: Annotated[
        LogLevel,
        Variable("CODEMODE_LOG_LEVEL", "--log-level"),
        Field(description="The level of the executor's log; `CODEMODE_LOG` may hold a finer filter."),
    ] = "INFO"
    log_json: Annotated[
        Boolean, Variable("CODEMODE_LOG_JSON", "--log-json"), Field(description="Write the log as JSON.")
    ] = False

    @field_validator("host")
    @classmethod
    def validate_host(cls, v: str) -> str:
        """An IP address or a name, without a port."""
        host = v.strip()
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not (_is_address(bare) or _HOST_NAME.fullmatch(host)):
            raise ValueError("must be an IP address or a host's name, without a port")
        return host

    @field_validator("listen")
    @classmethod
    def validate_listen(cls, v: str | None) -> str | None:
        """An IP address with a port, or a socket's path."""
        if v is None or re.fullmatch(r"unix:(//)?/.+", v, re.DOTALL):
            return v
        host, _, port = v.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host
        valid = _is_address(bare) and (":" in bare) == (bare != host)
        if not valid or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
            raise ValueError("must be `address:port` or `unix:/path`")
        return v

    @field_validator("main_app_grpc_target")
    @classmethod
    def validate_grpc_target(cls, v: str) -> str:
        """A host and a port."""
        if ":" not in v:
            raise ValueError("must be in host:port format")
        return v

    def _fault_between(self) -> str | None:
        both = self.listen is not None and {"host", "port"} & self.model_fields_set
        return "give either listen, or host and port" if both else None

    @classmethod
    def from_env(cls) -> SidecarConfig:
        """Reads the environment variables of `VARIABLES`. An empty one counts as absent.

        Raises:
            ValueError: A variable is wrong; the message names it and not its value.
        """
        from codemode.config.effective import from_environment

        return from_environment(cls)

    def get_grpc_address(self) -> str:
        """The address to listen on: ``host:port``, or `listen` where that is given."""
        if self.listen is not None:
            return self.listen
        bare = ":" in self.host and not self.host.startswith("[")
        return f"[{self.host}]:{self.port}" if bare else f"{self.host}:{self.port}"

    def to_dict(self) -> dict[str, Any]:
        """All settings, the key included."""
        return self.model_dump()


VARIABLES: Mapping[str, tuple[str, ...]] = variables_of(SidecarConfig)
"""The environment variables and the settings that they set."""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
