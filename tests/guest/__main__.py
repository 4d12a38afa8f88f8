"""`python -m tests.guest --kernel FILE -- COMMAND …`: ends with the command's status.

It needs `qemu-system-x86_64` and `virtiofsd` (Debian: `qemu-system-x86`), and a kernel with virtiofs built in, as
Debian's cloud kernels have it: `apt-get download linux-image-6.12…-cloud-amd64`, then `dpkg-deb -x`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .machine import GROUPS, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.guest", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kernel", type=Path, required=True, help="a compressed kernel image")
    parser.add_argument("--groups", choices=GROUPS, default="v2", help="default: v2")
    parser.add_argument("--memory", type=int, default=3_072, help="MiB; default: 3072")
    parser.add_argument("--processors", type=int, default=2, help="default: 2")
    parser.add_argument("--seconds", type=float, default=1_800, help="the most that it may take; default: 1800")
    parser.add_argument("command", nargs="+", help="what runs there, in this directory")
    options = parser.parse_args()
    return run(
        options.command,
        kernel=options.kernel,
        groups=options.groups,
        memory=options.memory,
        processors=options.processors,
        seconds=options.seconds,
        out=sys.stdout,
    )


if __name__ == "__main__":
    sys.exit(main())
