"""Has a failed attribute access hand out the object it failed on.

tries: get an object, where formatting gives only its text
layers: landlock, namespaces
observed: stopped
source: n8n CVE-2026-0863; RestrictedPython CVE-2024-47532
"""


def function():
    pass


try:
    template = "{0.__globals__[__builtins__].nothing}"
    template.format(function)
    found = None
except (AttributeError, KeyError) as error:
    found = getattr(error, "obj", function.__globals__["__builtins__"])
open_ = (found if isinstance(found, dict) else vars(found))["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
