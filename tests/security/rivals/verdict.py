"""What a run says of its attack. Pure: from what the ground has seen to one of five verdicts and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.security.headers import Program

STOPPED, ESCAPED, CRASHED, KILLED, NOT_APPLICABLE = VERDICTS = (
    "stopped",
    "escaped",
    "crashed the host process",
    "hung or killed by the harness",
    "not applicable",
)


# Two programs take for ever in CPython, and call it an escape where nothing ended them. Who is faster is not harmed.
_CAME_TO_AN_END = "escaped: it came to an end"


@dataclass(frozen=True)
class Verdict:
    """`refused`: stopped, because the rival did not compile, import or run the program as it is."""

    what: str
    why: str = ""
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.what}{' (refused)' if self.refused else ''}: {self.why}"


class LostError(Exception):
    """The harness failed, so nothing is known of the attack."""


def judge(program: Program, seen: dict[str, Any], *, whole_python: bool, has_pool: bool) -> Verdict:
    """The verdict on one run.

    The program's own word comes first, then harm that was seen from outside, whatever the rival says of the end.

    Raises:
        LostError: The rival did not start, or the keeper of the ground was lost.
    """
    if "lost" in seen or "ready" not in seen:
        raise LostError(f"{program.id}: {seen.get('lost') or seen}")
    ended = seen.get("ended") or {}
    return _harm(program, seen, ended, has_pool=has_pool) or _end(program, ended, whole_python=whole_python)


def _harm(program: Program, seen: dict[str, Any], ended: dict[str, Any], *, has_pool: bool) -> Verdict | None:
    said = ended.get("value") or ""
    if said.startswith("escaped") and said != _CAME_TO_AN_END:
        return Verdict(ESCAPED, said.partition(":")[2].strip())
    if seen.get("told"):
        return Verdict(ESCAPED, "the planted key came out")
    if seen.get("touched"):
        return Verdict(ESCAPED, seen["touched"])
    if seen.get("reached"):
        return Verdict(KILLED, seen["reached"])
    if "died" in seen:
        return Verdict(CRASHED, seen.get("raised") or seen["died"])
    if "works" not in seen:
        return Verdict(KILLED, "it went on after the rival's limit of time")
    if seen.get("spins"):
        return Verdict(KILLED, "it went on after its end, on the processor")
    if seen.get("left") and not has_pool:
        return Verdict(KILLED, f"it went on after its end: {len(seen['left'])} processes were left")
    if not seen["works"]:
        return Verdict(CRASHED, "the next program did not work")
    return None


def _end(program: Program, ended: dict[str, Any], *, whole_python: bool) -> Verdict:
    how, said, detail = ended["how"], ended.get("value") or "", ended.get("detail") or ""
    if how == "refused":
        return Verdict(STOPPED, detail, refused=True)
    if how == "completed":
        return Verdict(STOPPED, said.partition(":")[2].strip() if said.startswith("stopped") else "no harm was seen")
    if how == "failed" and whole_python and program.host is None:
        # Its own mistake, or this version of Python: the attack was not tried.
        return Verdict(NOT_APPLICABLE, f"it failed otherwise: {detail}")
    words = {"timed_out": "the rival's time limit", "limited": "a limit of the rival", "died": "its own process died"}
    return Verdict(STOPPED, f"{words.get(how, how)}{': ' if detail else ''}{detail}", refused=False)
