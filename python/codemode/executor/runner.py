"""Gone: the import says what replaced it."""

raise ImportError(
    "`codemode.executor.runner` is gone: programs run in the executor's jail; use Codemode.run, or "
    "Codemode.local() for an executor of this process's own"
)
