"""What the doctor found, and how it is shown."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
from rich.console import Console
from rich.text import Text


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `advice` says what to do, where there is something."""

    level: Level
    name: str
    message: str
    advice: str = ""


_COLOURS: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def show(findings: Sequence[Finding]) -> None:
    """Print a line for each finding, its advice after an arrow, and the count at the end."""
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        line = Text(f"{finding.level:<5}", style=_COLOURS[finding.level])
        line.append(f"{finding.name:<10} {finding.message}", style="default")
        if finding.advice and finding.level is not Level.OK:
            line.append(f" -> {finding.advice}", style="default")
        console.print(line)
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    console.print(", ".join(f"{count} {level}" for level, count in counts.items()))
