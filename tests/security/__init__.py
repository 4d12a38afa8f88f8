"""The attack corpus, and what proves with it that the jail holds: `python -m tests.security`."""
