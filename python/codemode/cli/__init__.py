"""The parts of the `codemode` command that need the application's Python. The native executable calls them."""
