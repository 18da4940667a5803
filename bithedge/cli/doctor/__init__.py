"""`doctor`: looks at everything a daemon needs, and says what to do about what is wrong."""

import argparse
import asyncio
from pathlib import Path
from typing import Final

from bithedge.cli.doctor.chain import chain_findings
from bithedge.cli.doctor.findings import Finding, Level, show
from bithedge.cli.doctor.local import local_findings
from bithedge.cli.doctor.running import daemon_findings, is_held
from bithedge.cli.exits import Exit
from bithedge.cli.settings import add_node, add_ports, add_settings, config_of
from bithedge.config import Config, ConfigError

NAME: Final = "doctor"
HELP: Final = "check settings, keys, node, contracts, clock, disk and ports; each with what to do"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `serve` would be given."""
    add_settings(parser)
    add_ports(parser)
    add_node(parser)


def run(options: argparse.Namespace) -> Exit:
    """Look at everything, show a line for each thing, and fail if one failed."""
    try:
        config = config_of(options)
    except ConfigError as error:
        findings = [Finding(Level.FAIL, "config", fault, "mend this setting") for fault in error.faults]
    else:
        findings = [
            Finding(Level.OK, "config", f"the settings for {config.network} are sound"),
            *asyncio.run(_look(config)),
        ]
    show(findings)
    return Exit.FAILED if any(finding.level is Level.FAIL for finding in findings) else Exit.DONE


async def _look(config: Config) -> list[Finding]:
    running = is_held(Path(config.data))
    return [
        *await local_findings(config, running=running),
        *await daemon_findings(config, running=running),
        *await chain_findings(config, running=running),
    ]
