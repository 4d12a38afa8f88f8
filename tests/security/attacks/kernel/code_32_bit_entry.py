"""Enters the kernel as a 32-bit program does.

tries: make system calls under numbers that the filter does not know
layers: rlimits, seccomp, landlock, namespaces
observed: killed system_call | stopped
"""

import ctypes
import errno
import mmap
import os
import re
import sys
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p


def mapped(file, at):
    """The address of a byte of an open file, mapped to be executed."""
    prot, offset = mmap.PROT_READ | mmap.PROT_EXEC, at // 4096 * 4096
    address = libc.mmap(None, ctypes.c_size_t(8192), prot, mmap.MAP_PRIVATE, file, ctypes.c_long(offset))
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return address + at % 4096


def found(wanted):
    """An open file of the standard library that has the bytes, and where they are."""
    for directory in (os.path.dirname(os.__file__), *reversed(sys.path)):
        for place, _, names in os.walk(directory):
            for name in names:
                try:
                    file = os.open(os.path.join(place, name), os.O_RDONLY)
                except OSError:
                    continue
                if hit := re.search(wanted, os.pread(file, 1 << 24, 0), re.DOTALL):
                    return file, hit.start()
                os.close(file)
    return None


def entry():
    # "mov eax, 20; int 0x80; ret": the 32-bit number of getpid.
    with tempfile.TemporaryFile() as own:
        own.write(bytes.fromhex("b814000000cd80c3").ljust(8192, b"\0"))
        own.flush()
        return mapped(own.fileno(), 0)


refused = "another processor"
try:
    address = entry() if os.uname().machine == "x86_64" else None
except OSError as error:
    address, refused = None, errno.errorcode[error.errno]
    # Where it can have no code of its own but has a filter, "int 0x80" is found in a file: behind it a return or a byte
    # that is no instruction. The register of the number is 0 then, a call that restarts nothing.
    PR_GET_SECCOMP = 21
    if libc.prctl(PR_GET_SECCOMP, *[ctypes.c_ulong(0)] * 4) != 0:
        hit = found(rb"\xcd\x80[\x06\x07\x0e\x16\x17\x1e\x1f\x27\x2f\x37\x3f\x60\x61\x9a\xc3\xce\xd6\xea]")
        address = hit and mapped(*hit)
if address is None:
    result = f"stopped: no such instruction can be had: {refused}"
else:
    result = f"escaped: the 32-bit entry answered {ctypes.CFUNCTYPE(ctypes.c_long)(address)()}"
