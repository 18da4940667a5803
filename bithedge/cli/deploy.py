"""`deploy`: publishes and sets up the contracts by a plan, as often as it takes, and verifies them."""

import argparse
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bithedge.cli.contracts import Chain, chain_at, in_stx, node_url
from bithedge.cli.exits import CommandError, Exit
from bithedge.cli.loop import run_on_loop
from bithedge.cli.settings import add_node, add_settings, config_of
from bithedge.cli.terminal import say
from bithedge.config import CONFIG_FOLDER, Config
from bithedge.data_folder import DataFolder
from bithedge.devnet.process import DevnetOptions, DevnetProcess
from bithedge.protocol.deploy_plan_file import ReadKey, read_plan
from bithedge.protocol.deploy_record import RecordKeeper, record_path
from bithedge.protocol.deploy_steps import Step
from bithedge.protocol.deploying import Deployer, Plan, differences
from bithedge.stacks.keys import PrivateKey, read_key_file
from bithedge.stacks.networks import Network
from bithedge.stacks.signing import SignedTransaction

NAME: Final = "deploy"
HELP: Final = "publish and set up the contracts by a plan, verify them, and write a deployment record"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what, where, by whom, and whether at all."""
    add_settings(parser)
    add_node(parser)
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="by default config/deployments/NETWORK.toml"
    )
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="the deployer's; on a devnet the first account's by default"
    )
    parser.add_argument("--dry-run", action="store_true", help="tell every step and its fee, send nothing")


def run(options: argparse.Namespace) -> Exit:
    """Bring the chain to the plan, or tell what that would take.

    Raises:
        ConfigError: the settings or the plan are wrong, or not filled in.
        DeploymentError: the contracts are not as they should be, or a step was refused.
        NodeError: the node does not answer.
        DataFolderHeldError: a daemon holds the data folder.
    """
    return run_on_loop(_run(options, config_of(options)))


async def _run(options: argparse.Namespace, config: Config) -> Exit:
    folder = DataFolder.open(Path(config.data))
    try:
        network = Network(config.network)
        file: Path = options.plan or CONFIG_FOLDER / "deployments" / f"{network}.toml"
        key = None if options.key is None else read_key_file(options.key)
        if network is not Network.DEVNET:  # a plan that is not filled in is told before anything is asked
            read_plan(file, network, signing=key, read_key=_reader(folder, network))
        async with _node(config, folder) as url, chain_at(config, url) as chain:
            key = key or await chain.first_key()
            plan = read_plan(file, network, signing=key, read_key=_reader(folder, network))
            await _tell(chain, plan)
            if options.dry_run:
                return Exit.DONE
            return await _deploy(chain, plan, key, folder)
    finally:
        folder.close()


async def _deploy(chain: Chain, plan: Plan, key: PrivateKey | None, folder: DataFolder) -> Exit:
    path = record_path(folder.path, chain.network)
    keeper = RecordKeeper(path, plan)

    def note(step: Step, signed: SignedTransaction) -> None:
        keeper.note(step, signed)
        say(f"  sent {signed.txid}: {step.effect}")

    if key is None and await Deployer(chain.node, None, plan, chain.waiting()).preview():
        raise CommandError("there are steps to take: give the deployer's --key FILE", Exit.USAGE)
    await Deployer(chain.node, key, plan, chain.waiting(), note).deploy()
    found = await differences(chain.node, plan)
    if found:
        lines = "\n".join(f"  {line}" for line in found)
        raise CommandError(
            f"the chain is not as the plan says, and what is sealed only governance changes:\n{lines}"
        )
    record = await keeper.close(chain.node)
    say(f"Verified: sources, keys, numbers and seats are as planned. The record is {path}")
    verified = record.verified
    if verified is not None and verified.change_id is not None:
        say(
            f"{verified.owner_proposed} is still to accept the owner's seat, from height "
            f"{verified.ready_height} on: `run.py govern execute {verified.change_id} --key FILE`"
        )
    return Exit.DONE


async def _tell(chain: Chain, plan: Plan) -> None:
    steps = await Deployer(chain.node, None, plan, chain.waiting()).preview()
    where = plan.deployment
    say(f"{where.registry} and {where.pool} on {chain.network}, paying in {where.sbtc_token}")
    if not steps:
        say("Nothing is left to do.")
        return
    for number, (step, fee) in enumerate(steps, 1):
        say(f"{number:3}. {step.effect}; fee {in_stx(fee)}")
    total = sum(fee for _, fee in steps)
    say(f"{len(steps)} transactions of {where.deployer}, fees {in_stx(total)} in all")


@asynccontextmanager
async def _node(config: Config, folder: DataFolder) -> AsyncGenerator[str]:
    if config.network != "devnet" or config.node.url:
        yield node_url(config)
        return
    devnet = DevnetOptions(
        data=folder.devnet,
        port=config.node.port,
        block_time_s=config.devnet.block_time_s,
        burn_time_s=config.devnet.burn_time_s,
    )
    process = await DevnetProcess.start(devnet)
    try:
        yield process.url
    finally:
        await process.stop()


def _reader(folder: DataFolder, network: Network) -> ReadKey:
    if network is Network.DEVNET:
        return folder.key
    return lambda name: read_key_file(folder.path / "keys" / name)
