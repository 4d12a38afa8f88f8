"""The image and the compose project, checked without an engine: what they name exists and is understood."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from codemode.core.local import find_executable

from ..python.service.executors import Executor, free_port, running, wait_for

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TOOLS = Path(sys.executable).parent


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, comments and continued lines resolved."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [(kind, rest.strip()) for kind, _, rest in (line.partition(" ") for line in text.splitlines()) if kind]


def argument(kind: str) -> str:
    (found,) = [rest for name, rest in instructions() if name == kind]
    return found


def compose(*files: str) -> dict[str, Any]:
    """The project as `docker compose config` resolves it."""
    arguments = [argument for file in files for argument in ("-f", str(DEPLOY / file))]
    resolved = subprocess.run(
        [str(TOOLS / "docker-compose"), *arguments, "config", "--format", "json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert resolved.returncode == 0, resolved.stderr
    project: dict[str, Any] = json.loads(resolved.stdout)
    return project


def executor(project: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = project["services"]["executor"]
    return found


def test_dockerfile_has_no_finding() -> None:
    checked = subprocess.run(
        [str(TOOLS / "hadolint"), "--failure-threshold", "style", str(DEPLOY / "Dockerfile")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_build_finds_all_of_its_source(tmp_path: Path) -> None:
    """In a directory with what the image's build copies and nothing else, where cargo reads the workspace."""
    for kind, rest in instructions():
        if kind == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                place = tmp_path / target if len(sources) == 1 else tmp_path / target / source
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(ROOT / source)
    # `include_…!` names a file beside the one that it is in, followed through the copied directories only.
    missing = []
    for file in (ROOT / "crates").glob("*/src/**/*.rs"):
        for name in re.findall(r'include_(?:bytes|str)!\("([^"]+)"\)', file.read_text()):
            path = os.path.normpath(tmp_path / file.parent.relative_to(ROOT) / name)
            if not Path(path).exists():
                missing.append(f"{file.relative_to(ROOT)}: {name}")
    assert missing == []
    command = shlex.split(argument("RUN"))
    assert command[:2] == ["cargo", "build"]
    package = command[command.index("-p") + 1]
    described = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--no-deps", "--locked", "--offline"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert described.returncode == 0, described.stderr
    (found,) = [it for it in json.loads(described.stdout)["packages"] if it["name"] == package]
    binaries = [target["name"] for target in found["targets"] if "bin" in target["kind"]]
    (copied,) = [rest for kind, rest in instructions() if kind == "COPY" and rest.startswith("--from")]
    assert copied.split()[1:] == [f"/source/target/release/{binaries[0]}", "/usr/local/bin/codemode"]


