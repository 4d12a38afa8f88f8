"""Raises an exception whose text, name, class and arguments are code.

tries: run code while the runner, or the application, describes the error
layers: none
observed: failed Hostile
runs: once
host: application
"""


class Meta(type):
    __name__ = property(lambda cls: 1 / 0)
    __module__ = property(lambda cls: 1 / 0)

    def __instancecheck__(cls, instance):
        raise SystemExit


class Hostile(BaseException, metaclass=Meta):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__

    def __getattribute__(self, name):
        raise GeneratorExit

    def __reduce__(self):
        return exec, ("raise SystemExit",)


raise Hostile("x" * 100_000, Hostile)
