"""Goes from a harmless class to linecache, and from there to os.

tries: reach os by two steps that look harmless
layers: seccomp, landlock, namespaces
observed: stopped
source: the walk of catch_warnings, published for Jinja2 templates
"""

import linecache  # noqa: F401 - loaded, so that it is among the modules
import warnings

cls = next(cls for cls in object.__subclasses__() if cls.__name__ == "catch_warnings")
module = cls()._module if hasattr(cls(), "_module") else warnings
system = module.sys.modules["linecache"].os.system

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
