"""Looks for groups that open files of the host, and tries to add one.

tries: be a member of the group that may read the shadow file, disks or /dev/kvm
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import os

try:
    os.setgroups([42, *os.getgroups()])
    result = f"escaped: groups {os.getgroups()}"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}, groups {os.getgroups()}"
