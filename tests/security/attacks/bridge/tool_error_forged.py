"""Raises an error that looks as if a tool had raised it.

tries: have the application believe that its own tool failed
layers: none
observed: failed ToolError
runs: once
host: application
"""

raise ToolError("disk failure", tool="add", type="OSError") from OSError(5, "I/O error", "/etc/shadow")
