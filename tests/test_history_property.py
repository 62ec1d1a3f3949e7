"""Whatever happens to its turns, a session's history stays valid, whole, in order, and its owner's:
random sequences of turns, failures, deaths of processes and zombies, on two processes.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.deployment import MARK, Talk, Turn, deployed, persistently
from tests.histories import faults, said_by_user, shown

from frontdesk.contract.errors import InvalidRequest, NotFound, QueueFull
from frontdesk.contract.turns import TurnRecord
from frontdesk.testing import Request

Value = TypeVar("Value")

USERS = ("ann", "bob", "eve")
WORDS = (
    "Good morning",
    "[tool:look] and tell me",
    '[tool:look {"text": "a"}] [tool:look {"text": "b"}] both',
    "[tool:crash] now",
    "[tool:pay] please",
    "[tool:pay] [400] please",
    "[tool:nothing_of_that_name] now",
    "[tool:look] [cut] so it goes on and on",
    "[handoff:expert] help",
    "[handoff:expert] [tool:look] [tool:pay] help",
    "[tool:release] thanks",
    "the heron flies",
    "say what is forbidden here",
    "[400] fails",
    "[cut] breaks off in the middle of it",
    "[malformed] breaks",
    "[long:60] tell me",
    "/reset",
    "/help",
)
SHORT = ("Good morning", "I am Kim")
SLOW = (
    "[slow:0.01] [long:30] tell",
    "[tool:pay] [slow:0.01] then tell me what it cost",
    "[slow:0.02] [handoff:expert] [tool:look] tell me",
)
RAN = ("started", "queued")
SUMS_UP = "You write down what a conversation"
LEFT_OUT = "The earlier part of this conversation is left out."
users, desks = st.sampled_from(USERS), st.sampled_from((0, 1))


class Conversations(RuleBasedStateMachine):
    """Three users at two desks."""

    url: str
    folder: Path
    happened: Counter[str]
    """In all runs: a rule without an effect would test nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.talks = {user: Talk(user) for user in USERS}
        self.told = 0
        self.world = self.do(self.stack.enter_async_context(deployed(self.url, self.folder)))

    def do(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self.runner.run(work)

    @rule(user=users, at=desks, words=st.sampled_from(WORDS), stream=st.booleans())
    def talks_and_waits(self, user: str, at: int, words: str, stream: bool) -> None:
        self.do(self._say(user, at, words, wait=True, stream=stream))

    @rule(user=users, at=desks, words=st.sampled_from(WORDS + SLOW), stream=st.booleans())
    def talks_on(self, user: str, at: int, words: str, stream: bool) -> None:
        self.do(self._say(user, at, words, stream=stream))

    @rule(
        user=users, at=desks, words=st.sampled_from(SLOW), dead=st.booleans(), ms=st.integers(0, 90)
    )
    def loses_a_process_in_a_turn(
        self, user: str, at: int, words: str, dead: bool, ms: int
    ) -> None:
        self.do(self._lose(user, at, words, dead, ms / 1000))

    @rule(user=users, at=desks)
    def loses_a_process_before_the_turn_runs(self, user: str, at: int) -> None:
        self.do(self._abandon(user, at))

    @rule(user=users, at=desks, which=st.integers(0, 9))
    def sends_it_again(self, user: str, at: int, which: int) -> None:
        self.do(self._repeat(user, at, which))

    @rule(user=users, at=desks, which=st.integers(0, 9), keep=st.booleans())
    def pins_a_turn_or_takes_its_pin_away(self, user: str, at: int, which: int, keep: bool) -> None:
        self.do(self._pin(user, at, which, keep))

    @rule(user=users, at=desks, words=st.sampled_from(SHORT))
    def keeps_a_turn_until_the_window_moves(self, user: str, at: int, words: str) -> None:
        self.do(self._say(user, at, words, wait=True))
        self.do(self._pin(user, at, 0, keep=True))
        for _ in range(4):
            self.do(self._say(user, at, "[long:60] tell me", wait=True))

    @rule(user=users)
    def is_patient(self, user: str) -> None:
        self.do(self.world.ended(*self.talks[user].turns))

    @rule(user=users)
    def forgets_the_session(self, user: str) -> None:
        self.do(self._forget(user))

    @invariant()
    def histories_are_valid_whole_in_order_and_their_owners(self) -> None:
        for number, talk in enumerate(self.talks.values()):
            check_history(talk, self.do(self.world.records(talk, number % 2)))

    @invariant()
    def models_are_shown_valid_histories_of_one_owner(self) -> None:
        requests = self.world.upstream.requests
        for request in requests[self.told :]:
            self.happened.update(check_request(request, self.talks))
        self.told = len(requests)

    @invariant()
    def side_effects_happen_once(self) -> None:
        assert len(self.world.paid) == len(set(self.world.paid))

    def teardown(self) -> None:
        try:
            talks = self.talks.values()
            self.do(self.world.ended(*(turn for talk in talks for turn in talk.turns)))
            assert not [turn for talk in talks for turn in talk.open]
            self.histories_are_valid_whole_in_order_and_their_owners()
            self.models_are_shown_valid_histories_of_one_owner()
        finally:
            self.do(self.stack.aclose())
            self.runner.close()

    async def _say(
        self, user: str, at: int, words: str, *, wait: bool = False, **how: Any
    ) -> Turn | None:
        try:
            turn = await self.world.say(self.talks[user], at, words, **how)
        except QueueFull:
            return None
        if wait:
            await self.world.ended(turn)
        return turn

    async def _lose(self, user: str, at: int, words: str, dead: bool, after_s: float) -> None:
        turn = await self._say(user, at, words, stream=True)
        if turn:
            await asyncio.sleep(after_s)
            await self.world.lose(self.talks[user], dead=dead)
            await self.world.ended(turn)

    async def _abandon(self, user: str, at: int) -> None:
        turn = await self._say(user, at, "[tool:look] are you there?", run=False)
        if turn:
            await self.world.lose(self.talks[user], dead=False)
            await self.world.ended(turn)

    async def _repeat(self, user: str, at: int, which: int) -> None:
        turns = self.talks[user].turns[-1 - which :][:1]
        for turn in turns:
            begun = await persistently(partial(self.world.desks[at].start, turn.message))
            assert (begun.state, begun.session_id) == ("duplicate", self.talks[user].session_id)

    async def _pin(self, user: str, at: int, which: int, keep: bool) -> None:
        """Of the last turns, one that no reset follows."""
        talk, pins = self.talks[user], self.world.desks[at].sessions.pins
        for turn in talk.turns[-1 - which :][:1]:
            if any(other.message.text == "/reset" for other in talk.since(turn)):
                return
            await self.world.ended(turn)
            with suppress(InvalidRequest, NotFound):
                change = pins.pin if keep else pins.unpin
                await persistently(partial(change, self.world.owner(talk), turn.id))
                talk.pins.pop(turn.number, None)
                if keep:
                    talk.pins[turn.number] = talk.turns[-1].number

    async def _forget(self, user: str) -> None:
        talk = self.talks[user]
        if not talk.session_id:
            return
        self.talks[user] = Talk(user)
        forget = self.world.desks[0].sessions.forget
        with suppress(NotFound):  # of a second try
            await persistently(partial(forget, self.world.owner(talk), talk.session_id))
        await self.world.ended(*talk.turns)


def check_history(talk: Talk, records: list[TurnRecord]) -> None:
    """The listed turns against what the user was told."""
    ids = [record.id for record in records]
    told = {turn.id: turn.result for turn in talk.turns if turn.result}
    assert len(set(ids)) == len(ids)
    assert set(told) <= set(ids) <= {turn.id for turn in talk.turns}
    ran = [turn.id for turn in talk.turns if turn.status in RAN and turn.id in ids]
    assert ran == [turn_id for turn_id in ids if turn_id in ran]
    for record in records:
        result = told.get(record.id)
        assert result is None or (record.status, record.answer) == (result.status, result.answer)
    assert faults([item for record in records for item in record.items]) == []
    assert {user for user, _ in MARK.findall(str(records))} <= {talk.user}
    assert "heron" not in str(records)


def check_request(request: Request, talks: dict[str, Talk]) -> Iterator[str]:
    """What a model was shown; tells what was special about it."""
    items = shown(request)
    marks = MARK.findall(str(items))
    assert "heron" not in str(items)
    assert len({user for user, _ in marks}) <= 1
    if SUMS_UP in str(request.body):
        yield "summed up"
        return
    assert faults([*items, {"role": "assistant", "content": "the answer to come"}]) == []
    said = [MARK.search(text) for text in said_by_user(items)]
    numbers = [int(mark[2]) for mark in said if mark]
    assert numbers == sorted(set(numbers))
    talk = talks[marks[-1][0]]
    seen = {int(number) for _, number in marks}
    assert not _left_behind(talk, seen, numbers[-1]), "a model saw what was said before a reset"
    kept = _pinned(talk, numbers[-1])
    assert kept <= set(numbers), "a model was not shown a pinned turn"
    if LEFT_OUT in str(items):
        yield "summary shown"
    if any(_skipped(talk, number, numbers) for number in kept):
        yield "pin shown"


def _left_behind(talk: Talk, numbers: set[int], now: int) -> list[int]:
    resets = [
        turn.number
        for turn in talk.turns
        if turn.message.text == "/reset" and turn.result and turn.result.status == "completed"
    ]
    last = max((number for number in resets if number < now), default=0)
    return [number for number in numbers if number < last]


def _pinned(talk: Talk, now: int) -> set[int]:
    """The turns that were pinned before this one was sent, and that no reset has followed."""
    resets = [turn.number for turn in talk.turns if turn.message.text == "/reset"]
    pins = {number for number, since in talk.pins.items() if since < now}
    return {number for number in pins if not any(number < reset for reset in resets)}


def _skipped(talk: Talk, pinned: int, numbers: list[int]) -> bool:
    """Whether the window begins after a pinned turn: one that followed it is not shown."""
    followed = [turn for turn in talk.turns if pinned < turn.number < numbers[-1]]
    whole = [turn for turn in followed if turn.result and turn.result.status == "completed"]
    words = {turn.number for turn in whole if not turn.message.text.startswith("/")}
    return bool(words - set(numbers))


def test_history_survives_whatever_happens(redis_url: str, tmp_path: Path) -> None:
    class Here(Conversations):
        url, folder, happened = redis_url, tmp_path, Counter[str]()

    bounds = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=bounds)
    assert {"pin shown", "summed up", "summary shown"} <= set(Here.happened), Here.happened
