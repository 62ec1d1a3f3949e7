"""A turn in the background whose process is killed, again and again: it is done once, by others."""

from pathlib import Path

from tests.test_fleet import serving
from tests.workers import Place, ended, killed, now, sent, until, working

from frontdesk.testing import FakeOpenAI, slow, text, tool_call

HELD = slow(30)
"""An answer of a model that does not come as long as its process lives."""


async def test_a_turn_that_is_killed_twice_is_completed_once_and_pays_once(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    place = Place(tmp_path / "plugins")
    told = {"FRONTDESK_PLUGINS_DIR": str(place.folder), "FRONTDESK_LEASE_S": "1"}
    place.hold("power")
    upstream.script(
        tool_call("rent", {"amount": 5}), tool_call("power", {"amount": 7}), HELD, text("All paid.")
    )
    async with serving(tmp_path / "data", upstream, **told) as one:
        turn = await sent(one, "Pay my bills")
        await until(lambda: len(place.paid) == 2)  # in the middle of the second tool
        await killed(one.process)
    place.hold("")
    async with serving(tmp_path / "data", upstream, **told) as two:
        await until(lambda: upstream.calls == 3 and upstream.active)  # in the middle of the answer
        await killed(two.process)
    async with serving(tmp_path / "data", upstream, **told) as three:
        result = await ended(three, turn)
    assert (result["status"], result["answer"]) == ("completed", "All paid.")
    assert place.paid == ["rent 5", "power 7"]
    assert upstream.calls == 4  # only the one that was cut off was made again


async def test_workers_that_are_killed_are_followed_by_others(
    tmp_path: Path, upstream: FakeOpenAI
) -> None:
    place, data = Place(tmp_path / "plugins"), tmp_path / "data"
    told = {"FRONTDESK_PLUGINS_DIR": str(place.folder), "FRONTDESK_LEASE_S": "1"}
    told["FRONTDESK_WORKER"] = "outside"
    place.hold("power")
    upstream.script(
        tool_call("rent", {"amount": 5}), tool_call("power", {"amount": 7}), HELD, text("All paid.")
    )
    async with serving(data, upstream, **told) as server:
        async with working(data, upstream, **told) as one:
            turn = await sent(server, "Pay my bills")
            await until(lambda: len(place.paid) == 2)
            await killed(one)
        place.hold("")
        async with working(data, upstream, **told) as two:
            await until(lambda: upstream.calls == 3 and upstream.active)
            await killed(two)
        assert (await now(server, turn))["status"] in ("in_progress", "queued")
        async with working(data, upstream, **told):
            result = await ended(server, turn)
    assert (result["status"], result["answer"]) == ("completed", "All paid.")
    assert (place.paid, place.by) == (["rent 5", "power 7"], [one.pid, one.pid])
    assert upstream.calls == 4
