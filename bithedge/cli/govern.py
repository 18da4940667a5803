"""`govern`: one act of the owner or the guardian, told in words before it is signed."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bithedge.cli.contracts import Chain, chain_at, deployment_on, in_stx, node_url
from bithedge.cli.exits import CommandError, Exit
from bithedge.cli.loop import run_on_loop
from bithedge.cli.settings import add_settings, config_of
from bithedge.cli.terminal import say
from bithedge.config import Config
from bithedge.domain.contract_errors import CONTRACT_ERRORS
from bithedge.protocol.deploy_plan import DeploymentError
from bithedge.protocol.deploy_sending import fee_of, queue_of, send
from bithedge.protocol.governing import (
    Act,
    Cancel,
    Execute,
    GovernanceError,
    Pause,
    ProposeKey,
    ProposeParameter,
    ProposeSeat,
    RemoveKey,
    Resume,
    Ruling,
    described,
    rule_on,
    state_of,
)
from bithedge.protocol.governing_state import PAUSABLE, SEATS, SIGNING_ROLES, Registry, Standing
from bithedge.stacks.clarity import Ok, serialise_hex
from bithedge.stacks.clarity_python import as_uint
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.keys import PrivateKey, read_key_file
from bithedge.stacks.transactions import Transaction, contract_call

NAME: Final = "govern"
HELP: Final = "an owner's or guardian's act: says what will happen, then signs and sends it"
_PUBLIC_KEY_BYTES: Final = 33


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the acts, each with its own words."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    shown = acts.add_parser("show", help="who governs, what is paused, and what is proposed")
    proposed = acts.add_parser("propose", help="a seat, a signing key or a number; takes the timelock")
    kinds = proposed.add_subparsers(dest="kind", required=True, metavar="seat|key|parameter")
    seat = kinds.add_parser("seat", help="give a seat to somebody else; the owner's they must accept")
    seat.add_argument("seat", choices=SEATS)
    seat.add_argument("who", metavar="ADDRESS")
    key = kinds.add_parser("key", help="register a signing key")
    number = kinds.add_parser("parameter", help="change a number")
    number.add_argument("name", metavar="NAME")
    number.add_argument("value", type=int, metavar="N")
    executed = acts.add_parser("execute", help="make a proposal take effect, once its timelock has passed")
    executed.add_argument("change", type=int, metavar="ID")
    cancelled = acts.add_parser("cancel", help="void every proposal so far")
    paused = acts.add_parser("pause", help="stop sales, withdrawals or settlements for some blocks")
    paused.add_argument("what", choices=PAUSABLE)
    paused.add_argument("blocks", type=int, metavar="BLOCKS")
    resumed = acts.add_parser("resume", help="end a pause")
    resumed.add_argument("what", choices=PAUSABLE)
    removed = acts.add_parser("remove-key", help="take a signing key away, at once")
    for word in (key, removed):
        word.add_argument("role", choices=SIGNING_ROLES)
        word.add_argument("public_key", type=_public_key, metavar="0x..")
    for word in (seat, key, number, executed, cancelled, paused, resumed, removed):
        who = word.add_mutually_exclusive_group(required=True)
        who.add_argument("--key", type=Path, metavar="FILE", help="of whoever acts")
        who.add_argument(
            "--as",
            dest="sender",
            metavar="ADDRESS",
            help="tell what would happen if this address acted, and the call for it to sign; sends nothing",
        )
        word.add_argument("--dry-run", action="store_true", help="tell what would happen, send nothing")
        word.add_argument("--yes", action="store_true", help="do not ask before sending")
    for word in (shown, seat, key, number, executed, cancelled, paused, resumed, removed):
        add_settings(word)
        word.add_argument(
            "--node-url", metavar="URL", help="on a devnet by default where `serve` runs its own"
        )


def run(options: argparse.Namespace) -> Exit:
    """Tell what an act does, ask, sign, send, and tell what came of it.

    Raises:
        CommandError: the registry would refuse it, or did, or nobody said yes.
        ConfigError: the settings do not say where node and contracts are.
        NodeError: the node does not answer.
    """
    return run_on_loop(_run(options, config_of(options)))


async def _run(options: argparse.Namespace, config: Config) -> Exit:
    async with chain_at(config, node_url(config)) as chain:
        registry = Registry(chain.node, await deployment_on(chain, config))
        if await chain.node.contract_source(registry.deployment.registry) is None:
            raise CommandError(f"{registry.deployment.registry} is not published: `run.py deploy` does that")
        if options.act == "show":
            _show(registry, await registry.standing())
            return Exit.DONE
        key = None if options.key is None else read_key_file(options.key)
        sender: str = options.sender if key is None else key.address(chain.network)
        return await _Sitting(chain, registry, key, sender).hold(options)


class _Sitting:
    """One act; without its key it can only be told."""

    def __init__(self, chain: Chain, registry: Registry, key: PrivateKey | None, sender: str) -> None:
        self._chain = chain
        self._registry = registry
        self._key = key
        self._sender = sender

    async def hold(self, options: argparse.Namespace) -> Exit:
        standing = await self._registry.standing()
        act = await _act_of(options, self._registry)
        try:
            ruling = rule_on(act, standing, self._sender)
        except GovernanceError as error:
            raise CommandError(str(error)) from error
        self._tell(ruling)
        if self._key is None:
            say(f"For {self._sender} to sign; nothing is sent.")
            return Exit.DONE
        say(f"Signed by {self._sender}; fee {in_stx(await fee_of(self._chain.node, self._maker(ruling)))}")
        if options.dry_run:
            say("A dry run: nothing is sent.")
            return Exit.DONE
        if not options.yes and not _agreed():
            raise CommandError("nothing was sent")
        say(await self._send(ruling, self._key))
        return Exit.DONE

    def _tell(self, ruling: Ruling) -> None:
        for line in ruling.says:
            say(line)
        arguments = " ".join(serialise_hex(argument) for argument in ruling.arguments)
        say(f"The call: {self._registry.deployment.registry} {ruling.function} {arguments}".rstrip())

    async def _send(self, ruling: Ruling, key: PrivateKey) -> str:
        node = self._chain.node
        queue = await queue_of(node, self._sender)
        signed = await send(node, key, self._maker(ruling), nonce=queue.nonce)
        say(f"Sent {signed.txid}; waiting until it is mined")
        try:
            await self._chain.waiting()([signed.txid])
        except DeploymentError as error:
            raise CommandError(_explained(str(error))) from error
        found = await node.transaction(signed.txid)
        outcome = None if found is None or found.result is None else deserialise_hex(found.result.hex)
        if ruling.function.startswith(("propose-", "set-backend")) and isinstance(outcome, Ok):
            return f"Done: it is change {as_uint(outcome.value)}"
        return "Done"

    def _maker(self, ruling: Ruling) -> Callable[[int, int], Transaction]:
        def make(nonce: int, fee: int) -> Transaction:
            return contract_call(
                self._chain.network,
                sender=self._sender,
                nonce=nonce,
                fee=fee,
                contract=self._registry.deployment.registry,
                function=ruling.function,
                arguments=ruling.arguments,
            )

        return make


async def _act_of(options: argparse.Namespace, registry: Registry) -> Act:
    match options.act, getattr(options, "kind", None):
        case "propose", "seat":
            return ProposeSeat(options.seat, options.who)
        case "propose", "key":
            return ProposeKey(options.role, options.public_key)
        case "propose", _:
            return ProposeParameter(options.name, options.value)
        case "execute", _:
            return Execute(options.change)
        case "cancel", _:
            return Cancel()
        case "pause", _:
            return Pause(options.what, options.blocks)
        case "resume", _:
            return Resume(options.what)
        case _:
            known = await registry.is_signer(options.role, options.public_key)
            return RemoveKey(options.role, options.public_key, known)


def _show(registry: Registry, standing: Standing) -> None:
    say(f"{registry.deployment.registry} at height {standing.height}")
    for seat, who in standing.seats.items():
        say(f"  {seat:9} {who}")
    for role, count in standing.keys.items():
        say(f"  {role:9} {count} registered, {standing.parameters[role]} must sign")
    for what, until in standing.pauses.items():
        if standing.height < until:
            say(f"  paused    {what}, until height {until}")
    for change in standing.changes:
        say(f"  change {change.id}: {described(change)}; {state_of(change, standing.height)}")


def _agreed() -> bool:
    try:
        return input("Send it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        raise CommandError("nobody is there to agree: give --yes", Exit.USAGE) from None


def _explained(refusal: str) -> str:
    for number, error in CONTRACT_ERRORS.items():
        if f"(err u{number})" in refusal:
            return f"{refusal}: {error.name}, {error.meaning}"
    return refusal


def _public_key(text: str) -> bytes:
    try:
        key = from_hex(text)
    except ValueError:
        key = b""
    if len(key) != _PUBLIC_KEY_BYTES:
        raise argparse.ArgumentTypeError("a public key is 33 bytes in hex")
    return key
