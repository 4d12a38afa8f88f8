"""Runs the corpus in every configuration and prints attack by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from . import unprivileged
from .headers import Program
from .layers import ALL, ALONE, CONTAINER, LAYERS, NEEDS, NONE, REFUSED_IN_CONTAINERS, WITHOUT, Configuration
from .runner import Observation, run, run_in_lanes, running

SHORT = {
    "no_new_privileges": "nnp",
    "capabilities": "cap",
    "descriptors": "fds",
    "rlimits": "rlim",
    "seccomp": "secc",
    "landlock": "land",
    "namespaces": "ns",
    "worker_namespaces": "wns",
    "cgroup": "cgrp",
    "undumpable": "dump",
}
LEGEND = """\
all    with every layer: what was observed; an `!` is an observation that the header does not allow
         S stopped   K killed   F failed   T timed out   R rejected   C completed   E ESCAPED   ? error
layer  two letters: with this layer off (and those that need it), then with this layer alone (and the one it needs)
         s stopped   E escaped   ? neither: the program failed otherwise   . not run (runs: once)
none   with no layer at all: E shows that the attack works here; s, that this system stops it anyway
"""


@dataclass
class Matrix:
    """Observations by configuration and program."""

    programs: list[Program]
    observations: dict[str, dict[str, Observation]] = field(default_factory=dict)
    # What an executor in a container reports of its jail.
    report: Any = None

    def add(self, configuration: Configuration, observations: dict[str, Observation]) -> None:
        self.observations.setdefault(configuration.name, {}).update(observations)

    def recall(self, found: Any) -> None:
        """Takes the observations of an earlier run, as `as_json` wrote them, of programs that are here too."""
        known = {program.id for program in self.programs}
        for program in found["programs"]:
            for name, seen in program["observations"].items():
                if program["id"] in known:
                    self.observations.setdefault(name, {})[program["id"]] = Observation(seen["what"], seen["detail"])

    def get(self, configuration: Configuration, program: Program) -> Observation | None:
        return self.observations.get(configuration.name, {}).get(program.id)

    def stopped_alone(self, program: Program) -> tuple[str, ...]:
        """The layers that stop it alone, of those that were tried.

        A layer that needs another has no part in what that one stops already. Nor has one whose stopping is undone by
        what other layers add: without `worker_namespaces` there is no directory that can be written, for one.
        """
        found = {
            configuration.layer
            for configuration in ALONE
            if (seen := self.get(configuration, program)) is not None and seen.is_clear(program) and not seen.escaped
        }
        undone = {
            layer
            for configuration in WITHOUT
            if (seen := self.get(configuration, program)) is not None and seen.escaped
            for layer in configuration.layers
        }
        return tuple(layer for layer in LAYERS if layer in found - undone and NEEDS.get(layer) not in found - undone)

    def works_here(self, program: Program) -> bool:
        """Whether it escapes where there is no layer: else what is observed proves nothing of the layers."""
        seen = self.get(NONE, program)
        return seen is not None and seen.escaped

    def problems(self) -> list[str]:
        """What contradicts the headers."""
        return [problem for program in self.programs for problem in self.problems_of(program)]

    def problems_of(self, program: Program) -> Iterable[str]:
        seen = self.get(ALL, program)
        if seen is not None and not seen.allowed(program):
            yield f"{program.id}: with all layers `{seen}`, allowed is `{' | '.join(program.observed)}`"
        claimed = [layer for layer in program.layers if layer in LAYERS]
        for configuration in WITHOUT:
            seen = self.get(configuration, program)
            if seen is None:
                continue
            off = [layer for layer in claimed if layer in configuration.layers]
            if seen.escaped and off:
                yield f"{program.id}: {configuration.name} `{seen}`, although `layers` names {', '.join(off)}"
            elif seen.escaped and not claimed:
                yield f"{program.id}: {configuration.name} `{seen}`, although `layers` names no layer"
            elif not seen.is_clear(program):
                yield f"{program.id}: {configuration.name} `{seen}`: neither stopped nor escaped"
        for configuration in ALONE:
            seen = self.get(configuration, program)
            if seen is None or configuration.layer is None:
                continue
            if seen.escaped and configuration.layer in claimed:
                yield f"{program.id}: {configuration.name} `{seen}`, although `layers` names it"
            elif not seen.is_clear(program):
                yield f"{program.id}: {configuration.name} `{seen}`: neither stopped nor escaped"
        seen = self.get(CONTAINER, program)
        if seen is not None:
            yield from self._problems_in_a_container(program, seen)
        if self.works_here(program):
            alone, tried = self.stopped_alone(program), any(self.get(each, program) for each in ALONE)
            if tried and set(alone) != set(claimed):
                named, measured = (", ".join(names) or "none" for names in (claimed, alone))
                yield f"{program.id}: `layers` names {named}; alone it is stopped by {measured}"

    @staticmethod
    def _problems_in_a_container(program: Program, seen: Observation) -> Iterable[str]:
        where = f"{program.id}: {CONTAINER.name} `{seen}`"
        if seen.what.startswith("error"):
            yield f"{where}: not observed"
        elif set(program.layers) <= set(REFUSED_IN_CONTAINERS):
            # That nothing else stops it is the header's claim; whether it works depends on the system.
            return
        elif seen.escaped:
            yield f"{where}, although `layers` names {', '.join(program.layers)}"
        elif program.is_in_matrix and not seen.is_clear(program):
            # One that runs once meets other limits here than with all layers; what it harms is watched all the same.
            yield f"{where}: neither stopped nor escaped"

    def as_json(self) -> dict[str, Any]:
        return {
            "programs": [
                {
                    "id": program.id,
                    "title": program.title,
                    "layers": list(program.layers),
                    "observed": list(program.observed),
                    "runs": program.runs,
                    "works_without_layers": self.works_here(program),
                    "stopped_alone_by": list(self.stopped_alone(program)),
                    "observations": {
                        name: {"what": seen[program.id].what, "detail": seen[program.id].detail}
                        for name, seen in self.observations.items()
                        if program.id in seen
                    },
                }
                for program in self.programs
            ],
            "problems": self.problems(),
        }


def measure_again(matrix: Matrix, configurations: Iterable[Configuration]) -> None:
    """Repeats what contradicted a header or was not observed, and nothing else."""
    for configuration in configurations:
        programs = [
            program
            for program in matrix.programs
            if (program.is_in_matrix or configuration in {ALL, CONTAINER})
            and (
                matrix.get(configuration, program) is None
                or any(f": {configuration.name} `" in problem for problem in matrix.problems_of(program))
                or (configuration == ALL and any(": with all layers `" in each for each in matrix.problems_of(program)))
            )
        ]
        if programs:
            part = Matrix(programs)
            measure(part, [configuration])
            matrix.add(configuration, part.observations[configuration.name])
            matrix.report = part.report or matrix.report


def measure(matrix: Matrix, configurations: Iterable[Configuration]) -> None:
    """Starts an executor for each configuration and has it run what belongs there."""
    rest = list(configurations)
    if ALL in rest:
        # Alone: its scenarios watch the time that others take.
        rest.remove(ALL)
        matrix.add(ALL, run_in_lanes(matrix.programs))
    if CONTAINER in rest:
        rest.remove(CONTAINER)
        matrix.report, observations = unprivileged.observe_in_a_container(matrix.programs)
        matrix.add(CONTAINER, observations)
    programs = [program for program in matrix.programs if program.is_in_matrix]

    def one(configuration: Configuration) -> dict[str, Observation]:
        with running(configuration) as executor:
            return run(executor, programs)

    # Two at a time: an executor starts on one processor.
    with ThreadPoolExecutor(2) as threads:
        for configuration, observations in zip(rest, threads.map(one, rest if programs else []), strict=False):
            matrix.add(configuration, observations)


# === text ===


def render(matrix: Matrix) -> str:
    width = max((len(program.id) for program in matrix.programs), default=0)
    head = f"{'':{width}}  {'all':4}" + "".join(f"{SHORT[layer]:>5}" for layer in LAYERS) + "  none"
    lines = [LEGEND, head]
    for program in matrix.programs:
        seen = matrix.get(ALL, program)
        overall = "." if seen is None else _first(seen) + ("" if seen.allowed(program) else "!")
        cells = "".join(f"{_pair(matrix, program, layer):>5}" for layer in LAYERS)
        lines.append(f"{program.id:{width}}  {overall:4}{cells}  {_cell(program, matrix.get(NONE, program)):>4}")
    return "\n".join([*lines, "", *_summary(matrix)])


def _first(seen: Observation) -> str:
    return "?" if seen.what.startswith("error") else seen.what[0].upper()


def _pair(matrix: Matrix, program: Program, layer: str) -> str:
    return "".join(
        _cell(program, matrix.get(configuration, program))
        for group in (WITHOUT, ALONE)
        for configuration in group
        if configuration.layer == layer
    )


def _cell(program: Program, seen: Observation | None) -> str:
    if seen is None:
        return "."
    return "E" if seen.escaped else "s" if seen.is_clear(program) else "?"


def _summary(matrix: Matrix) -> list[str]:
    lines = ["by family:"]
    for family in dict.fromkeys(program.family for program in matrix.programs):
        programs = [program for program in matrix.programs if program.family == family]
        lines.append(f"  {family:12} {_outcomes(matrix, programs)}")
    lines.append(f"  {'together':12} {_outcomes(matrix, matrix.programs)}")
    working = [program for program in matrix.programs if matrix.works_here(program)]
    if working:
        counts = Counter(len(matrix.stopped_alone(program)) for program in working)
        lines += ["", f"of {len(working)} attacks that work here without the jail, by layers that stop each alone:"]
        lines += [f"  {count} layers: {counts[count]} attacks" for count in sorted(counts)]
        single = [program for program in working if len(matrix.stopped_alone(program)) < 2]
        lines += [
            f"  {program.id}: {', '.join(matrix.stopped_alone(program)) or 'no single layer'}" for program in single
        ]
    if CONTAINER.name in matrix.observations:
        lines += ["", *_container(matrix)]
    problems = matrix.problems()
    lines += ["", f"{len(problems)} contradictions to headers" + (":" if problems else ""), *problems]
    return lines


def _container(matrix: Matrix) -> list[str]:
    lines = [f"as an ordinary user without user namespaces, {CONTAINER.name}, what the executor reports:"]
    for layer in matrix.report.layers if matrix.report else ():
        lines.append(f"  {layer.name:18} {layer.state:9} {'' if layer.state == 'on' else layer.evidence}".rstrip())
    lines.append("and what is observed:")
    for family in dict.fromkeys(program.family for program in matrix.programs):
        programs = [program for program in matrix.programs if program.family == family]
        lines.append(f"  {family:12} {_outcomes(matrix, programs, CONTAINER)}")
    lines.append(f"  {'together':12} {_outcomes(matrix, matrix.programs, CONTAINER)}")
    for program in matrix.programs:
        seen = matrix.get(CONTAINER, program)
        if seen is not None and seen.escaped:
            lines.append(f"  {program.id}: {seen}; only {', '.join(program.layers)} would stop it")
    return lines


def _outcomes(matrix: Matrix, programs: Sequence[Program], configuration: Configuration = ALL) -> str:
    counts = Counter(seen.what for program in programs if (seen := matrix.get(configuration, program)) is not None)
    return f"{len(programs):4} programs: " + ", ".join(f"{count} {what}" for what, count in counts.most_common())
