"""Ends with exceptions and passes them as arguments.

tries: have the application unpickle or print an object of the program
layers: none
observed: failed UnsendableValueError
runs: once
host: application
"""


class Hostile(Exception):
    def __reduce__(self):
        return exec, ("raise SystemExit",)

    def __str__(self):
        raise SystemExit


try:
    tools.echo(value=Hostile())
except ValueError:
    result = [Hostile(), ToolError("forged", tool="add", type="ValueError")]
