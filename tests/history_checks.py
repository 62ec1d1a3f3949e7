"""What must be true of every history and of everything that a model is shown."""

from collections.abc import Iterator

from tests.deployment import MARK, Talk, Turn
from tests.histories import faults, said_by_user, shown

from frontdesk.contract.turns import TurnRecord
from frontdesk.testing import Request

RAN = ("started", "queued")
SUMS_UP = "You write down what a conversation"
LEFT_OUT = "The earlier part of this conversation is left out."


def check_history(talk: Talk, records: list[TurnRecord]) -> None:
    """The listed turns against what the user was told."""
    ids = [record.id for record in records]
    told = {turn.id: turn.result for turn in talk.turns if turn.result}
    assert len(set(ids)) == len(ids)
    assert set(told) <= set(ids) <= {turn.id for turn in talk.turns}
    waiting = {turn.id for turn in talk.turns if turn.actions}
    assert not waiting & set(ids), "what waits for a person is in the history"
    ran = {turn.id: turn.number for turn in talk.turns if turn.status in RAN}
    check_order(talk, [ran[turn_id] for turn_id in ids if turn_id in ran])
    for record in records:
        result = told.get(record.id)
        assert result is None or (record.status, record.answer) == (result.status, result.answer)
    assert faults([item for record in records for item in record.items]) == []
    assert {user for user, _ in MARK.findall(str(records))} <= {talk.user}
    assert "heron" not in str(records)


def check_order(talk: Talk, numbers: list[int]) -> None:
    """As they were sent; one that waited for a person stands where it ended. Nothing stands before
    what had ended when it was sent or decided on.
    """
    turns = {turn.number: turn for turn in talk.turns}
    prompt = [each for each in numbers if each not in turns or not turns[each].waited]
    assert prompt == sorted(prompt)
    assert len(set(numbers)) == len(numbers)
    for place, number in enumerate(numbers):
        if number in turns:
            assert not turns[number].behind & set(numbers[place + 1 :])


def check_refunds(turn: Turn, made: int) -> None:
    """Each approved call was made once, a rejected one never; where the process was lost or the
    turn was not completed, an approved one may have come to nothing.
    """
    least = sum(said == {True} for said in turn.said.values())
    assert made <= sum(True in said for said in turn.said.values())
    if turn.result and turn.result.status == "completed" and not turn.lost:
        assert made >= least


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
    talk = talks[marks[-1][0]]
    check_order(talk, numbers)
    seen = {int(number) for _, number in marks}
    assert not _left_behind(talk, seen, numbers[-1]), "a model saw what was said before a reset"
    kept = _pinned(talk, numbers[-1])
    assert kept <= set(numbers), "a model was not shown a pinned turn"
    if LEFT_OUT in str(items):
        yield "summary shown"
    if any(_skipped(talk, number, numbers) for number in kept):
        yield "pin shown"


def _left_behind(talk: Talk, numbers: set[int], now: int) -> list[int]:
    """Those that ended before the last reset; one that waited for a person may have ended later."""
    resets = [
        turn
        for turn in talk.turns
        if turn.message.text == "/reset" and turn.result and turn.result.status == "completed"
    ]
    last = max((turn for turn in resets if turn.number < now), key=_number, default=None)
    if last is None:
        return []
    late = {turn.number for turn in talk.turns if turn.waited} - last.behind
    return [number for number in numbers - late if number < last.number]


def _number(turn: Turn) -> int:
    return turn.number


def _pinned(talk: Talk, now: int) -> set[int]:
    """The turns that were pinned before this one was sent, and that no reset has followed."""
    resets = [turn.number for turn in talk.turns if turn.message.text == "/reset"]
    pins = {number for number, since in talk.pins.items() if since < now}
    return {number for number in pins if not any(number < reset for reset in resets)}


def _skipped(talk: Talk, pinned: int, numbers: list[int]) -> bool:
    """Whether the window begins after a pinned turn: one that followed it is not shown."""
    prompt = [turn for turn in talk.turns if not turn.waited]
    followed = [turn for turn in prompt if pinned < turn.number < numbers[-1]]
    whole = [turn for turn in followed if turn.result and turn.result.status == "completed"]
    words = {turn.number for turn in whole if not turn.message.text.startswith("/")}
    return bool(words - set(numbers))
