"""Opens its parent's memory as a file.

tries: read the zygote's memory where process_vm_readv and ptrace are refused
layers: landlock, namespaces
observed: stopped
"""

import os

try:
    with open(f"/proc/{os.getppid() or 1}/mem", "rb", buffering=0) as memory:
        memory.seek(id(object))
        result = f"escaped: {memory.read(16).hex()}"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
