"""docs/guides/fleet.md: its commands are understood, its numbers are the files', and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from codemode.core.local import find_executable

from .balancer import DEPLOY
from .chart import CHART, KEYS, render

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "fleet.md"
TEXT = GUIDE.read_text()


def commands(program: str) -> list[list[str]]:
    """The command lines of this program in the guide's examples."""
    return [shlex.split(line)[1:] for line in TEXT.splitlines() if line.startswith(f"$ {program} ")]


def test_links_lead_to_files() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if not target.startswith("http")]
    assert len(targets) > 5
    assert [target for target in targets if not (GUIDE.parent / target).exists()] == []


def test_commands_of_the_executable_are_understood() -> None:
    (command,) = commands("codemode")
    asked = subprocess.run([str(find_executable()), *command[1:]], capture_output=True, text=True, timeout=30)
    # Nobody listens there; a command line that is not understood is 2 or 64.
    assert asked.returncode in {0, 1}, asked.stderr


def test_values_that_helm_is_given_exist() -> None:
    (command,) = commands("helm")
    assert command[:4] == ["helm", "install", "codemode", "deploy/helm/codemode"]
    assert CHART == DEPLOY / "helm" / "codemode"
    values: dict[str, dict[str, str]] = {}
    for flag, pair in zip(command[4::2], command[5::2], strict=True):
        assert flag == "--set"
        path, _, value = pair.partition("=")
        section, key = path.split(".")
        values.setdefault(section, {})[key] = value
    assert values["apiKeys"] == KEYS["apiKeys"]
    assert ("Deployment", "demo-codemode") in render(values)


@pytest.mark.parametrize("name", re.findall(r"`((?:jail|tls|networkPolicy|autoscaling|apiKeys)\.[A-Za-z.]+)", TEXT))
def test_values_that_are_named_exist(name: str) -> None:
    value = yaml.safe_load((CHART / "values.yaml").read_text())
    for key in name.split("."):
        assert key in value, name
        value = value[key]


def test_numbers_are_those_of_the_files() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    defaults = (
        values["config"]["capacity"],
        values["config"]["limits"]["memory"],
        values["resources"]["limits"]["memory"],
    )
    assert defaults == (32, "256MiB", "9Gi")
    assert "(32, 256 MiB, 9 GiB)" in TEXT
    envoy = (DEPLOY / "envoy.yaml").read_text()
    assert "stream_idle_timeout: 330s" in envoy
    assert "max_stream_duration: 360s" in envoy
    assert "330 s of silence, 360 s in all" in TEXT
    assert "after three probes of 2 s" in TEXT
    assert "unhealthy_threshold: 3" in envoy
    assert "- timeout: 2s" in envoy
