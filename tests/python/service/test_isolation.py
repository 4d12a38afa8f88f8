"""What a worker is, seen from outside: the kernel's own word on each layer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .contract import Client, start
from .executors import Executor, running, wait_for

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may look into a process that is not dumpable")


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    """An executor with one idle worker, so that the next execution's process is known."""
    with running("--idle-workers", "1") as executor:
        yield executor


@pytest.fixture
def worker(executor: Executor) -> Iterator[int]:
    """The process id of a worker that runs a program."""
    client = executor.client()
    wait_for(lambda: client.info().pool.idle == 1 and len(executor.workers()) == 1, 5, "one idle worker")
    (worker,) = executor.workers()
    conversation = client.converse(start("tools.hold()", ["hold"]))
    conversation.receive("accepted")
    conversation.receive("tool_call")
    yield worker
    conversation.cancel()
    client.close()


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_worker_has_no_privilege_and_cannot_gain_one(worker: int) -> None:
    fields = status(worker)
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert "0" not in fields["Uid"].split()
    assert "0" not in fields["Gid"].split()
    assert fields["Groups"] in {"", "65534"}


def test_worker_is_first_in_its_own_process_namespace(worker: int) -> None:
    # As the executor, the zygote and the worker itself see it.
    numbers = status(worker)["NSpid"].split()
    assert len(numbers) == 3
    assert numbers[-1] == "1"


@needs_root
@pytest.mark.parametrize("kind", ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"])
def test_worker_shares_no_namespace_with_the_executor(executor: Executor, worker: int, kind: str) -> None:
    def namespace(pid: int) -> str:
        return os.readlink(f"/proc/{pid}/ns/{kind}")

    assert namespace(worker) != namespace(executor.process.pid)
    if kind in {"mnt", "pid"}:
        assert namespace(worker) != namespace(executor.zygote())


@needs_root
def test_worker_sees_a_read_only_root_with_the_interpreter_alone(worker: int) -> None:
    mounts = [line.split() for line in Path(f"/proc/{worker}/mountinfo").read_text().splitlines()]
    options = {fields[4]: fields[5].split(",") for fields in mounts}
    writable = {path for path, flags in options.items() if "rw" in flags}
    assert writable <= {"/tmp", "/dev/null", "/dev/urandom"}
    assert {"nosuid", "nodev", "noexec"} <= set(options["/tmp"])
    assert "/proc" not in options
    assert "/sys" not in options


@needs_root
def test_worker_has_its_socket_and_nothing_else_open(worker: int) -> None:
    descriptors = {int(entry.name): os.readlink(entry) for entry in Path(f"/proc/{worker}/fd").iterdir()}
    assert descriptors.pop(3).startswith("socket:")
    assert descriptors == {0: "/dev/null", 1: "/dev/null", 2: "/dev/null"}


@needs_root
def test_workers_environment_holds_nothing(worker: int) -> None:
    environment = Path(f"/proc/{worker}/environ").read_bytes()
    names = {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry}
    assert not {name for name in names if b"KEY" in name or name.startswith(b"CODEMODE")}
    assert names <= {
        b"LD_BIND_NOW",
        b"PYTHONHASHSEED",
        b"LC_ALL",
        b"PYTHONSAFEPATH",
        b"PYTHONDONTWRITEBYTECODE",
        b"PATH",
        b"HOME",
        b"TZ",
        b"OPENBLAS_NUM_THREADS",
        b"OMP_NUM_THREADS",
        b"MKL_NUM_THREADS",
        b"PYTHONUTF8",
        b"PYTHONNOUSERSITE",
    }


def test_limits_of_the_execution_are_the_kernels(worker: int) -> None:
    lines = Path(f"/proc/{worker}/limits").read_text().splitlines()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in lines[1:]}
    assert limits["Max cpu time"] == ["10", "10"]
    assert limits["Max open files"] == ["64", "64"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max locked memory"] == ["0", "0"]
    assert 256 * 2**20 <= int(limits["Max data size"][0]) < 300 * 2**20


def test_nothing_of_the_executors_environment_is_in_a_worker() -> None:
    """Reads the program's own memory, the whole of it, for the key."""
    code = """
import ctypes, gc, os, sys
found = [name for name in os.environ if 'KEY' in name or 'CODEMODE' in name]
result = found, sys.argv, os.path.exists('/proc'), os.path.exists('/etc/passwd')
"""
    with running() as executor:
        ended = executor.client().run(code)
        assert ended.finished.value in {
            b'{"$":["tuple",[[],["-c"],false,false]]}',
            b'{"$":["tuple",[[],[""],false,false]]}',
        }


@needs_root
def test_key_is_not_in_a_workers_memory(executor: Executor, worker: int) -> None:
    from .executors import KEY

    found = 0
    with Path(f"/proc/{worker}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{worker}/maps").read_text().splitlines():
            bounds, flags, *_ = line.split()
            if flags.startswith("r") and not line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                low, high = (int(bound, 16) for bound in bounds.split("-"))
                memory.seek(low)
                try:
                    found += memory.read(high - low).count(KEY.encode())
                except OSError:
                    continue
    assert found == 0


def test_idle_workers_are_refilled(client: Client) -> None:
    # The worker of the test before may not be replaced yet.
    wait_for(lambda: client.info().pool.idle == 1, 5, "the pool is full")
    for _ in range(3):
        assert client.run("result = 1").outcome == "completed"
    wait_for(lambda: client.info().pool.idle == 1, 5, "the pool is full again")
