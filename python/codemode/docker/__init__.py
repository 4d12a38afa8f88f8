"""Gone: the import says what replaced it."""

raise ImportError(
    "`codemode.docker` is gone: start an executor's container with docker or compose themselves; its one "
    "process is `codemode serve`"
)