def test_build_context_has_what_is_copied_and_no_secret() -> None:
    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = {
        source
        for kind, rest in instructions()
        if kind == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_image_is_not_root_and_its_variables_are_settings() -> None:
    user, _, group = argument("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    shown = subprocess.run(
        [str(find_executable()), "config", "sidecar", "--json"],
        env={"PATH": os.environ["PATH"], **dict(pair.split("=", 1) for pair in shlex.split(argument("ENV")))},
        capture_output=True,
        text=True,
        timeout=30,
    )
    origins = [entry["origin"] for entry in json.loads(shown.stdout)["settings"].values()]
    variables = {origin["name"] for origin in origins if origin["kind"] == "environment"}
    assert variables == {pair.split("=", 1)[0] for pair in shlex.split(argument("ENV"))}


def test_health_check_of_the_image_follows_the_executor(tmp_path: Path) -> None:
    command = json.loads(argument("HEALTHCHECK").partition("CMD ")[2])
    assert command == ["codemode", "health", "http://127.0.0.1:8001"]
    assert json.loads(argument("ENTRYPOINT")) == ["codemode"]
    port = free_port()

    def health(*more: str) -> tuple[int, str]:
        line = [str(find_executable()), *command[1:-1], command[-1].replace("8001", str(port)), *more]
        asked = subprocess.run(line, capture_output=True, text=True, timeout=30)
        return asked.returncode, asked.stderr

    status, error = health()
    assert (status, error.splitlines()[0]) == (
        1,
        f"error: failed to reach the executor at `http://127.0.0.1:{port}` (1 attempt)",
    )
    address = f"127.0.0.1:{port}"
    arguments = ("--profile", "container", "--drain-delay", "20", "--idle-workers", "1")
    served = Executor("--listen", address, *arguments, target=address)
    try:
        wait_for(lambda: health()[0] == 0, 20, "the executor is ready")
        served.terminate()
        wait_for(lambda: health()[0] == 1, 10, "it is not ready any more")
        assert health() == (1, "error: the executor takes no executions: it is starting or draining\n")
        # It lives, and still serves who comes all the same.
        assert health("--live") == (0, "")
        assert served.client().run("result = 1").outcome == "completed"
    finally:
        served.process.kill()
        served.process.wait(10)
        served.close_log()


@pytest.mark.parametrize("files", [("compose.yaml",), ("compose.yaml", "compose.standard.yaml")])
def test_compose_project_is_valid_and_gives_executors_nothing(files: tuple[str, ...]) -> None:
    project = compose(*files)
    service = executor(project)
    assert service["deploy"]["replicas"] == 3
    assert (service["read_only"], service["cap_drop"], service["user"]) == (True, ["ALL"], "65532:65532")
    assert "no-new-privileges:true" in service["security_opt"]
    assert set(service["networks"]) == {"executors"}
    assert project["networks"]["executors"]["internal"] is True
    assert "ports" not in service
    (published,) = project["services"]["envoy"]["ports"]
    assert published["host_ip"] == "127.0.0.1"
    unconfined = "seccomp=unconfined" in service["security_opt"]
    assert unconfined == (service["environment"].get("CODEMODE_JAIL_PROFILE") == "standard")


def test_compose_mounts_files_that_exist_and_stops_after_the_drain() -> None:
    project = compose("compose.yaml")
    (mount,) = project["services"]["envoy"]["volumes"]
    assert (mount["source"], mount["target"]) == (str(DEPLOY / "envoy.yaml"), "/etc/envoy/envoy.yaml")
    environment = executor(project)["environment"]
    drain = int(environment["CODEMODE_DRAIN_DELAY"]) + int(environment["CODEMODE_GRACE"])
    assert executor(project)["stop_grace_period"] == "1m20s"
    assert drain + 5 < 80
    # The cluster's address in the shipped file is the service's name.
    (cluster,) = yaml.safe_load((DEPLOY / "envoy.yaml").read_text())["static_resources"]["clusters"]
    (group,) = cluster["load_assignment"]["endpoints"]
    address = group["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    assert address["address"] in project["services"]


def test_executor_takes_the_variables_of_the_compose_project(tmp_path: Path) -> None:
    environment = dict(executor(compose("compose.yaml"))["environment"])
    keys = tmp_path / "api-keys"
    keys.write_text("0" * 32 + "\n")
    assert environment.pop("CODEMODE_API_KEY_FILE") == "/run/secrets/api-keys"
    flags = {
        "CODEMODE_CAPACITY": "--capacity",
        "CODEMODE_LIMIT_MEMORY": "--memory",
        "CODEMODE_DRAIN_DELAY": "--drain-delay",
        "CODEMODE_GRACE": "--grace",
    }
    assert set(environment) == set(flags)
    # But for the delay, which nobody waits for here.
    given = {**environment, "CODEMODE_DRAIN_DELAY": "0"}
    arguments = [part for name, value in given.items() for part in (flags[name], value)]
    with running("--api-key-file", str(keys), *arguments, "--profile", "container", key=None) as served:
        client = served.client("0" * 32)
        assert client.run("result = 6 * 7").finished.value == b"42"
        assert client.info().pool.capacity == int(environment["CODEMODE_CAPACITY"])
