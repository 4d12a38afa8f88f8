"""Gone: the import says what replaced it."""

raise ImportError("`codemode.executor.service` is gone: the executor is a program of its own: `codemode serve`")
