"""Looks attributes up by strings whose methods lie about what they begin with.

tries: pass one name to the check and another to getattr
layers: landlock, namespaces
observed: stopped
source: RestrictedPython pull request 282 (release 7.2)
"""


class Name(str):
    def startswith(self, *_):
        return False

    def __contains__(self, _):
        return False


def checked_getattr(value, name):
    if name.startswith("_") or "__" in name:
        raise AttributeError(name)
    return getattr(value, name)


names = checked_getattr(checked_getattr, Name("__globals__"))["__builtins__"]
open_ = (names if isinstance(names, dict) else vars(names))["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
