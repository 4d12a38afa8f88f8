"""The virtual machine: QEMU, the server of its files, and what its first process does."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TextIO

VIRTIOFSD: Final = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd")
_STATUS: Final = "guest: the command ended with "

GROUPS: Final = {
    "v2": """\
mount -t cgroup2 cgroup2 /sys/fs/cgroup
""",
    "v1": """\
mount -t tmpfs cgroup /sys/fs/cgroup
for controller in memory pids; do
    mkdir /sys/fs/cgroup/$controller
    mount -t cgroup -o $controller $controller /sys/fs/cgroup/$controller
done
""",
    "none": "",
}
"""The control groups that the command finds, and how they get there. Of version 2 it is in the root, the only group
that may have both processes and groups below it: several executors at once find one they can use."""

_INIT: Final = """\
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
{groups}ip link set lo up
mount -t tmpfs -o mode=1777 tmp /tmp
cd {directory}
export {environment}
# The first process of a machine cannot be killed by what the command does to itself.
setsid {command}
echo "{status}$?"
echo o > /proc/sysrq-trigger
sleep 60
"""


def run(
    command: Sequence[str],
    *,
    kernel: Path,
    groups: str,
    memory: int,
    processors: int,
    seconds: float,
    out: TextIO,
) -> int:
    """Boots, runs the command in this directory, and returns its status. ``memory``: MiB.

    Raises:
        FileNotFoundError: QEMU or virtiofsd is not installed.
        TimeoutError: It took longer than ``seconds``.
        RuntimeError: The machine ended before the command did.
    """
    qemu = _found("qemu-system-x86_64")
    with ExitStack() as stack:
        # Not below /tmp, which the guest has its own of: its first process is read from here.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codemode-guest-", dir="/var/tmp")))
        init = folder / "init"
        init.write_text(_init(command, groups))
        init.chmod(0o755)
        socket = stack.enter_context(_files(folder))
        arguments = [
            *(qemu, "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", str(processors), "-m", str(memory)),
            *("-nographic", "-no-reboot", "-nic", "none"),
            *("-object", f"memory-backend-memfd,id=memory,size={memory}M,share=on", "-numa", "node,memdev=memory"),
            *("-chardev", f"socket,id=files,path={socket}", "-device", "vhost-user-fs-pci,chardev=files,tag=root"),
            *("-kernel", str(kernel)),
            *("-append", f"console=ttyS0 quiet rootfstype=virtiofs root=root ro init={init} panic=-1"),
        ]
        machine = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace"
        )
        stack.callback(machine.wait)
        stack.callback(machine.kill)
        return _followed(machine, seconds, out)


def _init(command: Sequence[str], groups: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/root",
        "LANG": "C.UTF-8",
        # Nothing but /tmp can be written.
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis",
    }
    return _INIT.format(
        groups=GROUPS[groups],
        directory=shlex.quote(str(Path.cwd())),
        environment=" ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items()),
        command=shlex.join(command),
        status=_STATUS,
    )


@contextmanager
def _files(folder: Path) -> Iterator[Path]:
    """Serves this machine's files on a socket."""
    socket = folder / "files"
    server = _found("virtiofsd", *VIRTIOFSD)
    command = [server, f"--socket-path={socket}", "-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always"]
    with (folder / "files.log").open("w") as log:
        serving = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 10
        while not socket.exists():
            if serving.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"virtiofsd does not serve: {(folder / 'files.log').read_text()}")
            time.sleep(0.05)
        yield socket
    finally:
        serving.kill()
        serving.wait()


def _followed(machine: subprocess.Popen[str], seconds: float, out: TextIO) -> int:
    """Passes on what it prints until it says the status."""
    assert machine.stdout is not None
    over = threading.Timer(seconds, machine.kill)
    over.start()
    try:
        for line in machine.stdout:
            if line.startswith(_STATUS):
                return int(line.removeprefix(_STATUS))
            out.write(line)
            out.flush()
    finally:
        expired = over.finished.is_set()
        over.cancel()
    if expired:
        raise TimeoutError(f"the guest took longer than {seconds} s")
    raise RuntimeError("the guest ended before its command: see what it printed last")


def _found(name: str, *places: str) -> str:
    path = shutil.which(name) or next((place for place in places if Path(place).exists()), None)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: `apt-get install qemu-system-x86`")
    return path
