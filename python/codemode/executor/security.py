"""Gone: the import says what replaced it."""

raise ImportError(
    "`codemode.executor.security` is gone: no list of forbidden words is needed: the kernel confines "
    "programs; see docs/concepts/jail.md and `codemode doctor`"
)
