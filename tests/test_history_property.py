"""Whatever happens to its turns, a session's history stays valid, whole, in order, and its owner's:
random sequences of turns, approvals, cancels, failures, deaths of processes and zombies, on two
processes.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
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
from tests.deployment import Talk, Turn, deployed, persistently
from tests.history_checks import check_history, check_refunds, check_request

from frontdesk.contract.errors import InvalidRequest, NotFound, QueueFull

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
    "[tool:look] [tool:refund] please",
    "the heron flies",
    "say what is forbidden here",
    "[400] fails",
    "[cut] breaks off in the middle of it",
    "[malformed] breaks",
    "[long:60] tell me",
    "/reset",
    "/help",
)
ASKING = (
    "[tool:refund] please",
    "[tool:look] [tool:refund] [slow:0.01] then tell me about it",
    "[tool:refund] [tool:refund] both",
    "[handoff:expert] [tool:refund] [tool:pay] help",
    "[tool:refund] [400] please",
)
SHORT = ("Good morning", "I am Kim")
SLOW = (
    "[slow:0.01] [long:30] tell",
    "[tool:pay] [slow:0.01] then tell me what it cost",
    "[slow:0.02] [handoff:expert] [tool:look] tell me",
)
HAPPENS = {
    *("pin shown", "summed up", "summary shown", "approved", "rejected", "decided at once"),
    *("said meanwhile", "cancelled waiting", "lost after a decision"),
}
AFTERWARDS = ("waits", "goes on", "loses it", "loses it dead")
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

    @rule(user=users, at=desks, words=st.sampled_from(ASKING), stream=st.booleans())
    def asks_for_what_a_person_must_approve(
        self, user: str, at: int, words: str, stream: bool
    ) -> None:
        self.do(self._say(user, at, words, wait=True, stream=stream))

    @rule(
        user=users,
        at=desks,
        said=st.lists(st.booleans(), min_size=1, max_size=3),
        then=st.sampled_from(AFTERWARDS),
        ms=st.integers(0, 40),
    )
    def people_decide(self, user: str, at: int, said: list[bool], then: str, ms: int) -> None:
        self.do(self._decide(user, at, said, then, ms / 1000))

    @rule(user=users, at=desks)
    def cancels_a_turn(self, user: str, at: int) -> None:
        self.do(self._cancel(user, at))

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
        for turn in self.world.turns:
            check_refunds(turn, self.world.refunded[turn.id])

    def teardown(self) -> None:
        try:
            for talk in self.talks.values():
                self.do(self._finish(talk))
                assert not talk.open
            self.side_effects_happen_once()
            self.histories_are_valid_whole_in_order_and_their_owners()
            self.models_are_shown_valid_histories_of_one_owner()
        finally:
            self.do(self.stack.aclose())
            self.runner.close()

    async def _say(
        self, user: str, at: int, words: str, *, wait: bool = False, **how: Any
    ) -> Turn | None:
        meanwhile = bool(self.talks[user].waiting)
        try:
            turn = await self.world.say(self.talks[user], at, words, **how)
        except QueueFull:
            return None
        self.happened["said meanwhile"] += meanwhile
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

    async def _decide(
        self, user: str, at: int, said: list[bool], then: str, after_s: float
    ) -> None:
        """Of the turns that wait, about the oldest: several people at once, at both desks."""
        talk = self.talks[user]
        if not talk.waiting:
            await self._say(user, at, ASKING[len(talk.turns) % len(ASKING)], wait=True)
        for turn in talk.waiting[:1]:
            won = await self.world.decide(talk, turn, at, said)
            self.happened["decided at once"] += len(said) > 1
            if then.startswith("loses it"):
                await asyncio.sleep(after_s)
                await self.world.lose(talk, dead=then.endswith("dead"))
                self.happened["lost after a decision"] += 1
            if then != "goes on":
                await self.world.ended(turn)
            made = self.world.refunded[turn.id] > 0
            self.happened["approved"] += won is True and made
            self.happened["rejected"] += won is False and turn.result is not None and not made

    async def _cancel(self, user: str, at: int) -> None:
        talk = self.talks[user]
        for turn in talk.open[-1:]:
            waited = bool(turn.actions)
            await self.world.cancel(talk, turn, at)
            cancelled = turn.result is not None and turn.result.status == "cancelled"
            assert cancelled or not waited
            self.happened["cancelled waiting" if waited else "cancelled"] += cancelled

    async def _finish(self, talk: Talk) -> None:
        """Until nothing runs or waits."""
        await self.world.ended(*talk.turns)
        while talk.waiting:
            await self.world.decide(talk, talk.waiting[0], 0, [True])
            await self.world.ended(*talk.turns)

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
            if turn.actions:
                return
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
        await self.world.gone(*talk.turns)


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
    assert set(+Here.happened) >= HAPPENS, Here.happened
