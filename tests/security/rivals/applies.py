"""Which programs of the corpus mean nothing to a rival, and why: they need what only codemode has.

Everything else is run. A rival whose language lacks what a program uses refuses it, and that counts as stopped.
"""

from __future__ import annotations

import ast
import re

from tests.security.headers import Program

# Codemode's workers speak to their executor over descriptor 3; nothing of a rival is there.
_CHANNEL = re.compile(r"\bos\.(write|read|dup2?|close|fstat|set_blocking)\(3\b|fileno=3\b|file=3\b|fromfd\(3\b")
_STREAMS = {"credentials/standard_streams", "resources/output_to_raw_descriptors"}
_RUNNER = {
    "between/zygotes_files",
    "bridge/runner_replaced",
    "bridge/runner_traced",
    "bridge/tool_error_forged",
}
_CONTEXT = {"bridge/context_not_readable"}

CHANNEL = "it speaks to codemode's own channel"
TOOLS = "it calls codemode's tools"
RUNNER = "it is about codemode's own runner"
STREAMS = "it asks for codemode's own way with the standard streams; elsewhere they are pipes by design"
CONTEXT = "it is about codemode's runtime context"


def why_not(program: Program) -> str:
    """Why the program is not run on rivals; empty where it is."""
    if _CHANNEL.search(program.code):
        return CHANNEL
    if program.id in _STREAMS:
        return STREAMS
    if program.id in _RUNNER:
        return RUNNER
    if program.id in _CONTEXT:
        return CONTEXT
    return TOOLS if _names_tools(program.code) else ""


def has_turns(program: Program) -> bool:
    """Whether it is run twice, and the second run looks for what the first left."""
    return program.host == "in_a_row"


def _names_tools(code: str) -> bool:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Name) and node.id == "tools" for node in ast.walk(tree))
