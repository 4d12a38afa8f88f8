"""A layer that is missing stops the start and is named; one that is reported as on is applied, wherever it runs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codemode.core.local import find_executable

from .confined import Surroundings, command
from .contract import ROOT, start
from .executors import ANY_PORT, KEY, Executor, children, wait_for

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can take things away from a process")

NOBODY = 65534
NAMESPACES = {"namespaces", "worker_namespaces"}


def readable_by_all(path: str) -> bool:
    real = Path(os.path.realpath(path))
    return real.exists() and all(part.stat().st_mode & 0o001 for part in (real, *real.parents))


PYTHON = next(filter(readable_by_all, (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")), sys.executable)
"""An interpreter that every user can run: this one may be in a home."""


@pytest.fixture(scope="module")
def executable() -> Iterator[str]:
    """The executable where every user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="codemode-strict-"))
    folder.chmod(0o1777)  # an executor of another user may make its socket there
    copy = folder / "codemode"
    shutil.copy(find_executable(), copy)
    copy.chmod(0o755)
    yield str(copy)
    copy.unlink()
    folder.rmdir()


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CODEMODE_")}
    return {**kept, "NO_COLOR": "1"}


def run(surroundings: Surroundings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(surroundings, *arguments),
        capture_output=True, text=True, timeout=30, check=False, cwd=ROOT, env=environment(),
    )  # fmt: skip


def doctor(executable: str, surroundings: Surroundings, profile: str = "standard") -> tuple[int, dict[str, Any]]:
    ended = run(surroundings, executable, "doctor", "--json", "--profile", profile, "--python", PYTHON)
    assert ended.stdout, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


class Confined(Executor):
    """`codemode serve` in poorer surroundings."""

    def __init__(self, executable: str, surroundings: Surroundings, *arguments: str) -> None:
        address = ANY_PORT
        if surroundings.get("own_user_and_network"):
            address = f"unix:{executable}.sock"  # its loopback is down
        self._begin(
            command(surroundings, executable, "serve", "--listen", address, "--python", PYTHON, *arguments),
            {**environment(), "CODEMODE_API_KEY": KEY},
            target=address,
        )


@contextlib.contextmanager
def serving(executable: str, surroundings: Surroundings, *arguments: str) -> Iterator[Confined]:
    executor = Confined(executable, surroundings, "--idle-workers", "1", *arguments)
    try:
        yield executor
    finally:
        executor.stop()


# === what the kernel says of a worker ===


@contextlib.contextmanager
def worker_of(executor: Executor) -> Iterator[int]:
    """The process id of the worker of an execution."""
    client = executor.client()
    wait_for(lambda: client.info().pool.idle == 1 and len(executor.workers()) == 1, 10, "one idle worker")
    (worker,) = executor.workers()
    conversation = client.converse(start("tools.hold()", ["hold"]))
    conversation.receive("accepted")
    conversation.receive("tool_call")
    try:
        yield worker
    finally:
        conversation.cancel()
        client.close()


