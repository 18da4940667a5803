"""The command line: one module a command, wired together by `main`."""

from bithedge.cli.main import main

__all__ = ["main"]
