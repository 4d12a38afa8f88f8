"""Changes its root directory to the one that it has.

tries: leave a changed root by changing it again
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import os


def attempt():
    os.chroot("/")


try:
    child = os.fork()
except OSError:
    # Where no child can be made, to the root that it has: nothing changes.
    child = None
try:
    if child is None:
        attempt()
        code = 0
    elif child == 0:
        try:
            attempt()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    else:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
except OSError as error:
    code = error.errno
result = "escaped: the root can be changed" if code == 0 else f"stopped: {os.strerror(abs(code))}"
