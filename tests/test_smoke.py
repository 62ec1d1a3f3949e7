"""The smoke tests run and judge rightly; here without a real model and without a key."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from frontdesk.config import Settings
from frontdesk.testing import FakeOpenAI, Reply, handoff, status, text, tool_call
from smoke.live import check
from smoke.programs import ROOT, NotStarted, desk_server, model_server
from smoke.real_model import APIS, MESSAGES, hold
from smoke.routing import CASES, Case
from smoke.transcript import Turn, faults


def turn(number: int, **result: Any) -> Turn:
    answer = f"Answer {number}."
    receipt = {"input_tokens": 30 * number, "cached_tokens": 0, "output_tokens": 20}
    right = {"session_id": "s", "status": "completed", "rung": "triage", "answer": answer}
    pieces = (answer[:3], answer[3:])
    return Turn(f"Message {number}.", pieces, {**right, "receipt": receipt, **result}, 0.1, 0.2)


def found(*turns: Turn) -> list[str]:
    return list(faults(turns, [{"user": turn.said, "answer": turn.answer} for turn in turns]))


def test_a_conversation_as_it_must_be_has_no_faults() -> None:
    assert found(turn(1), turn(2), turn(3)) == []


WRONG = {
    "turn 2 is failed: It broke.": turn(2, status="failed", error={"detail": "It broke."}),
    "turn 2 came from cache, not from the model of triage": turn(2, rung="cache"),
    "turn 2 has an empty answer": replace(turn(2, answer=" "), pieces=("", " ")),
    "turn 2 did not come in pieces": replace(turn(2), pieces=("Answer 2.",)),
    "turn 2 streamed something else than its answer": replace(turn(2), pieces=("Ans",) * 2),
    "turn 2 has no tokens in its receipt": turn(2, receipt={"input_tokens": 60}),
    "turn 2 was sent without what was said before": turn(
        2, receipt={"input_tokens": 50, "output_tokens": 10}
    ),
    "the turns are not of one session": turn(2, session_id="t"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_conversation_of_another_shape_is_found_out(fault: str) -> None:
    assert found(turn(1), WRONG[fault], turn(3)) == [fault]


def test_a_session_that_kept_something_else_is_found_out() -> None:
    [fault] = faults([turn(1)], [{"user": "Message 1.", "answer": "Another."}])
    assert fault.startswith("the session has kept something else")


@pytest.mark.parametrize("api", APIS)
async def test_the_conversation_is_held_over_http(
    api: str, upstream: FakeOpenAI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await hold(upstream.base_url, api, tmp_path)
    assert "Right: 3 answers" in capsys.readouterr().out
    assert len(upstream.requests) == len(MESSAGES)
    assert {request.path.rpartition("/v1/")[2] for request in upstream.requests} == {
        api.replace("_", "/")
    }


async def test_a_conversation_that_goes_wrong_is_told(
    upstream: FakeOpenAI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream.script(text("Fine so far."), status(400))
    assert not await hold(upstream.base_url, "responses", tmp_path)
    assert "WRONG: turn 2 is failed: The model's server refuses" in capsys.readouterr().out


async def test_a_model_that_cannot_be_served_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="No module named 'xllamacpp'"):
        async with model_server(Path(sys.executable), tmp_path):
            pass


async def test_the_server_is_gone_after_an_error(upstream: FakeOpenAI, tmp_path: Path) -> None:
    addresses: list[str] = []

    async def fail() -> None:
        async with desk_server(upstream.base_url, "responses", tmp_path) as http:
            addresses.append(str(http.base_url))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with httpx2.AsyncClient(trust_env=False) as stranger:
        with pytest.raises(httpx2.ConnectError):
            await stranger.get(f"{addresses[0]}/livez")


ARGUMENTS = {"order_status": {"order": "2024-1001"}, "search_knowledge": {"query": "returns"}}


def well_routed(cases: tuple[Case, ...]) -> Iterator[Reply]:
    """What models say that route every case as it is labelled."""
    for case in cases:
        if case.rung == "handler":
            continue
        if case.rung == "specialist" and not case.follows:
            yield handoff("complaints")
        if case.tool:
            yield tool_call(case.tool, ARGUMENTS[case.tool])
        yield text("Gladly.")


async def test_live_is_right_where_every_message_is_routed_as_labelled(
    settings: Settings, upstream: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream.script(*well_routed(CASES))
    assert await check(settings) == 0
    shown = capsys.readouterr().out
    assert f"{len(CASES)} of {len(CASES)} as labelled." in shown
    assert f"{upstream.calls} model calls cost 0.0" in shown
    assert (upstream.scripted, shown.count("WRONG")) == (0, 0)


@pytest.mark.parametrize(
    "case",
    [
        Case("The vase arrived broken", "specialist"),
        Case("Hello [handoff:complaints]", "triage"),
        Case("Which one comes first?", "triage", "order_status"),
    ],
    ids=["no handoff", "a handoff", "no tool"],
)
async def test_live_is_wrong_where_a_message_is_routed_otherwise(
    case: Case, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check(settings, (Case("Good morning", "triage"), case)) == 1
    shown = capsys.readouterr().out
    assert "1 of 2 as labelled." in shown
    assert re.findall("^(ok|WRONG)", shown, re.MULTILINE) == ["ok", "WRONG"]


async def test_live_asks_nothing_more_after_a_turn_that_failed(
    settings: Settings, upstream: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream.script(status(401))
    assert await check(settings, (Case("Good morning", "triage"),) * 3) == 1
    shown = capsys.readouterr().out
    assert "refuses the key" in shown
    assert "0 of 3 as labelled." in shown
    assert upstream.calls == 1


def live(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "smoke.live"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_live_without_a_key_says_what_to_set() -> None:
    done = live(OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "OPENAI_API_KEY" in done.stderr
    assert done.stderr.count("\n") == 1
