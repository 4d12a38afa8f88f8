"""Has the kernel's list of its memory looked at from outside.

tries: find a page that the zygote and all workers share for writing
layers: none
observed: stopped
runs: once
host: shares_no_pages
"""

shared = tools.meet(seen=0)
result = f"escaped: {shared}" if shared else "stopped: nothing that is written is shared"
