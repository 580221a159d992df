"""The ways to kill, each at a random moment of its own kind; a round draws among them."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

from trygg_tools.crash.stage import Stage

LOAD_S = 0.3  # after the first acknowledgement of a life
START_S = 0.08  # of a start, which takes 0.04 s
PAUSE_S = 0.05  # before it is started again
TRAP_S = 5.0
BESIDE_S = 0.15  # after the word to reload or to back up
MIGRATION_S = 0.06
SHARES = {"load": 5, "start": 2, "delivery": 3, "reload": 1, "backup": 1}
BROKER_SHARES = {**SHARES, "load": 4, "delivery": 2, "broker": 3, "both": 1}


class Hunt:
    """Kills on one stage; `kills` counts them by kind."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        self.kills: dict[str, int] = {}
        self.backups: list[Path] = []
        self._stage = stage
        self._dice = dice
        shares = SHARES if stage.broker is None else BROKER_SHARES
        self._kinds, self._weights = list(shares), list(shares.values())

    async def kill(self) -> None:
        """One kill of a kind drawn, and everything is started again."""
        (kind,) = self._dice.choices(self._kinds, self._weights)
        await getattr(self, f"_{kind}")()
        self.kills[kind] = self.kills.get(kind, 0) + 1

    async def _again(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, PAUSE_S))
        self._stage.start_gateway()

    async def migrate(self, kills: int) -> None:
        """Before the stage starts: an old journal, and kills while it is brought up to date."""
        for _ in range(kills):
            self._stage.start_gateway()
            await asyncio.sleep(self._dice.uniform(0, MIGRATION_S))
            self._stage.kill_gateway()
        self.kills["migration"] = kills

    async def _reload(self) -> None:
        """While it takes over new settings, its webhook among them."""
        await self._stage.ready()
        self._stage.settle_again(self._dice.randrange(5, 20))
        assert self._stage.pid is not None
        os.kill(self._stage.pid, signal.SIGHUP)
        await asyncio.sleep(self._dice.uniform(0, BESIDE_S))
        self._stage.kill_gateway()
        await self._again()

    async def _backup(self) -> None:
        """While its journal is copied: the gateway, and every third time the copying too."""
        await self._stage.hear()
        self.backups.append(self._stage.folder / f"backup-{len(self.backups)}.sqlite")
        copying = self._stage.back_up(self.backups[-1])
        await asyncio.sleep(self._dice.uniform(0, BESIDE_S))
        self._stage.kill_gateway()
        await self._again()
        await asyncio.sleep(self._dice.uniform(0, BESIDE_S))
        self._stage.end(copying, at_once=self._dice.random() < 0.3)

    async def _load(self) -> None:
        """In the middle of commits and deliveries."""
        await self._stage.hear()
        await asyncio.sleep(self._dice.uniform(0, LOAD_S))
        self._stage.kill_gateway()
        await self._again()

    async def _start(self) -> None:
        """While it starts: opening the journal, repairing the file, before and after the doors."""
        await self._stage.hear()
        self._stage.kill_gateway()
        await self._again()
        await asyncio.sleep(self._dice.uniform(0, START_S))
        self._stage.kill_gateway()
        await self._again()

    async def _delivery(self) -> None:
        """The receiver has the record, or is about to; the gateway never learns."""
        await self._stage.hear()
        sprung = asyncio.Event()

        def trap() -> None:
            self._stage.kill_gateway()
            sprung.set()

        hook = self._stage.served.hook
        hook.set_trap(trap, self._dice.randrange(40), before=self._dice.random() < 0.3)
        try:
            await asyncio.wait_for(sprung.wait(), TRAP_S)
        except TimeoutError:
            self._stage.kill_gateway()
        finally:
            hook.set_trap(None)
        await self._again()

    async def _broker(self) -> None:
        """The broker, and all that it holds in memory."""
        await self._stage.hear()
        await asyncio.sleep(self._dice.uniform(0, LOAD_S))
        await self._broker_again()

    async def _both(self) -> None:
        """Broker and gateway, in either order."""
        await self._stage.hear()
        await asyncio.sleep(self._dice.uniform(0, LOAD_S))
        self._stage.kill_gateway()
        await self._broker_again()
        await self._again()

    async def _broker_again(self) -> None:
        assert self._stage.broker is not None
        self._stage.broker.kill()
        await asyncio.sleep(self._dice.uniform(0, PAUSE_S))
        await self._stage.broker.start()
