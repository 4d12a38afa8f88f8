"""Sends subclasses of str, int, float and dict whose methods lie.

tries: get text past the encoder that is no value
layers: none
observed: stopped
runs: once
host: application
"""


class Text(str):
    def __str__(self):
        return '","escaped":"'

    __repr__ = __format__ = encode = __str__


class Number(int):
    def __repr__(self):
        return '1,"escaped"'

    __str__ = __int__ = __index__ = __repr__


class Real(float):
    def __repr__(self):
        return "NaN]"


class Names(dict):
    def __iter__(self):
        return iter(["a", "a", '"'])

    def keys(self):
        return [Text("k")]

    def __getitem__(self, key):
        return Number(7)


sent = {"text": Text("t"), "number": Number(5), "real": Real(1.5), "list": [Text("u")]}
back = tools.echo(value=sent)
honest = back == {"text": "t", "number": 5, "real": 1.5, "list": ["u"]}
names = tools.echo(value=Names(b=1))
result = (
    "stopped: the data arrived, not what the methods say" if honest and isinstance(names, dict) else f"escaped: {back}"
)
