"""`CodemodeConfig`: the configuration of ``codemode.yaml``, for applications that have such a file.

New applications use `codemode.config.ClientConfig`. What the old service did with parts of this file no longer exists:
those keys keep their types and defaults, and warn where they are set to anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from codemode.config.section import Section
from codemode.config.setting import Boolean, Gone, Integer, Items, OptionalText, Secret, Variable, size, variables_of
from codemode.core.tls import fault_of

_NO_SERVICE = "the application hosts no server: tool calls come back on the connection that it opens; remove it"
_NO_FILES = "a program sees an empty scratch folder and no files of the host; give it data through tools"
_NO_NETWORK = "a program has no network; give it what it needs through tools"
_NO_COMMANDS = "the jail decides what a program may touch, and it starts no commands; remove it"
_FRAMEWORKS = ("crewai", "google-adk", "langchain", "langgraph")


class ProjectConfig(Section):
    """The name of the application."""

    location: ClassVar[str] = "project"

    name: Annotated[str, Field(description="The application's name.")]
    version: Annotated[str | None, Field(description="Its version.")] = "1.0.0"


class FrameworkConfig(Section):
    """The framework of the application's tools. Further keys are kept as they are."""

    model_config = ConfigDict(extra="allow")
    location: ClassVar[str] = "framework"

    type: Annotated[str, Field(description="`crewai`, `google-adk`, `langchain` or `langgraph`.")]
    auto_discover: Annotated[
        Boolean,
        Gone("tools are registered by the application: `registry.register_tool`; remove it"),
        Field(description="Find tools."),
    ] = False

    @field_validator("type")
    @classmethod
    def validate_framework_type(cls, v: str) -> str:
        """Any case is accepted."""
        if v.lower() not in _FRAMEWORKS:
            raise ValueError("must be " + ", ".join(f"`{name}`" for name in _FRAMEWORKS))
        return v.lower()


class ExecutorLimitsConfig(Section):
    """What bounds an execution."""

    location: ClassVar[str] = "executor.limits"

    code_timeout: Annotated[Integer, Field(ge=1, le=300, description="Seconds that a program may run.")] = 30
    max_code_length: Annotated[
        Integer,
        Variable("CODEMODE_MAX_CODE_LENGTH"),
        Field(ge=100, le=100_000, description="Characters of a program; a longer one is rejected unsent."),
    ] = 50_000
    memory_limit: Annotated[str, Field(description="Memory of a program, such as `512Mi`, where it is given.")] = (
        "512Mi"
    )

    @field_validator("memory_limit")
    @classmethod
    def validate_memory_limit(cls, v: str) -> str:
        """A size."""
        size(v)
        return v

    def memory_bytes(self) -> int | None:
        """The bytes of `memory_limit`, None where it was not given."""
        return size(self.memory_limit) if "memory_limit" in self.model_fields_set else None


class VolumeConfig(Section):
    """Gone: a folder of the host."""

    mount: Annotated[str, Field(description="The folder.")]
    readonly: Annotated[Boolean, Field(description="Only to be read.")] = True
    max_size: Annotated[str | None, Field(description="The most that it holds.")] = None


class FilesystemConfig(Section):
    """Gone: folders of the host."""

    model_config = ConfigDict(extra="allow")
    location: ClassVar[str] = "executor.filesystem"

    workspace: Annotated[VolumeConfig | None, Field(description="The application's files.")] = None
    sandbox: Annotated[VolumeConfig | None, Field(description="The program's files.")] = None
    outputs: Annotated[VolumeConfig | None, Field(description="What it writes.")] = None


class NetworkConfig(Section):
    """Gone: what a program may connect to."""

    location: ClassVar[str] = "executor.network"

    mode: Annotated[str, Gone(_NO_NETWORK), Field(description="`none`, `restricted` or `all`.")] = "none"
    allowed_domains: Annotated[Items, Gone(_NO_NETWORK), Field(description="Domains.")] = Field(default_factory=list)
    blocked_domains: Annotated[Items, Gone(_NO_NETWORK), Field(description="Domains.")] = Field(default_factory=list)

    @field_validator("mode")
    @classmethod
    def validate_mode(cls, v: str) -> str:
        """One of three."""
        if v not in ("none", "restricted", "all"):
            raise ValueError("must be `none`, `restricted` or `all`")
        return v


class ExecutionConfig(Section):
    """Gone: no word or command is allowed or forbidden."""

    location: ClassVar[str] = "executor.execution"

    allow_direct_execution: Annotated[Boolean, Gone(_NO_COMMANDS), Field(description="Allow commands.")] = False
    allowed_commands: Annotated[Items, Gone(_NO_COMMANDS), Field(description="Commands.")] = Field(default_factory=list)


