"""The corpus as a page: `docs/security/attacks.md`, written by `python -m tests.security --container --markdown FILE`.

Only a run without contradictions writes it, so what headers say of layers is what was measured. `test_document.py`
compares the page with the headers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .headers import Program
from .layers import ALL, CONTAINER, LAYERS
from .table import Matrix

HEAD = """\
# The corpus of attacks

<!-- Written by `make attacks-page`; what is changed here is lost. -->

Each row is a program in [`tests/security/attacks`](../../tests/security/attacks) that a hostile model could have
written. It runs on a real executor with all layers of [the jail](../concepts/jail.md) on, with each layer off, with
each alone, with none, and in the profile `container` as an ordinary user to whom the kernel refuses user namespaces.

- *Stopped alone by*: the layers of which each stops it with all others off. `executor`: not the jail but the executor
  does, which checks what a worker sends and ends what exceeds its limits. `none`: nothing needs to be stopped, because
  there is nothing to reach. In parentheses: what the program's header says where it was not run against each layer, as
  attacks on limits are not, or where it does not work on the measured system without the jail either.
- *Observed*: with all layers on. `stopped`: the call failed, and the program said so. `killed` names the limit;
  `killed system_call` is the filter's answer to a call that no program needs.
- *In a container*: `holds`, or `works` where only a layer stops it that containers lack.
"""


def render(matrix: Matrix) -> str:
    parts = [HEAD, "## Summary", "", *_summary(matrix)]
    for family in dict.fromkeys(program.family for program in matrix.programs):
        parts += ["", f"## {family}", "", "| attack | tries to | stopped alone by | observed | in a container |"]
        parts.append("|---|---|---|---|---|")
        for program in matrix.programs:
            if program.family == family:
                parts.append(_row(matrix, program))
    return "\n".join(parts) + "\n"


def begin_of_row(program: Program) -> str:
    """The part of a program's row that its header decides."""
    path = f"../../tests/security/attacks/{program.id}.py"
    return f"| [`{program.name}`]({path}) | {_cell(program.tries)} | "


def layers_of(program: Program, *, measured: bool) -> str:
    names = ", ".join(program.layers)
    return names if measured else f"({names})"


def _row(matrix: Matrix, program: Program) -> str:
    seen, contained = matrix.get(ALL, program), matrix.get(CONTAINER, program)
    assert seen is not None
    assert contained is not None
    layers = layers_of(program, measured=matrix.works_here(program))
    return f"{begin_of_row(program)}{layers} | {seen.what} | {'works' if contained.escaped else 'holds'} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _summary(matrix: Matrix) -> Iterable[str]:
    yield "| family | programs | stopped with all layers | work in a container |"
    yield "|---|---|---|---|"
    for family in (*dict.fromkeys(program.family for program in matrix.programs), None):
        programs = [program for program in matrix.programs if family in (program.family, None)]
        stopped = sum(not seen.escaped for program in programs if (seen := matrix.get(ALL, program)) is not None)
        works = sum(seen.escaped for program in programs if (seen := matrix.get(CONTAINER, program)) is not None)
        yield f"| {family or '**together**'} | {len(programs)} | {stopped} | {works} |"
    working = [program for program in matrix.programs if matrix.works_here(program)]
    yield ""
    yield f"Of these, {len(working)} work on the measured system without the jail. How many layers stop each alone:"
    yield ""
    yield "| layers | attacks |"
    yield "|---|---|"
    counts = Counter(len(matrix.stopped_alone(program)) for program in working)
    yield from (f"| {count} | {counts[count]} |" for count in sorted(counts, reverse=True))
    yield ""
    yield "How many attacks each layer stops alone:"
    yield ""
    yield "| layer | attacks |"
    yield "|---|---|"
    by_layer = Counter(layer for program in working for layer in matrix.stopped_alone(program))
    yield from (f"| `{layer}` | {by_layer[layer]} |" for layer in LAYERS if by_layer[layer])
    yield ""
    yield from _singles(matrix, working)


def _singles(matrix: Matrix, working: Sequence[Program]) -> Iterable[str]:
    """Attacks that one layer alone stops, grouped by it."""
    yield "Those that only one layer stops alone:"
    yield ""
    singles: dict[str, list[str]] = {}
    for program in working:
        layers = matrix.stopped_alone(program)
        if len(layers) < 2:
            singles.setdefault(layers[0] if layers else "no single layer", []).append(f"`{program.id}`")
    for layer, names in singles.items():
        yield f"- {layer}: {', '.join(names)}"
