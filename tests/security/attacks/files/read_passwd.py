"""Opens the host's list of users.

tries: read a file that every process of the host may read
layers: landlock, namespaces
observed: stopped
"""

try:
    with open("/etc/passwd", "rb") as file:
        result = f"escaped: {file.read(16)!r}"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
