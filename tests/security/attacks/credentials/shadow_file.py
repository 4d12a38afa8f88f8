"""Opens the host's password hashes.

tries: crack passwords of the host
layers: landlock, namespaces
observed: stopped
"""

opened, refused = [], set()
for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers"):
    try:
        with open(path, "rb"):
            opened.append(path)
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: opened {opened}" if opened else f"stopped: {', '.join(sorted(refused))}"
