"""Has match statements read attributes and take mappings apart.

tries: read attributes where only attribute expressions are checked
layers: landlock, namespaces
observed: stopped
source: published for checkers of syntax that are older than the match statement
"""


def function():
    pass


open_ = None
match function:
    case object(__globals__={"__builtins__": names}):
        match names:
            case {"open": open_}:
                pass
            case object(open=open_):
                pass

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
