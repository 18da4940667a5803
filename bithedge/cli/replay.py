"""`replay`: the read models built again from the journal, or compared with it byte for byte."""

import argparse
from pathlib import Path
from typing import Final

from bithedge.cli.exits import CommandError, Exit
from bithedge.cli.terminal import say
from bithedge.data_folder import DataFolder
from bithedge.storage.replay import SHOWN, Difference, rebuild, verify

NAME: Final = "replay"
HELP: Final = "build the read models again from the journal, or compare them with it"
_JOURNAL: Final = "journal.sqlite3"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--data", default="data", metavar="DIR")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="change nothing, compare byte for byte; a daemon may run meanwhile",
    )


def run(options: argparse.Namespace) -> Exit:
    """Rebuild or compare.

    Raises:
        CommandError: there is no journal.
        DataFolderHeldError: a daemon holds the folder that is to be rebuilt.
        CorruptJournalError: the journal itself does not add up.
    """
    path = Path(options.data) / _JOURNAL
    if not path.exists():
        raise CommandError(f"there is no journal at {path}")
    return _verify(path) if options.verify else _rebuild(path)


def _rebuild(path: Path) -> Exit:
    folder = DataFolder.open(path.parent)
    try:
        events = rebuild(path)
    finally:
        folder.close()
    say(f"ok: the read models are built again from {events:,} events")
    return Exit.DONE


def _verify(path: Path) -> Exit:
    report = verify(path)
    if not report.differences:
        say(f"ok: {report.events:,} events give the stored read models, byte for byte")
        return Exit.DONE
    for difference in report.differences:
        say(_told(difference))
    more = " or more" if len(report.differences) >= SHOWN else ""
    say(f"fail: {len(report.differences)}{more} rows differ; `run.py replay` without --verify mends them")
    return Exit.FAILED


def _told(difference: Difference) -> str:
    return f"{difference.table}: stored {difference.stored}, the journal says {difference.rebuilt}"