def applied(executor: Executor) -> dict[str, bool]:
    """The layers that can be seen on a worker from outside, and whether they are there."""
    own = executor.process.pid
    with worker_of(executor) as worker:
        process = Path(f"/proc/{worker}")
        lines = (process / "status").read_text().splitlines()
        status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        limits = {line[:26].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()}

        def shared(kind: str, other: int) -> bool:
            return os.readlink(process / "ns" / kind) == os.readlink(f"/proc/{other}/ns/{kind}")

        return {
            "no_new_privileges": status["NoNewPrivs"] == ["1"],
            "capabilities": all(status[name] == ["0" * 16] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")),
            "seccomp": status["Seccomp"] == ["2"],
            "rlimits": limits["Max cpu time"] == "10",
            "descriptors": len(list((process / "fd").iterdir())) == 4,
            "namespaces": not any(shared(kind, own) for kind in ("mnt", "pid", "net", "ipc", "uts")),
            "worker_namespaces": not shared("pid", executor.zygote()),
            "cgroup": "/codemode-" in (process / "cgroup").read_text(),
        }


def states(executor: Executor) -> dict[str, str]:
    client = executor.client()
    report = {layer.name: layer.state for layer in client.info().jail.layers}
    client.close()
    return report


def record(executor: Executor) -> dict[str, str]:
    """The states in the one record of the log at the start."""
    (line,) = [line for line in executor.log if "the jail " in line and "layers=" in line]
    text = line.partition('layers="')[2].partition('"')[0]
    return dict(pair.split("=") for pair in text.split())  # type: ignore[misc]


# === surroundings ===

DOCKER: Surroundings = {"filter": "docker", "user": NOBODY}
DOCKER_ROOT: Surroundings = {"filter": "docker", "capabilities": "docker", "no_cgroups": True}

CASES = [
    pytest.param({}, "standard", set(), id="all there is"),
    pytest.param({"user": NOBODY}, "standard", {"cgroup"}, id="a user"),
    pytest.param({"own_user_and_network": True, "user": NOBODY}, "standard", {"cgroup"}, id="in namespaces of a user"),
    pytest.param(DOCKER, "container", {*NAMESPACES, "cgroup"}, id="a container's user"),
    pytest.param(DOCKER_ROOT, "container", {*NAMESPACES, "cgroup"}, id="a container's root"),
    pytest.param({"read_only_root": True}, "standard", set(), id="read-only root"),
    pytest.param({"read_only_root": True, "user": NOBODY}, "standard", {"cgroup"}, id="a user on a read-only root"),
    # As deploy/ starts it.
    pytest.param(
        {"read_only_root": True, **DOCKER},
        "container",
        {*NAMESPACES, "cgroup"},
        id="a container's user on a read-only root",
    ),
    pytest.param({"no_cgroups": True}, "standard", {"cgroup"}, id="no control groups"),
]


@pytest.mark.parametrize(("surroundings", "profile", "missing"), CASES)
def test_report_says_what_is_applied(
    executable: str, surroundings: Surroundings, profile: str, missing: set[str]
) -> None:
    """`doctor`, `GetInfo`, the log and the kernel agree."""
    status, report = doctor(executable, surroundings, profile)
    found = {layer["name"]: layer["state"] for layer in report["layers"]}
    off = {name for name, state in found.items() if state != "on"}
    # Whether the machine's own control groups can be written to is not the test's to say.
    assert off - {"cgroup"} == missing - {"cgroup"}, report
    assert missing <= off
    if "read_only_root" in surroundings:
        assert (status, report["trial"]["error"].partition("`")[0]) == (69, "failed to make the directory ")
    else:
        assert status == 0, report
    with serving(executable, surroundings, "--profile", profile) as executor:
        assert states(executor) == record(executor) == found
        kernels = applied(executor)
        assert kernels == {name: found[name] == "on" for name in kernels}
        ended = executor.client().run("result = 6 * 7")
        assert (ended.outcome, ended.accepted.jail_profile) == ("completed", report["reached_profile"])


@pytest.mark.parametrize(
    "left_out",
    ["rlimits", "seccomp", "landlock", "worker_namespaces", "cgroup", "capabilities", "descriptors", "undumpable"],
)
def test_layer_that_is_left_out_is_not_reported_as_on(executable: str, left_out: str) -> None:
    arguments = ("--without-layer", left_out, "--allow-missing-layers", "--profile", "container")
    with serving(executable, {}, *arguments) as executor:
        found = states(executor)
        assert found[left_out] == "off"
        assert record(executor) == found
        kernels = applied(executor)
        assert {name: state for name, state in kernels.items() if state != (found[name] == "on")} == {}


# === a start that is refused ===

MISSING = [
    pytest.param(
        DOCKER,
        "standard",
        {
            "namespaces": (
                "the host's files, processes and network from being seen at all",
                "could not be applied: Operation not permitted (os error 1)",
            ),
            "worker_namespaces": (
                "workers from each other, and gives each a scratch directory",
                "could not be applied: Operation not permitted (os error 1)",
            ),
        },
        id="namespaces in a container",
    ),
    pytest.param(
        {"filter": "no landlock"},
        "container",
        {
            "landlock": (
                "files of the host, TCP and processes outside",
                "could not be applied: Function not implemented (os error 38)",
            )
        },
        id="landlock",
    ),
    pytest.param(
        {"filter": "no seccomp"},
        "container",
        {
            "seccomp": (
                "the kernel: network, processes, new code and rare system calls",
                "could not be applied: Operation not permitted (os error 1)",
            )
        },
        id="seccomp",
    ),
    pytest.param(
        {"filter": "seccomp kills"},
        "container",
        {
            "seccomp": (
                "the kernel: network, processes, new code and rare system calls",
                "could not be applied: a seccomp program outside forbids it",
            )
        },
        id="seccomp, where another kills",
    ),
    pytest.param(
        {"no_cgroups": True},
        "max",
        {
            "cgroup": (
                "the host's memory and process table, counted by the kernel for each worker",
                "could not be applied: no control group hierarchy has the memory and pids controllers",
            )
        },
        id="control groups",
    ),
]


@pytest.mark.parametrize(("surroundings", "profile", "layers"), MISSING)
def test_missing_layer_stops_the_start_and_is_named_with_its_remedies(
    executable: str, surroundings: Surroundings, profile: str, layers: dict[str, tuple[str, str]]
) -> None:
    status, report = doctor(executable, surroundings, profile)
    assert status == 78
    remedies = {layer["name"]: layer["remedy"] for layer in report["layers"]}
    serve = (executable, "serve", "--listen", "127.0.0.1:0", "--python", PYTHON, "--profile", profile)
    ended = run(surroundings, *serve)
    assert ended.returncode == 78
    expected = [
        f"error: the jail profile `{profile}` is not reached: {', '.join(layers)} missing",
        "hint: choose a profile that is reached with --profile, or see `codemode doctor`",
    ]
    for name, (protects, evidence) in layers.items():
        remedy = remedies[name]
        assert len(set(remedy.values())) == 3
        expected += [
            f"  {name} protects: {protects}",
            f"    evidence: {evidence}",
            f"    remedy on bare metal: {remedy['bare_metal']}",
            f"    remedy on Docker: {remedy['docker']}",
            f"    remedy on Kubernetes: {remedy['kubernetes']}",
        ]
    lines = ended.stderr.splitlines()
    assert lines[-len(expected) :] == expected
    # The record of all layers comes first, also where the start is refused.
    (told,) = [line for line in lines if "layers=" in line]
    assert all(f"{name}=off" in told for name in layers)


def test_opt_out_is_a_flag_and_shows_in_every_result(executable: str) -> None:
    with serving(executable, DOCKER, "--profile", "standard", "--allow-missing-layers") as executor:
        ended = executor.client().run("result = 1")
        assert (ended.outcome, ended.accepted.jail_profile) == ("completed", "unsafe")
        assert states(executor)["namespaces"] == "off"


def test_control_groups_of_version_two_alone(executable: str) -> None:
    surroundings: Surroundings = {"only_cgroup2": True}
    controllers = run(surroundings, "/bin/cat", "/sys/fs/cgroup/cgroup.controllers")
    assert controllers.returncode == 0, controllers.stderr
    offered = set(controllers.stdout.split()) >= {"memory", "pids"}
    _, report = doctor(executable, surroundings)
    (layer,) = [layer for layer in report["layers"] if layer["name"] == "cgroup"]
    if offered:
        assert layer["evidence"] == "a group of version 2 limited a process moved into it"
    else:
        # Version 1 hierarchies hold them, or nobody passes them on.
        assert layer["state"] == "off"
        assert layer["evidence"].startswith("could not be applied: ")


def test_nothing_is_left_behind(executable: str) -> None:
    with serving(executable, {}) as executor:
        family = [executor.process.pid, *children(executor.process.pid), *executor.workers()]
    assert not [pid for pid in family if os.path.exists(f"/proc/{pid}")]
