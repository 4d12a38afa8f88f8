"""The Python side of a worker: what runs inside the jail, around the program.

The executor carries these files in its binary and puts them, with the codec as `values.py` and the extension
`_codemode_jail` beside the package, where the zygote can import them. The zygote imports all of it before it forks, so
nothing here is read from disk in a worker.

Nothing in this package is a security boundary: the program shares its interpreter. What it guards against is accident:
a program that patches `json`, closes `sys.stdout` or sets a recursion limit of 50 must still end with its own outcome.
"""
