"""Reads the command line and runs one command."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from bithedge import __version__
from bithedge.cli import demo, deploy, devnet, doctor, govern, keys, replay, risk, serve, sim
from bithedge.cli.exits import Exit, exit_of, told
from bithedge.cli.terminal import complain


class Command(NamedTuple):
    """A word of the command line."""

    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Exit]


COMMANDS: Final = tuple(
    Command(module.NAME, module.HELP, module.add_options, module.run)
    for module in (serve, devnet, demo, doctor, deploy, govern, keys, replay, sim, risk)
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="run.py", description="Bitcoin price protection on Stacks.", allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"BitHedge {__version__}")
    words = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        word = words.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        command.add_options(word)
        word.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of `arguments`, by default the process's own; return the exit code."""
    options = parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    run: Callable[[argparse.Namespace], Exit] = options.run
    try:
        return run(options)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return Exit.FAILED
    except Exception as error:
        code = exit_of(error)
        if code is None:
            raise
        complain(f"run.py {options.command}: {told(error)}")
        return code
