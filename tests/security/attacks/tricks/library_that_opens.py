"""Has modules open files that have no open in their name.

tries: read a file without open
layers: landlock, namespaces
observed: stopped
source: published for several sandboxes: linecache, codecs, tokenize, fileinput
"""

import io
import linecache
import pathlib
import shutil
import tokenize

ways = (
    lambda path: io.FileIO(path),
    lambda path: tokenize.open(path),
    lambda path: pathlib.Path(path).open("rb"),
    lambda path: shutil.copyfileobj(io.open_code(path), target := io.BytesIO()) or target.seek(0) or target,
    lambda path: io.StringIO(linecache.getline(path, 1) or None) if linecache.getlines(path) else io.FileIO(path),
)


def open_(path, mode):
    for way in ways:
        try:
            return way(path)
        except OSError as error:
            last = error
    raise last


try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
