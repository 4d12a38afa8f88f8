"""The verdicts side by side: as text, as a page, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.security.headers import Program

from .verdict import CRASHED, ESCAPED, KILLED, NOT_APPLICABLE, STOPPED, Verdict

CELL = "stopped / escaped / crashed or hung / not applicable"

# What is harm to whoever runs a program, in whatever way it is run: by the attacks that do it directly.
HARM = {
    "starts a shell": "processes/os_system processes/os_popen processes/subprocess_run processes/execute_shell",
    "reads the host's files": "files/read_passwd files/configuration_files files/list_root credentials/home_secrets",
    "finds the application's key": "credentials/own_environment credentials/proc_environments tricks/environment_key"
    " credentials/own_memory_by_pipe credentials/objects_of_the_runner",
    "takes hold of the application's process": "credentials/ptrace_parent credentials/pidfd_getfd_parent"
    " processes/signal_others",
    "connects to a port of the host": "network/executor_port",
    "forges its own result by printing": "tricks/result_marker",
    "leaves files for the next program": "between/files_left_behind",
}


@dataclass
class Comparison:
    """Columns by name; `codemode` is the first."""

    programs: list[Program]
    versions: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, Verdict]] = field(default_factory=dict)

    def add(self, name: str, version: str, verdicts: dict[str, Verdict]) -> None:
        self.versions[name] = version
        self.columns[name] = {**self.columns.get(name, {}), **verdicts}

    def read(self, content: dict[str, Any]) -> None:
        """Takes the columns of an earlier run, or of a part of one, as `as_json` wrote them."""
        for name, version in content["versions"].items():
            programs = [each for each in content["programs"] if name in each["verdicts"]]
            verdicts = {each["id"]: Verdict(**each["verdicts"][name]) for each in programs}
            self.add(name, version, verdicts)

    def cell(self, name: str, programs: Sequence[Program]) -> str:
        """The counts, where all of the programs were run: what is read may be a part of a run."""
        if not all(program.id in self.columns[name] for program in programs):
            return "not measured"
        counts = Counter(self.columns[name][program.id].what for program in programs)
        harmed = counts[CRASHED] + counts[KILLED]
        return " / ".join(map(str, (counts[STOPPED], counts[ESCAPED], harmed, counts[NOT_APPLICABLE])))

    def refused(self, name: str) -> int:
        return sum(verdict.refused for verdict in self.columns[name].values())

    def rows(self) -> list[list[str]]:
        """The table's lines, its head first."""
        families = list(dict.fromkeys(program.family for program in self.programs))
        rows = [["", *(f"{name} {self.versions[name]}" for name in self.columns)]]
        for family in families:
            programs = [program for program in self.programs if program.family == family]
            rows.append([f"{family} ({len(programs)})", *(self.cell(name, programs) for name in self.columns)])
        rows.append([f"total ({len(self.programs)})", *(self.cell(name, self.programs) for name in self.columns)])
        rows.append(["of the stopped: refused", *(str(self.refused(name)) for name in self.columns)])
        return rows

    def harm(self) -> list[list[str]]:
        """How many of the attacks that do each harm directly have escaped, and how many harmed the host process."""
        known = {program.id for program in self.programs}
        rows = [["", *self.columns]]
        for what, names in HARM.items():
            tried = [name for name in names.split() if name in known]
            measured = [[seen[name].what for name in tried if name in seen] for seen in self.columns.values()]
            rows.append([what, *(f"{each.count(ESCAPED)} of {len(each)}" for each in measured)])
        ended = [[seen.what for seen in verdicts.values()] for verdicts in self.columns.values()]
        rows.append(["ends the host process", *(str(each.count(CRASHED)) for each in ended)])
        rows.append(["is ended by the harness alone", *(str(each.count(KILLED)) for each in ended)])
        return rows

    def as_text(self) -> str:
        return "\n\n".join([CELL, _columns(self.rows()), _columns(self.harm())])

    def as_markdown(self) -> str:
        return "\n\n".join([_page(self.rows()), "What of it is harm to anybody:", _page(self.harm())])

    def details(self) -> str:
        return "\n".join(
            f"{program.id} [{name}] {verdicts[program.id]}"
            for program in self.programs
            for name, verdicts in self.columns.items()
            if program.id in verdicts
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "versions": self.versions,
            "programs": [
                {
                    "id": program.id,
                    "title": program.title,
                    "verdicts": {
                        name: {"what": seen.what, "why": seen.why, "refused": seen.refused}
                        for name, verdicts in self.columns.items()
                        if (seen := verdicts.get(program.id)) is not None
                    },
                }
                for program in self.programs
            ],
        }


def _columns(rows: list[list[str]]) -> str:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _page(rows: list[list[str]]) -> str:
    head, *others = rows
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *others])
