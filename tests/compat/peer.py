"""Fetches the released package that this one replaces: its source distribution, whose hash `peer.txt` pins.

Nothing of it enters the repository: it lies unpacked under ``build/compat``, which git ignores. Its tests and documents
lie apart from its package, so that ``import codemode`` in one of its tests can only be ours.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
REQUIREMENT = Path(__file__).with_name("peer.txt")
CACHE = REPOSITORY / "build" / "compat"

_PARTS = {
    "tests": "tests",
    "docs": "documents/docs",
    "README.md": "documents/README.md",
    "codemode": "package/codemode",
}
_FETCH_TIME = 300  # seconds, on a slow network; the archive has 0.5 MB


@dataclass(frozen=True)
class Peer:
    """The unpacked distribution.

    Attributes:
        tests: The directory that holds its package ``tests``.
        documents: Its ``README.md`` and ``docs``.
        package: The directory that holds its package ``codemode``; never on ``sys.path``.
    """

    tests: Path
    documents: Path
    package: Path


def fetch() -> Peer:
    """Returns the unpacked distribution, downloading it the first time.

    Raises:
        RuntimeError: It cannot be downloaded, or is not the file that is pinned.
    """
    name, version, pinned = _pinned()
    root = CACHE / f"{name}-{version}-{pinned[:12]}"
    if not root.is_dir():
        archive = CACHE / f"{name}-{version}.tar.gz"
        if not archive.is_file() or _hash(archive) != pinned:
            _download(name)
        if _hash(archive) != pinned:
            raise RuntimeError(f"`{archive}` has not the hash of `{REQUIREMENT}`; remove it and run the tests again")
        _unpack(archive, root, f"{name}-{version}")
    return Peer(tests=root, documents=root / "documents", package=root / "package")


def _pinned() -> tuple[str, str, str]:
    found = re.search(r"^([\w-]+)==(\S+) --hash=sha256:([0-9a-f]{64})$", REQUIREMENT.read_text(), re.MULTILINE)
    assert found is not None, f"no pinned requirement in {REQUIREMENT}"
    return found[1], found[2], found[3]


def _download(name: str) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name]
    command += ["--require-hashes", "--ignore-requires-python"]
    done = subprocess.run(
        [*command, "--requirement", str(REQUIREMENT), "--dest", str(CACHE)],
        capture_output=True,
        text=True,
        timeout=_FETCH_TIME,
    )
    if done.returncode != 0:
        raise RuntimeError(f"failed to download the package of `{REQUIREMENT}`; is PyPI reachable?\n{done.stderr}")


def _unpack(archive: Path, root: Path, top: str) -> None:
    # Complete or absent: another run may read `root` as soon as it is there.
    partial = root.with_name(f"{root.name}.{os.getpid()}")
    with tarfile.open(archive) as source:
        for member in source.getmembers():
            part, _, rest = member.name.removeprefix(f"{top}/").partition("/")
            if not member.isfile() or part not in _PARTS or ".." in member.name.split("/"):
                continue
            target = partial / _PARTS[part] / rest if rest else partial / _PARTS[part]
            target.parent.mkdir(parents=True, exist_ok=True)
            content = source.extractfile(member)
            assert content is not None
            target.write_bytes(content.read())
    try:
        partial.rename(root)
    except OSError:  # another run was faster
        shutil.rmtree(partial)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
