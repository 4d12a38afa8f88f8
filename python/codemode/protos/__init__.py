"""Gone: the import says what replaced it."""

raise ImportError(
    "`codemode.protos` is gone: the contract is proto/codemode/v1/executor.proto; generate a client from "
    "it with any gRPC toolchain"
)
