"""Tools that a person has to approve: the turn waits, and goes on once, anywhere, unchanged."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from tests.approvals import (
    REFUND,
    REFUSED,
    asked,
    decide,
    decided,
    desk_with,
    ending,
    kinds,
    waits,
)

from frontdesk.config import Settings
from frontdesk.contract.approvals import Decision, Pause
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import (
    ApprovalDecided,
    ApprovalExpired,
    FrontdeskError,
    InvalidRequest,
    NotFound,
)
from frontdesk.contract.keys import WAITING, OwnerKeys
from frontdesk.desk import Desk
from frontdesk.sessions.pending import dump_pending, load_pending, restore, vaults
from frontdesk.sessions.sealing import Sealing
from frontdesk.testing import FakeOpenAI, Visitor, text, together, tool_call

CALL, OUT = "function_call", "function_call_output"
ALL = ["Money back, please!", CALL, OUT, "It is done."]


@pytest.fixture
def made() -> list[str]:
    """The refunds that were made."""
    return []


@pytest_asyncio.fixture
async def desk(settings: Settings, made: list[str]) -> AsyncIterator[Desk]:
    async with desk_with(settings, made) as opened:
        yield opened


async def test_a_turn_waits_and_says_for_what(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann, upstream)
    assert waiting.status == "waiting"
    (action,) = waiting.required_actions
    assert (action["tool"], action["agent"]) == ("refund", "triage")
    assert action["arguments"] == {"order": "A-1", "amount": 5}
    assert action["expires_at"] > "2026"
    assert made == []
    assert await ann.records() == []


@pytest.mark.parametrize("stream", [True, False])
async def test_an_approved_call_is_made_once_as_it_was_asked_for(
    ann: Visitor, upstream: FakeOpenAI, made: list[str], stream: bool
) -> None:
    waiting = await asked(ann, upstream, stream=stream)
    result = await decided(ann, waiting)
    assert (result.status, result.answer, made) == ("completed", "It is done.", ["A-1 5"])
    assert result.receipt
    assert [(use.name, use.ok) for use in result.receipt.tools] == [("refund", True)]
    assert result.receipt.model_calls == 2
    (record,) = await ann.records()
    assert kinds(record.items) == ALL


async def test_a_rejected_call_is_not_made_and_the_model_is_told_why(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    result = await decided(ann, await asked(ann, upstream), False, "Not in May.")
    assert (result.status, made) == ("completed", [])
    (record,) = await ann.records()
    assert kinds(record.items) == ALL
    assert "refused" in record.items[2]["output"]
    assert "Not in May." in str(upstream.requests[-1].body["input"])


async def test_a_second_decision_is_refused(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann, upstream)
    await decided(ann, waiting)
    with pytest.raises(ApprovalDecided):
        await decide(ann, waiting, False)
    assert made == ["A-1 5"]


async def test_two_processes_that_approve_at_once_make_one_call(
    settings: Settings, ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann, upstream)
    async with desk_with(settings, made) as other:
        both = (ann, Visitor(other, "ann"))
        said = await asyncio.gather(
            *(decide(each, waiting) for each in both for _ in range(4)), return_exceptions=True
        )
        result = ending(await ann.read(waiting.turn_id))
    assert sorted(map(str, said)) == sorted(["None", *[str(ApprovalDecided(DECIDED))] * 7])
    assert (result.status, made) == ("completed", ["A-1 5"])


DECIDED = "This was decided already, or the turn has ended."


async def test_somebody_else_finds_nothing_to_approve(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann, upstream)
    with pytest.raises(NotFound):
        await decide(Visitor(ann.desk, "eve"), waiting)
    with pytest.raises(NotFound):
        await ann.desk.decide(ann.owner, waiting.turn_id, Decision("appr_other", True))
    assert made == []


async def test_a_message_meanwhile_is_answered_and_history_stays_in_order(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    waiting = await asked(ann, upstream)
    upstream.reset()
    meanwhile = await ann.ask("What is the weather?")
    assert CALL not in str(upstream.requests[0].body["input"])
    upstream.script(text("It is done."))
    await decided(ann, waiting)
    first, second = await ann.records()
    assert (first.id, second.id) == (meanwhile.turn_id, waiting.turn_id)
    assert kinds(second.items) == ALL


async def test_a_decision_while_another_turn_runs_waits_for_its_end(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann, upstream)
    other = await ann.send("[slow:0.02] [long:20]", stream=True)
    await decide(ann, waiting)
    upstream.script(text("It is done."))
    assert ending(await ann.read(waiting.turn_id)).status == "completed"
    first, second = await ann.records()
    assert (first.id, second.id, made) == (other, waiting.turn_id, ["A-1 5"])


async def test_a_reader_that_stays_sees_the_turn_wait_and_go_on(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    waiting = await asked(ann, upstream)
    reading = asyncio.create_task(ann.read(waiting.turn_id))
    await decide(ann, waiting)
    seen = [event.kind for event in await reading]
    assert seen == [
        "turn.created",
        "tool.called",
        "turn.waiting",
        "tool.finished",
        "text.delta",
        "turn.completed",
    ]


async def test_an_approval_after_a_restart_goes_on_where_the_turn_stood(
    settings: Settings, upstream: FakeOpenAI, made: list[str]
) -> None:
    async with desk_with(settings, made) as desk:
        ann = Visitor(desk, "ann")
        waiting = await asked(ann, upstream, tool_call("look"))
    async with desk_with(settings, made) as later:
        ann.desk = later
        result = await decided(ann, waiting)
        (record,) = await ann.records()
    assert (result.status, made) == ("completed", ["A-1 5"])
    assert kinds(record.items) == ["Money back, please!", *[CALL, OUT] * 2, "It is done."]
    assert result.receipt
    assert result.receipt.model_calls == 3


async def test_an_approval_after_a_deploy_without_the_tool_says_so_and_leaves_history_valid(
    settings: Settings, upstream: FakeOpenAI, made: list[str]
) -> None:
    async with desk_with(settings, made) as desk:
        ann = Visitor(desk, "ann")
        waiting = await asked(ann, upstream, tool_call("look"))
    async with desk_with(settings, made, gone=True) as later:
        ann.desk = later
        result = await decided(ann, waiting)
        upstream.reset()
        following = await ann.ask("And now?")
    assert result.error
    assert (result.error.code, made) == ("tool_gone", [])
    assert "not installed" in result.error.detail
    said = kinds(upstream.requests[0].body["input"])
    assert said == ["Money back, please!", CALL, OUT, "[interrupted]", "And now?"]
    assert following.status == "completed"


async def test_what_nobody_approves_in_time_ends_and_a_late_approval_says_so(
    settings: Settings, redis: Redis, upstream: FakeOpenAI, made: list[str]
) -> None:
    async with desk_with(settings, made, approval_ttl_s=1) as desk:
        ann = Visitor(desk, "ann")
        waiting = await asked(ann, upstream)
        result = ending(await ann.read(waiting.turn_id))
        with pytest.raises(ApprovalExpired):
            await decide(ann, waiting)
        (record,) = await ann.records()
    assert result.error
    assert (result.status, result.error.code, made) == ("failed", "approval_expired", [])
    assert kinds(record.items) == ["Money back, please!", "[interrupted]"]
    assert await redis.zcard(WAITING) == 0


async def test_a_turn_that_waits_can_be_cancelled(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    waiting = await asked(ann, upstream, tool_call("look"))
    await ann.desk.sessions.cancel(ann.owner, waiting.turn_id)
    assert ending(await ann.read(waiting.turn_id)).status == "cancelled"
    with pytest.raises(FrontdeskError):
        await decide(ann, waiting)
    (record,) = await ann.records()
    assert kinds(record.items) == ["Money back, please!", CALL, OUT, "[interrupted]"]
    assert made == []


async def test_two_calls_at_once_wait_for_two_decisions(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    more = tool_call("refund", {"order": "B-2", "amount": 7})
    upstream.script(together(tool_call(*REFUND), more), text("It is done."))
    waiting = await waits(ann, await ann.send("Money back, please!"))
    first, second = waiting.required_actions
    await ann.desk.decide(ann.owner, waiting.turn_id, Decision(first["approval_id"], False))
    assert (await ann.desk.sessions.result(ann.owner, waiting.turn_id)).status == "waiting"
    await ann.desk.decide(ann.owner, waiting.turn_id, Decision(second["approval_id"], True))
    assert ending(await ann.read(waiting.turn_id)).status == "completed"
    assert made == ["B-2 7"]
    (record,) = await ann.records()
    assert kinds(record.items) == ["Money back, please!", *[CALL, OUT] * 2, "It is done."]


async def test_an_owner_finds_what_waits(ann: Visitor, upstream: FakeOpenAI) -> None:
    waiting = await asked(ann, upstream)
    approvals = ann.desk.sessions.approvals
    assert [each.turn_id for each in await approvals.waiting(ann.owner)] == [waiting.turn_id]
    assert await approvals.waiting(Visitor(ann.desk, "eve").owner) == ()
    await decided(ann, waiting)
    assert await approvals.waiting(ann.owner) == ()


async def test_a_turn_that_waits_is_forgotten_with_its_session(
    ann: Visitor, upstream: FakeOpenAI, redis: Redis
) -> None:
    waiting = await asked(ann, upstream)
    await ann.desk.sessions.forget(ann.owner, ann.session_id)
    left = [key async for key in redis.scan_iter(match=f"{OwnerKeys(ann.owner).prefix}*")]
    assert left == []
    with pytest.raises(NotFound):
        await decide(ann, waiting)


async def test_a_reason_that_the_guardrails_stop_decides_nothing(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    waiting = await asked(ann, upstream)
    with pytest.raises(InvalidRequest):
        await decide(ann, waiting, False, f"Because of {REFUSED}")
    assert (await decided(ann, waiting)).status == "completed"


async def test_arguments_are_checked_for_the_person_and_again_before_the_call(
    ann: Visitor, upstream: FakeOpenAI, made: list[str]
) -> None:
    upstream.script(tool_call("refund", {"order": REFUSED, "amount": 5}), text("It is done."))
    waiting = await waits(ann, await ann.send("Money back, please!"))
    assert REFUSED not in str(waiting.required_actions)
    assert (await decided(ann, waiting)).status == "completed"
    assert made == []


def test_the_vault_of_a_turn_is_always_sealed() -> None:
    value = "kingfisher" + "-0417"
    nobody, vault = Sealing(()).of("ann"), vaults(b"secret").of("ann")
    ledger = Ledger(vault={("name", value): "[NAME_1]"})
    stored = dump_pending(nobody, vault, Pause("{}", "triage", ()), ledger)
    assert value.encode() not in stored
    later = Ledger()
    restore(load_pending(nobody, stored).ledger, vault, later)
    assert later.vault == ledger.vault
