"""Writes names in letters that the compiler normalises.

tries: get past a filter that searches the source for words
layers: landlock, namespaces
observed: stopped
source: published as a bypass of source filters; Python normalises identifiers by NFKC
"""

ｉｍｐｏｒｔed = __𝘪𝘮𝘱𝘰𝘳𝘵__("io")
open_ = imported.𝓸𝓹𝓮𝓷

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
