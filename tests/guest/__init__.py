"""Runs a command on another kernel: a virtual machine whose files are this machine's, read-only.

The control groups of version 2, and kernels that are older or newer than this one, cannot be had by a process: they are
the machine's. The guest is QEMU without acceleration, so it needs nothing of its host but takes ten times as long.
"""
