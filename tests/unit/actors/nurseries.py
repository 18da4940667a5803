"""A supervised house whose children keep a diary, for the tests of supervision."""

import asyncio
import random
from typing import Any

import pykka

from actors.runtime import (
    Address,
    AsyncioActor,
    ChildSpec,
    ControlMessage,
    Message,
    RestartPolicy,
)
from actors.seams import TaskKeeper
from actors.supervisor import Supervisor

AT_ONCE = RestartPolicy(base_s=0.0)


class Note(Message[str], frozen=True):
    """Answered by the incarnation that wrote it down."""

    text: str


class Urgent(ControlMessage[str], frozen=True):
    """As a note, whatever waits."""

    text: str


class Die(Message[None], frozen=True):
    """A fault in the handler, once `gate` opens."""

    gate: asyncio.Event


class Leave(Message[None], frozen=True):
    """Stops unasked."""


class Worker(AsyncioActor):
    """One incarnation of a child."""

    def __init__(self, name: str, diary: list[str]) -> None:
        super().__init__()
        self.name = name
        self.diary = diary

    async def on_receive(self, message: Note | Urgent | Die | Leave) -> str | None:
        match message:
            case Die():
                await message.gate.wait()
                raise ValueError("a fault")
            case Leave():
                self.stop()
                return None
            case _:
                self.diary.append(f"{self.name}: {message.text}")
                return self.name

    def on_stop(self) -> None:
        self.diary.append(f"{self.name} stopped")


class Nursery:
    """Starts the incarnations of a child; `faults` are what the next starts die of, None being a success."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name = name
        self.diary = diary
        self.born: asyncio.Queue[pykka.ActorRef[Worker]] = asyncio.Queue()
        self.tried: asyncio.Queue[None] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.faults: list[Exception] = []
        self._count = 0

    async def start(self) -> pykka.ActorRef[Any]:
        self.tried.put_nowait(None)
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        self._count += 1
        ref = Worker.start(f"{self.name}{self._count}", self.diary)
        self.diary.append(f"{self.name}{self._count} started")
        self.born.put_nowait(ref)
        return ref


class House:
    """A supervisor with its nurseries, one diary for all."""

    def __init__(self, policy: RestartPolicy = AT_ONCE) -> None:
        self.diary: list[str] = []
        self.tasks = TaskKeeper()
        self.supervisor = Supervisor(spawn=self.tasks, random=random.Random(1), policy=policy)
        self.nurseries: dict[str, Nursery] = {}

    def add(self, name: str, **options: Any) -> tuple[Address, Nursery]:
        nursery = self.nurseries[name] = Nursery(name, self.diary)
        return self.supervisor.add(ChildSpec(name, nursery.start, **options)), nursery


def die_now() -> Die:
    gate = asyncio.Event()
    gate.set()
    return Die(gate)


async def down(house: House, address: Address, nursery: Nursery) -> None:
    """Start the house, let the child die, and hold its next incarnation back."""
    await house.supervisor.start()
    nursery.born.get_nowait()
    nursery.tried.get_nowait()
    nursery.gate.clear()
    address.tell(die_now())
    await nursery.tried.get()
