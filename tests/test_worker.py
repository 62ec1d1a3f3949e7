"""`frontdesk worker`: servers take turns in the background in, workers run them."""

import signal
from pathlib import Path

import pytest
from tests.test_fleet import serving
from tests.workers import USER, Place, ended, now, sent, until, working

from frontdesk.cli import main
from frontdesk.testing import FakeOpenAI, text, tool_call

PAYS = tool_call("rent", {"amount": 5})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "plugins")


@pytest.fixture
def told(place: Place) -> dict[str, str]:
    return {
        "FRONTDESK_PLUGINS_DIR": str(place.folder),
        "FRONTDESK_LEASE_S": "1",
        "FRONTDESK_WORKER": "outside",
    }


async def test_a_server_takes_in_and_a_worker_runs_what_is_not_cancelled(
    tmp_path: Path, upstream: FakeOpenAI, place: Place, told: dict[str, str]
) -> None:
    upstream.script(PAYS, text("Paid."), PAYS, text("Paid again."))
    async with serving(tmp_path / "data", upstream, **told) as server:
        turn = await sent(server, "Pay")
        first = await now(server, turn)
        later = await sent(server, "Pay again", session_id=first["session_id"])
        assert (first["status"], upstream.calls) == ("queued", 0)
        gone = await sent(server, "Never mind")
        await server.http.post(f"/v1/turns/{gone}/cancel", headers=USER)
        assert (await ended(server, gone))["status"] == "cancelled"
        async with working(tmp_path / "data", upstream, **told) as worker:
            answers = [(await ended(server, each))["answer"] for each in (turn, later)]
    assert answers == ["Paid.", "Paid again."]
    assert place.by == [worker.pid, worker.pid]


async def test_a_worker_that_is_told_to_stop_hands_its_turn_over(
    tmp_path: Path, upstream: FakeOpenAI, place: Place, told: dict[str, str]
) -> None:
    place.hold("power")
    upstream.script(PAYS, tool_call("power", {"amount": 7}), text("All paid."))
    told["FRONTDESK_LEASE_S"] = "600"  # so that it is not taken over because a lease has ended
    async with serving(tmp_path / "data", upstream, **told) as server:
        async with working(tmp_path / "data", upstream, **told, FRONTDESK_DRAIN_S="0.2") as one:
            turn = await sent(server, "Pay")
            await until(lambda: len(place.paid) == 2)
            one.send_signal(signal.SIGTERM)
            assert await one.wait() == 0
        async with working(tmp_path / "data", upstream, **told):
            result = await ended(server, turn)
    assert (result["status"], result["answer"]) == ("completed", "All paid.")
    assert (place.paid, upstream.calls) == (["rent 5", "power 7"], 3)


def test_a_worker_without_servers_that_need_it_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["worker"])
    assert "FRONTDESK_WORKER=outside" in capsys.readouterr().err
