"""Has operators, subscripts and imports make the call.

tries: call functions where call expressions are forbidden
layers: seccomp, landlock, namespaces
observed: stopped
source: published for sandboxes that check call expressions
"""

import os


class Calls(type):
    def __getitem__(cls, command):
        return os.system(command)

    __matmul__ = __getitem__


class Shell(metaclass=Calls):
    pass


def system(command):
    return Shell[command] if Shell @ command >> 8 != 7 else 7 << 8


status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
