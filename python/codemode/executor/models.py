"""The models of an execution's result, under the path that applications import them from."""

from codemode.core.models import ExecutionError, ExecutionResult, ToolCall, Usage

__all__ = ["ExecutionError", "ExecutionResult", "ToolCall", "Usage"]
