"""Asks /proc for itself and others in every spelling, again and again.

tries: win a race between a check and its use, or reach the host's root
layers: landlock, namespaces
observed: stopped
source: published for container runtimes: /proc/self/root, /proc/self/exe, CVE-2019-5736
"""

import os

reached = []
for _ in range(20):
    for name in ("self", "thread-self", "1", str(os.getpid()), str(os.getppid())):
        for path in ("root/etc/passwd", "cwd", "exe", "environ", "mem", "fd/3", "task/../environ"):
            try:
                os.close(os.open(f"/proc/{name}/{path}", os.O_RDONLY))
                reached.append(f"{name}/{path}")
            except OSError:
                continue
result = f"escaped: {sorted(set(reached))[:6]}" if reached else "stopped: there is no /proc"
