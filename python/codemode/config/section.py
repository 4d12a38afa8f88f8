"""`Section`: the base of all configurations. It keeps secrets out of errors and speaks of settings that are gone.

pydantic's errors hold their inputs, so each error is rebuilt without them, in our words, before it leaves a model. A
setting that has no effect any more warns with `ConfigWarning`; a loader collects these instead, to name their origin.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Set
from typing import Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from typing_extensions import Self

from codemode.config.setting import Gone, Secret, settings_of
from codemode.config.spelling import near, shown

MASK = "**********"
"""What is shown in place of a secret."""

GoneReport = Callable[[str, str], None]
"""Receives the key of a setting that is gone, and what replaced it."""


class ConfigWarning(UserWarning):
    """A setting that is accepted and has no effect; the text says what replaced it."""


class Section(BaseModel):
    """A configuration, or a part of one. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    location: ClassVar[str] = ""
    """The key of the section in its configuration."""

    @model_validator(mode="wrap")
    @classmethod
    def _without_inputs(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        try:
            section = handler(data)
        except ValidationError as error:
            problems = [_problem(cls, detail) for detail in error.errors(include_url=False, include_input=False)]
        else:
            if section is data:
                return section
            section._infer((info.context or {}).get("from_environment", frozenset()))
            fault = section._fault_between()
            if fault is None:
                section._report_gone(info.context)
                return section
            problems = [InitErrorDetails(type=PydanticCustomError("value_error", cast("Any", fault)), input=None)]
        # Outside of the handler, so that the error with the inputs is not its context.
        raise ValidationError.from_exception_data(cls.__name__, problems, hide_input=True)

    def _infer(self, from_environment: Set[str]) -> None:
        """Sets what others of its settings imply; given are the keys that environment variables set."""

    def _fault_between(self) -> str | None:
        """What is wrong between several settings. Not a validator of pydantic's, whose errors would hold them all."""
        return None

    def _report_gone(self, context: dict[str, Any] | None) -> None:
        report: GoneReport = (context or {}).get("gone", _warn_gone)
        for name in type(self).model_fields:
            field = type(self).model_fields[name]
            mark = next((mark for mark in field.metadata if isinstance(mark, Gone)), None)
            if mark is None or name not in self.model_fields_set:
                continue
            if getattr(self, name) != field.get_default(call_default_factory=True, validated_data={}):
                report(f"{self.location}.{name}".lstrip("."), mark.replacement)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            field = type(self).model_fields.get(name or "")
            secret = field is not None and any(isinstance(mark, Secret) for mark in field.metadata)
            yield name, MASK if secret and value is not None else value


def gone_text(name: str, replacement: str) -> str:
    """What a warning says."""
    return f"{name} has no effect: {replacement}"


def warn(text: str) -> None:
    """Warns at the line of the application that led here."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(("codemode.", "pydantic.")):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, ConfigWarning, stacklevel=level)


def _warn_gone(key: str, replacement: str) -> None:
    warn(gone_text(key, replacement))


# === errors ===


def _problem(model: type[Section], detail: Any) -> InitErrorDetails:
    location: tuple[int | str, ...] = detail["loc"]
    kind = "extra_forbidden" if detail["type"] == "invalid_key" else detail["type"]  # a key that is no text
    if kind == "extra_forbidden" and len(location) == 1:
        name, message = _unknown(model, location[0])
        location = (name,)
    else:
        message = _message(detail)
    return InitErrorDetails(type=PydanticCustomError(cast("Any", kind), cast("Any", message)), loc=location, input=None)


def _unknown(model: type[Section], name: int | str) -> tuple[str, str]:
    text = str(name)
    living = {setting.path[0]: None for setting in settings_of(model) if setting.gone is None and len(setting.path) > 0}
    meant = near(text, living)
    if meant is None:
        paths = [setting.key for setting in settings_of(model) if setting.path[-1] == text and setting.gone is None]
        meant = f"{model.location}.{paths[0]}".lstrip(".") if paths else None
    return shown(text), f"unknown key (did you mean `{meant}`?)" if meant else "unknown key"


def _message(detail: Any) -> str:  # noqa: PLR0911  # one for each kind
    context: dict[str, Any] = detail.get("ctx", {})
    message: str = detail["msg"]
    if not message[:1].isupper():  # ours: pydantic's begin with a capital
        return message
    match detail["type"]:
        case "missing":
            return "is required"
        case "value_error":
            return str(context["error"])
        case "greater_than_equal":
            return f"must be at least {context['ge']:,}"
        case "less_than_equal":
            return f"must be at most {context['le']:,}"
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters"
        case "string_type":
            return "must be text (put it in quotes)"
        case "literal_error":
            return "must be " + str(context["expected"]).replace("'", "`")
        case "list_type":
            return "must be a list"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be a mapping of settings"
        case other:
            return f"is invalid ({other})"
