"""Has a decorator, a default value and a metaclass call what no call expression names.

tries: run code in a definition that is only parsed or declared
layers: seccomp, landlock, namespaces
observed: stopped
source: Langflow CVE-2025-3248; langchain issue 21592
"""

import os


def command(_):
    return "exit 7"


@os.system
@command
class Status:
    pass


ran = Status


def declared(argument=os.system("exit 7")):
    return argument


def system(_):
    return ran if ran >> 8 == 7 else declared()


status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
