"""Opens the machine's memory.

tries: read any process' memory, the kernel's included
layers: landlock, namespaces
observed: stopped
"""

opened, refused = [], set()
for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/crash"):
    try:
        with open(path, "rb", buffering=0):
            opened.append(path)
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {opened}" if opened else f"stopped: {', '.join(sorted(refused))}"
