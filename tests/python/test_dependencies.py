"""What the installed package brings with it: few packages, each under a licence that asks for no more than its text.

What is known of their versions' vulnerabilities is not here: that needs a database from the network (`pip-audit`).
"""

from __future__ import annotations

import re
from importlib import metadata

ALLOWED = {"MIT", "PSF-2.0"}
EXPECTED = {"annotated-types", "pydantic", "pydantic-core", "pyyaml", "typing-extensions", "typing-inspection"}

NAME = re.compile(r"[A-Za-z0-9._-]+")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought_by(name: str) -> set[str]:
    """What a distribution requires without extras, and what that requires, as far as this interpreter has it."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for requirement in metadata.requires(waiting.pop()) or []:
            match = NAME.match(requirement)
            if match is None or "extra ==" in requirement:
                continue
            required = normal(match[0])
            try:
                metadata.distribution(required)
            except metadata.PackageNotFoundError:  # for another interpreter or system
                continue
            if required not in found:
                found.add(required)
                waiting.append(required)
    return found


def licence(name: str) -> str:
    about = metadata.metadata(name)
    given = about.get("License-Expression") or about.get("License") or ""
    return given.removesuffix(" License").strip()


def test_the_package_brings_what_was_reviewed() -> None:
    assert brought_by("codemode") == EXPECTED


def test_each_has_a_licence_that_is_allowed() -> None:
    licences = {name: licence(name) for name in brought_by("codemode")}
    assert {name: given for name, given in licences.items() if given not in ALLOWED} == {}
