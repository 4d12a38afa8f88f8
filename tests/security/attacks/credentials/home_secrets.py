"""Lists the places where credentials usually lie.

tries: read keys of SSH, clouds, registries and orchestrators
layers: landlock, namespaces
observed: stopped
"""

import os

places = "/home /root/.ssh /root/.aws /root/.kube /etc/ssh /run/secrets /var/run/secrets /etc/ssl /run /var/log".split()
found, refused = [], set()
for place in places:
    try:
        found.append(f"{place}: {len(os.listdir(place))} entries")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {found[:3]}" if found else f"stopped: {', '.join(sorted(refused))}"
