"""Puts forbidden words together from pieces, and decodes them.

tries: get past a filter that searches the source for words
layers: landlock, namespaces
observed: stopped
source: opencodemode 0.3: a validator by substring; llama-index issue 10439; langchain CVE-2025-61423
"""

import base64

name = "".join(map(chr, (111, 112, 101, 110)))
words = {name, "nepo"[::-1], base64.b64decode("b3Blbg==").decode(), bytes.fromhex("6f70656e").decode(), f"{'o'}pen"}
assert words == {"open"}
open_ = getattr(__import__("bui" + "ltins"), words.pop())

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
