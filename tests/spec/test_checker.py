"""The specification's checks can fail: a document that asks for something else is reported, case by case."""

from __future__ import annotations

import pytest

from .cases import DOCUMENT, Case, all_cases, run
from .world import World

TEXT = DOCUMENT.read_text()

# What is replaced in the document, by what, the case that must report it, and a part of its report.
CHANGES = {
    "a parameter in a table": (
        "| `code` | `str` | Python code to execute |\n| `execution_timeout` | `int \\| None` | Custom",
        "| `code` | `str` | Python code to execute |\n| `priority` | `int` | How urgent it is |\n"
        "| `execution_timeout` | `int \\| None` | Custom",
        "parameter: Codemode.execute priority",
        "has no parameter `priority`",
    ),
    "a description": (
        "Overwrite existing tool if `True`",
        "Overwrite existing tool unless `False`",
        "description: ComponentRegistry.register_tool overwrite",
        "no proof that `overwrite` is",
    ),
    "a parameter in a signature": (
        "def get_tool(name: str) -> Any",
        "def get_tool(name: str, version: int) -> Any",
        "signature: ComponentRegistry.get_tool",
        "parameter 2 is not `version` but absent",
    ),
    "the order of parameters": (
        "    api_key: str,\n    timeout: int = 35,\n    tls_config: GrpcTlsConfig | None = None,",
        "    api_key: str,\n    tls_config: GrpcTlsConfig | None = None,\n    timeout: int = 35,",
        "signature: ExecutorClient()",
        "parameter 3 is not `tls_config` but timeout",
    ),
    "a default in a signature": (
        "execution_timeout: int = 30,\n    context: RuntimeContext | None = None,\n"
        "    correlation_id: str | None = None\n) -> ExecutionResult\n```\n\nExecute code in",
        "execution_timeout: int = 60,\n    context: RuntimeContext | None = None,\n"
        "    correlation_id: str | None = None\n) -> ExecutionResult\n```\n\nExecute code in",
        "signature: ExecutorClient.execute",
        "`execution_timeout` has the default 30, not 60",
    ),
    "a default in a table": (
        "| `timeout` | `int` | `35` |",
        "| `timeout` | `int` | `36` |",
        "parameter: ExecutorClient() timeout",
        "`timeout` is 35 by default, not 36",
    ),
    "the type of a default": (
        "| `retry_enabled` | `bool` | `True` |",
        "| `retry_enabled` | `bool` | `1` |",
        "parameter: ExecutorClient() retry_enabled",
        "`retry_enabled` is True by default, not 1",
    ),
    "a type in a table": (
        "| `name` | `str` | Tool name |",
        "| `name` | `bytes` | Tool name |",
        "parameter: ComponentRegistry.get_tool name",
        "`name` is `str`, not `bytes`",
    ),
    "an annotation": (
        "def set_context(self, context: RuntimeContext) -> None",
        "def set_context(self, context: RuntimeContext | dict) -> None",
        "signature: ComponentRegistry.set_context",
        "`context` is annotated `RuntimeContext`, not `RuntimeContext | dict`",
    ),
    "what is returned, by type": (
        "def health_check() -> bool\n```\n\nCheck if the executor service is healthy.\n\n"
        "**Returns:** `True` if executor",
        "def health_check() -> str\n```\n\nCheck if the executor service is healthy.\n\n"
        "**Returns:** `True` if executor",
        "returns: Codemode.health_check",
        "returned True, not `str`",
    ),
    "what is returned, in words": (
        "**Returns:** Tool instance",
        "**Returns:** A copy of the tool",
        "returns: ComponentRegistry.get_tool",
        "nothing calls `ComponentRegistry.get_tool`",
    ),
    "async": (
        "async def close_async() -> None",
        "def close_async() -> None",
        "signature: ExecutorClient.close_async",
        "`async` in one of the two only",
    ),
    "a class method": (
        "@classmethod\ndef from_env(",
        "def from_env(",
        "signature: Codemode.from_env",
        "it is a classmethod",
    ),
    "a property": (
        "@property\ndef tools(self)",
        "def tools(self)",
        "signature: ComponentRegistry.list_tools",
        "it is a property",
    ),
    "a method": (
        "#### get_tool\n",
        "#### rename_tool\n\n```python\ndef rename_tool(old: str, new: str) -> None\n```\n\n#### get_tool\n",
        "heading: ComponentRegistry.rename_tool",
        "ComponentRegistry has no `rename_tool`",
    ),
    "a group": (
        "### Context Managers\n",
        "### Sessions\n\n### Context Managers\n",
        "heading: ExecutorClient.Sessions",
        "nothing in the package is known by the heading `Sessions`",
    ),
    "a chapter": (
        "## Exceptions\n",
        "## Scheduler\n\n```python\nfrom codemode.core import Scheduler\n```\n\n## Exceptions\n",
        "heading: Scheduler",
        "Scheduler",
    ),
    "a module": (
        "## correlation Module",
        "## tracing Module",
        "heading: tracing Module",
        "No module named 'codemode.core.tracing'",
    ),
    "an import": (
        "from codemode.core import ExecutorClient\n",
        "from codemode.core.client import ExecutorClient\n",
        "import: ExecutorClient",
        "codemode.core.client",
    ),
    "an exception of a method": (
        "- `ComponentNotFoundError`: If tool not found",
        "- `ComponentNotFoundError`: If tool not found\n- `PermissionError`: If tool is private",
        "raises: ComponentRegistry.get_tool PermissionError",
        "nothing provokes `PermissionError`",
    ),
    "the exception of a condition": (
        "- `ComponentNotFoundError`: If tool not found",
        "- `KeyError`: If tool not found",
        "raises: ComponentRegistry.get_tool KeyError",
        "nothing provokes `KeyError`",
    ),
    "an exception that is not there": (
        "- `ConfigLoadError`: If config is invalid",
        "- `ConfigVersionError`: If config is invalid",
        "raises: Codemode.from_config ConfigVersionError",
        "there is no exception `ConfigVersionError`",
    ),
    "an exception's section": (
        "### ComponentNotFoundError\n",
        "### ExecutorBusyError\n\n```python\nfrom codemode.core.executor_client import ExecutorBusyError\n```\n\n"
        "### ComponentNotFoundError\n",
        "heading: Exceptions.ExecutorBusyError",
        "ExecutorBusyError",
    ),
    "an environment variable": (
        "- `CODEMODE_EXECUTOR_API_KEY`: API key for authentication",
        "- `CODEMODE_EXECUTOR_API_KEY`: API key for authentication\n- `CODEMODE_TENANT`: Who pays",
        "variable: Codemode.from_env CODEMODE_TENANT",
        "`Codemode.from_env` does not need CODEMODE_TENANT",
    ),
    "an environment variable's name": (
        "- `CODEMODE_EXECUTOR_URL`: Executor service URL",
        "- `CODEMODE_URL`: Executor service URL",
        "variable: Codemode.from_env CODEMODE_URL",
        "CODEMODE_EXECUTOR_URL",
    ),
    "a sentence": (
        "Initialize an empty registry.",
        "Initialize a registry with the default tools.",
        "claim: ComponentRegistry() Initialize a registry with the default tools.",
        "no proof of the sentence",
    ),
    "a label": (
        "**Format:**",
        "**Stability:**",
        "label: generate_correlation_id Stability",
        "nothing is known of the label `Stability`",
    ),
    "what an example prints": (
        "print(result)  # '4'",
        "print(result)  # '5'",
        "example: Codemode.execute",
        "the document says '5', and it is '4'",
    ),
    "what an example assigns": (
        "# 'req-2x5f9k-c8d2'",
        "# 'id-2x5f9k-c8d2'",
        "example: generate_correlation_id",
        "the document says 'id-2x5f9k-c8d2'",
    ),
    "what an example calls": (
        "for name, tool in registry.tools.items():",
        "for name, tool in registry.all_tools.items():",
        "example: ComponentRegistry.list_tools",
        "no attribute 'all_tools'",
    ),
    "an example": (
        "**Returns:** Tool instance",
        "**Example:**\n\n```python\nregistry.get_tool_version('weather')\n```\n\n**Returns:** Tool instance",
        "example: ComponentRegistry.get_tool",
        "no attribute 'get_tool_version'",
    ),
    "an ellipsis": (
        "client = ExecutorClient(...)\n",
        "client = ExecutorClient.pooled(...)\n",
        "example: ExecutorClient.close_async",
        "nothing is known of what `pooled(...)` leaves out",
    ),
    "a language": (
        "```python\ncodemode.close()",
        "```rust\ncodemode.close()",
        "example: Codemode.close",
        "nothing is known of a block in `rust`",
    ),
}


def _case(text: str, identity: str) -> Case:
    (found,) = (case for case in all_cases(text) if case.id == identity)
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_document_is_reported(change: str, world: World) -> None:
    old, new, identity, report = CHANGES[change]
    assert TEXT.count(old) == 1
    case = _case(TEXT.replace(old, new), identity)
    with pytest.raises(Exception) as raised:
        run(case, world)
    assert report in str(raised.value)


@pytest.mark.parametrize(
    "identity",
    [
        "signature: ExecutorClient()",
        "raises: ComponentRegistry.get_tool ComponentNotFoundError",
        "example: Codemode.execute",
    ],
)
def test_the_document_itself_is_not_reported(identity: str, world: World) -> None:
    run(_case(TEXT, identity), world)
