"""What is at the other end is killed, paused and slowed while a gateway serves: a clear error, nothing half-written,
recovery by itself, others undisturbed, and live queries that are right afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integrations.world import PATIENCE, database, opened, until
from tests.resolvers.servers import Server, make_certificate

QUICK = [{"id": 1, "text": "quick"}]
ADA = [{"id": 1, "text": "Ada"}]
STORED = "{ stored { id text } }"


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
async def test_a_database_is_killed_and_paused(kind: str, tmp_path: Path) -> None:
    with database(kind) as store:
        async with opened(tmp_path, store.settings) as world, world.live("{ both { stored { id } } }") as watcher:
            await watcher.until({"both": {"stored": []}})
            assert await world.ask("mutation { add(id: 1) { id } }") == {"id": 1}
            await watcher.until({"both": {"stored": [{"id": 1}]}})

            # Killed in the middle of a transaction, which has mails and hooks to send.
            writing = asyncio.create_task(world.ask("mutation { slow(id: 2) }"))
            await until(store.in_transaction)
            await asyncio.to_thread(store.kill)
            assert (await world.ask(STORED))["code"] == "UPSTREAM_FAILED"
            assert await world.ask("{ quick { id text } }") == QUICK
            assert await world.ask("{ customers { id text } }") == ADA
            assert (await writing)["code"] == "UPSTREAM_FAILED"
            assert (await world.ask("mutation { tell(id: 3) }"))["code"] == "UPSTREAM_FAILED"

            # Back, without anybody doing anything here.
            await asyncio.to_thread(store.start)
            await world.until(STORED, [{"id": 1, "text": "row 1"}])
            assert await asyncio.to_thread(store.rows) == [1]
            assert await world.ask("{ quick { id text } }") == QUICK
            assert await world.ask("mutation { add(id: 4) { id } }") == {"id": 4}
            await watcher.until({"both": {"stored": [{"id": 1}, {"id": 4}]}})

            # Paused: it takes what it is asked, and says nothing.
            await asyncio.to_thread(store.pause)
            try:
                asked = asyncio.create_task(world.ask("{ storedSoon { id } }"))
                assert await world.ask("{ quick { id text } }") == QUICK
                assert await world.ask("{ customers { id text } }") == ADA
                assert (await asked)["code"] == "TIMEOUT"
            finally:
                await asyncio.to_thread(store.resume)
            await world.until(STORED, [{"id": 1, "text": "row 1"}, {"id": 4, "text": "row 4"}])
            assert await world.ask("mutation { tell(id: 5) }") is True
            await watcher.until({"both": {"stored": [{"id": 1}, {"id": 4}, {"id": 5}]}})
            if store.settings.get("watch"):
                # It hears others again, too.
                await asyncio.to_thread(store.write, 6)
                await watcher.until({"both": {"stored": [{"id": 1}, {"id": 4}, {"id": 5}, {"id": 6}]}})
            assert [
                row["id"] for row in (await world.ask("{ both { stored { id } } }"))["stored"]
            ] == await asyncio.to_thread(store.rows)
            # Of all that was to be sent, what was committed.
            await until(lambda: world.hook.posted)
            await until(lambda: world.mail.letters)
            assert world.hook.posted == [{"id": 5}]
            assert [letter.message["subject"] for letter in world.mail.letters] == ["About 5"]


MOODS = {
    "hangs": ("TIMEOUT", None),
    "drops": ("UPSTREAM_FAILED", None),
    "half an answer": ("UPSTREAM_FAILED", None),
    "no JSON": ("UPSTREAM_FAILED", 200),
    "wrong content type": ("UPSTREAM_FAILED", 200),
    "wrong shape": ("UPSTREAM_FAILED", 200),
    "too much": ("LIMIT", None),
    "status": ("UPSTREAM_FAILED", 503),
}


async def test_another_server_misbehaves(tmp_path: Path) -> None:
    here, _ = make_certificate(tmp_path, "elsewhere.example")
    async with Server(lambda request: request.answer(b"{}"), here) as vault:
        store = {"kind": "sqlite", "file": "desk.db"}
        async with (
            opened(tmp_path, store, f"https://127.0.0.1:{vault.port}") as world,
            world.live("{ both { customers { text } } }") as watcher,
        ):
            # Nobody vouches for its certificate.
            assert (await world.ask("{ secrets }"))["code"] == "UPSTREAM_FAILED"
            assert vault.asked == []
            for number, (mood, (code, status)) in enumerate(MOODS.items()):
                name = f"Ada {number}"
                world.crm.mood, world.crm.waiting = mood, 0
                asked = asyncio.create_task(world.ask("{ customers { id } }"))
                if mood == "hangs":
                    await until(lambda: world.crm.waiting)
                    assert await world.ask("{ quick { id text } }") == QUICK
                    assert not asked.done(), "others are answered while it hangs"
                found = await asked
                assert (found["code"], found.get("status")) == (code, status), mood
                # What is written together with it is not written. Of what no type is declared for, any answer will do.
                if not mood.startswith("wrong"):
                    assert (await world.ask(f"mutation {{ ask(id: {number}) }}"))["code"] in (code, "UPSTREAM_FAILED")
                assert await world.ids() == []
                # Right again, and so is who watches, though nobody tells.
                world.crm.customers[0]["text"] = name
                world.crm.mood = ""
                await watcher.until({"both": {"customers": [{"text": name}]}})
                await world.until("{ customers { text } }", [{"text": name}])
            assert world.crm.posted == []


async def test_nobody_takes_hooks_and_letters(tmp_path: Path) -> None:
    async with opened(tmp_path, {"kind": "sqlite", "file": "desk.db"}) as world:
        world.hook.mood = "hangs"
        await world.mail.stop()
        for number in (1, 2):
            assert await world.ask(f"mutation {{ tell(id: {number}) }}") is True
        assert await world.ids() == [1, 2]
        assert await world.ask("{ customers { id text } }") == ADA
        await until(lambda: world.hook.waiting)
        world.hook.mood = ""
        await world.mail.start()
        async with asyncio.timeout(PATIENCE):
            await until(lambda: len(world.hook.posted) >= 2)
            await until(lambda: len(world.mail.letters) >= 2)
        assert sorted(each["id"] for each in world.hook.posted) == [1, 2]
        assert sorted(letter.message["subject"] for letter in world.mail.letters) == ["About 1", "About 2"]
