# Run once per interpreter, outside the jail, as `python -S -s -E -c`: which files it consists of.
# Prints one record a line: a word, a tab, a path; `link` has a second path.
import sys

# Not the current directory: before 3.11 `-c` puts it first.
sys.path = [path for path in sys.path if path]

import importlib.machinery
import os
import struct


def emit(*fields):
    print(*fields, sep="\t")


# Modules whose libraries no worker needs: terminals, databases of the system, tests.
SKIPPED = ("_curses", "_dbm", "_gdbm", "_test", "_tkinter", "_xx", "nis", "ossaudiodev", "readline", "spwd", "xx")

executable = os.path.realpath(sys.executable)
emit("version", ".".join(map(str, sys.version_info[:3])))
emit("implementation", sys.implementation.name)
emit("executable", executable)

paths = [os.path.realpath(path) for path in sys.path if os.path.exists(path)]
for path in paths:
    emit("tree" if os.path.isdir(path) else "file", path)

# Load each extension module of the standard library, so that its shared libraries appear in the process's map.
suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
for directory in paths:
    if os.path.basename(directory) != "lib-dynload":
        continue
    for name in sorted(os.listdir(directory)):
        module = name.split(".")[0]
        if name.endswith(suffixes) and not module.startswith(SKIPPED):
            try:
                __import__(module)
            except ImportError:
                pass
for module in ("ctypes", "ssl", "sqlite3"):
    try:
        __import__(module)
    except ImportError:
        pass
try:
    # `pthread_exit` loads it when a thread ends.
    sys.modules["ctypes"].CDLL("libgcc_s.so.1")
except (KeyError, OSError):
    pass

libraries = set()
with open("/proc/self/maps") as maps:
    for line in maps:
        fields = line.split(None, 5)
        if len(fields) == 6 and ".so" in fields[5]:
            path = os.path.realpath(fields[5].rstrip("\n"))
            if os.path.isfile(path) and not any(path.startswith(tree + "/") for tree in paths):
                libraries.add(path)

# The names under which the loader looks for them.
for directory in {os.path.dirname(path) for path in libraries}:
    with os.scandir(directory) as entries:
        for entry in entries:
            if ".so" in entry.name and entry.is_symlink() and os.path.realpath(entry.path) in libraries:
                emit("link", entry.path, os.path.realpath(entry.path))

# The program that the kernel starts to load the interpreter: its name is in the executable's header.
with open(executable, "rb") as file:
    header = file.read(64)
    if header[:5] == b"\x7fELF\x02":
        offset, size, count = *struct.unpack_from("<Q", header, 32), *struct.unpack_from("<HH", header, 54)
        for index in range(count):
            file.seek(offset + index * size)
            kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", file.read(40))
            if kind == 3:
                file.seek(start)
                loader = file.read(length).rstrip(b"\0").decode()
                real = os.path.realpath(loader)
                libraries.add(real)
                named = os.path.join(os.path.realpath(os.path.dirname(loader)), os.path.basename(loader))
                if named != real:
                    emit("link", named, real)

for path in sorted(libraries):
    emit("library", path)
