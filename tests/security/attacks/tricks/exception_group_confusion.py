"""Raises objects through except* whose class lies.

tries: have a value pass as a type that it is not
layers: landlock, namespaces
observed: stopped
source: RestrictedPython CVE-2025-22153
"""


class Lies(Exception):
    @property
    def __class__(self):
        return KeyError

    def __getattr__(self, name):
        return __import__("io").open


try:
    raise Lies
except Exception as error:
    open_ = error.anything if isinstance(error, KeyError) else None

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
