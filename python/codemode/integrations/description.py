"""What an agent's model reads about the tool that runs programs: how a program is written, and the tools it can call.

Made from the registrations each time a framework asks, so it is never older than the registry. Its size is bounded:
with many tools it has their names, and the program looks up the rest. Knows no framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from codemode.integrations.signatures import call_of

if TYPE_CHECKING:
    from codemode.core.registration import ToolRegistration

MAX_SIGNATURES = 40
"""Tools that are shown with their parameters. More than an agent's model picks from reliably, by common experience."""

MAX_SIGNATURES_SIZE = 10_000
"""Characters for all signatures, about 2500 tokens: paid again in every turn of the conversation."""

MAX_NAMES_SIZE = 6_000
"""Characters for the names, where there are more tools than that."""

_MAX_SUMMARY = 160  # characters of a tool's description: a line

GUIDE = """\
Execute Python code that calls tools. Send one complete program that does the whole job: loop, filter and compute in \
it, rather than running one call at a time.

Result
- Assign what you want back to the variable `result`: data such as dicts, lists, strings and numbers. It is returned \
as JSON. Without a `result`, the value of the last expression is returned.
- What the program prints is returned only when there is no result or when the program fails.

Calling tools
- `tools['name'].run(argument=value)` calls a tool and returns its value. Pass arguments by name.
- A tool that is shown with `await` must be awaited: `value = await tools['name'].run(argument=value)`. `await` works \
at the top level of the program; `asyncio.run` works too.
- Calls that do not depend on each other can run at the same time; any tool has `run_async`: \
`a, b = await asyncio.gather(tools['x'].run_async(…), tools['y'].run_async(…))`, after `import asyncio`.
- A call that fails raises `ToolError`, with `tool`, `type` and `message`. Catch it where the program can go on.
- `config` and `context` are mappings of what the application lets programs read; they may be empty.

Looking tools up
- `tools['__search__'].run(query='words')` finds tools by name and description.
- `tools['__schema__'].run(name='name')` returns the JSON Schemas of a tool's arguments and value.
- `tools['__list__'].run()` lists all tools.

Limits
- The standard library can be imported. There is no network, and files are kept in a scratch directory only.
- Each program starts afresh: variables and files of earlier programs are gone; what their tool calls changed stays.\
"""


def describe(tools: Iterable[ToolRegistration]) -> str:
    """The guide and the tools. ``tools``: those that the program may call."""
    return f"{GUIDE}\n\n{_tools(list(tools))}"


def compose(base: str, suffix: str | None) -> str:
    """``base`` with what the application adds to it, after a blank line."""
    return f"{base}\n\n{suffix}" if suffix else base


def _tools(tools: Sequence[ToolRegistration]) -> str:
    if not tools:
        return "Tools\nThere are none: a program can only compute."
    if len(tools) <= MAX_SIGNATURES:
        lines = [_line(tool) for tool in tools]
        if sum(map(len, lines)) <= MAX_SIGNATURES_SIZE:
            return "\n".join(["Tools", *lines])
    return f"Tools ({len(tools)}; look up their arguments before you call them)\n{_names(tools)}"


def _line(tool: ToolRegistration) -> str:
    words = " ".join(tool.description.split())
    if len(words) > _MAX_SUMMARY:
        words = f"{words[: _MAX_SUMMARY - 1].rstrip()}…"
    return f"- {call_of(tool)}{f': {words}' if words else ''}"


def _names(tools: Sequence[ToolRegistration]) -> str:
    shown: list[str] = []
    size = 0
    for tool in tools:
        size += len(tool.name) + 2
        if size > MAX_NAMES_SIZE:
            return f"{', '.join(shown)}, and {len(tools) - len(shown)} more, which `__search__` finds"
        shown.append(tool.name)
    return ", ".join(shown)
