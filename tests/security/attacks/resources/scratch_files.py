"""Makes files, directories and links without end.

tries: use up the inodes of a file system
layers: worker_namespaces
observed: stopped
runs: once
host: endures
"""

import os
import tempfile

made = 0
with tempfile.TemporaryDirectory() as directory:
    try:
        while made < 20_000:
            for make in (
                os.mkdir,
                lambda path: os.symlink("x" * 200, path),
                lambda path: os.link(f"{directory}/0f", path),
            ):
                if made == 0:
                    os.close(os.open(f"{directory}/0f", os.O_CREAT))
                make(f"{directory}/{made}")
                made += 1
        result = f"escaped: {made} files"
    except OSError as error:
        result = f"stopped: {error.strerror} at {made} files"
