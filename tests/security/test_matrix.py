"""What headers say of layers is true.

Each layer that is named stops the attack alone, no other does, and where two are named the attack is still stopped with
either of them off. Here for one program of each family and claim; `make attacks` does it for all.
"""

from __future__ import annotations

import pytest

from .headers import Program, load, representatives
from .layers import CONFIGURATIONS, LAYERS, NEEDS
from .table import Matrix, measure, render

PROGRAMS = representatives(load())


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    matrix = Matrix(PROGRAMS)
    measure(matrix, CONFIGURATIONS)
    return matrix


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_layers_of_the_header_are_those_that_stop_it(matrix: Matrix, program: Program) -> None:
    assert list(matrix.problems_of(program)) == []


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer not in set(NEEDS.values()) | {"cgroup"}])
def test_layer_stops_an_attack_alone(matrix: Matrix, layer: str) -> None:
    """A layer that no attack needs would be unproven. Control groups are met by resource attacks, which run once."""
    assert [program.id for program in PROGRAMS if matrix.works_here(program) and layer in matrix.stopped_alone(program)]


def test_most_attacks_work_without_the_jail(matrix: Matrix) -> None:
    """A corpus of attacks that nothing needs to stop would prove nothing."""
    candidates = [program for program in PROGRAMS if set(program.layers) & set(LAYERS)]
    working = [program for program in candidates if matrix.works_here(program)]
    assert len(working) >= 0.8 * len(candidates)


def test_table_names_every_attack_and_family(matrix: Matrix) -> None:
    text = render(matrix)
    assert [program.id for program in PROGRAMS if program.id not in text] == []
    assert "0 contradictions to headers" in text
