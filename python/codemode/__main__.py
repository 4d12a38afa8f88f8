"""The `codemode` command as Python installs it: becomes the native executable, with the same arguments.

`CODEMODE_PYTHON` tells it which interpreter has this package, for ``codemode run``, and runs programs by default.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Replaces this process by the native executable. Exit status 69 where it is not installed."""
    from codemode.core.errors import ExecutableNotFoundError
    from codemode.core.local import EXECUTABLE_VARIABLE, find_executable

    try:
        executable = find_executable()
    except ExecutableNotFoundError as error:
        print(f"error: {error}\nhint: {error.hint}", file=sys.stderr)
        raise SystemExit(69) from None
    os.environ.setdefault("CODEMODE_PYTHON", sys.executable)
    os.environ.setdefault(EXECUTABLE_VARIABLE, executable)
    os.execv(executable, [executable, *sys.argv[1:]])  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
