"""Changes into directories of the host.

tries: learn whether paths exist, and open files relative to them
layers: landlock, namespaces
observed: stopped
"""

import os

reached, refused = [], set()
for place in ("/home", "/var/log", "/proc/1", "/boot", "/tmp/../var"):
    try:
        os.chdir(place)
        reached.append(f"{os.getcwd()}: {os.listdir('.')[:2]}")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {reached[0]}" if reached else f"stopped: {', '.join(sorted(refused))}"