class ExecutorConfig(Section):
    """Where the executor is and how to talk to it."""

    location: ClassVar[str] = "executor"

    url: Annotated[
        str, Variable("CODEMODE_EXECUTOR_URL"), Field(description="`http://` or `https://` with host and port.")
    ]
    api_key: Annotated[
        str, Secret(), Variable("CODEMODE_EXECUTOR_API_KEY"), Field(min_length=1, description="The executor's key.")
    ]
    timeout: Annotated[
        Integer, Variable("CODEMODE_EXECUTOR_TIMEOUT"), Field(ge=1, le=600, description="Seconds for a whole request.")
    ] = 35
    limits: ExecutorLimitsConfig = Field(default_factory=ExecutorLimitsConfig)
    filesystem: Annotated[
        FilesystemConfig | None, Gone(_NO_FILES), Field(description="Folders: `workspace`, `sandbox`, `outputs`.")
    ] = None
    network: NetworkConfig = Field(default_factory=NetworkConfig)
    execution: ExecutionConfig = Field(default_factory=ExecutionConfig)

    @field_validator("url")
    @classmethod
    def validate_url(cls, v: str) -> str:
        """The scheme must be known; a trailing ``/`` is dropped."""
        url = v.strip()
        if not url.startswith(("http://", "https://")) or url.endswith("://"):
            raise ValueError("must start with http:// or https://")
        if "@" in url:
            raise ValueError("must not hold a user or a password; the key is executor.api_key")
        return url.rstrip("/")


class GrpcTlsConfig(Section):
    """TLS to the executor."""

    location: ClassVar[str] = "grpc.tls"

    enabled: Annotated[Boolean, Field(description="Use TLS to the executor.")] = False
    mode: Annotated[
        Literal["system", "custom"],
        Field(description="Whom to trust: `system`, the system's authorities; `custom`, those of `ca_file`."),
    ] = "system"
    cert_file: Annotated[
        OptionalText, Gone(_NO_SERVICE), Field(description="The certificate of the application's tool service.")
    ] = None
    key_file: Annotated[OptionalText, Gone(_NO_SERVICE), Field(description="Its key.")] = None
    ca_file: Annotated[OptionalText, Field(description="Authorities that sign executors' certificates (PEM).")] = None
    client_cert_file: Annotated[OptionalText, Field(description="The client's own certificate chain (PEM).")] = None
    client_key_file: Annotated[OptionalText, Field(description="Its private key (PEM).")] = None

    def _fault_between(self) -> str | None:
        if self.enabled and (self.client_cert_file is None) != (self.client_key_file is None):
            return "client_cert_file and client_key_file must be given together"
        return None


class GrpcConfig(Section):
    """The connection to the executor."""

    location: ClassVar[str] = "grpc"

    tls: GrpcTlsConfig = Field(default_factory=GrpcTlsConfig)
    tool_service_url: Annotated[
        str, Gone(_NO_SERVICE), Field(description="Where the application's tool service listened.")
    ] = "localhost:50051"


class CodemodeConfig(Section):
    """The configuration of ``codemode.yaml``.

    Attributes:
        project: The application.
        framework: The framework of its tools.
        executor: Where the executor is and how to talk to it.
        grpc: TLS to the executor.
        config: Entries of the programs' global ``config``.
        logging: Kept as it is.
    """

    project: ProjectConfig
    framework: FrameworkConfig
    executor: ExecutorConfig
    grpc: GrpcConfig = Field(default_factory=GrpcConfig)
    config: Annotated[dict[str, Any], Field(description="Entries of the programs' global `config`.")] = Field(
        default_factory=dict
    )
    logging: Annotated[dict[str, Any], Field(description="For the application; nothing here reads it.")] = Field(
        default_factory=lambda: {"level": "INFO"}
    )

    def _fault_between(self) -> str | None:
        return fault_of(self.grpc.tls, self.executor.url, name="grpc.tls")

    def get_tool_names(self) -> list[str]:
        """Always empty: tools are registered by the application, not named in the file."""
        return []

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # `config` and the framework's own keys may hold anything, secrets too.
        yield "project", self.project.name
        yield "framework", self.framework.type
        yield "executor", self.executor.url


VARIABLES: Mapping[str, tuple[str, ...]] = variables_of(CodemodeConfig)
"""The environment variables and the settings that they set."""
