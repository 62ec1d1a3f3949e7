"""What a long conversation costs where prompts are cached, by the way its history is pruned."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.conversations import Exchange, tool_talk
from bench.reports import Check, Report, run
from bench.rounds import ratio
from bench.tables import Cell
from frontdesk.agents.summarist import MOST_TOKENS
from frontdesk.agents.wire import LEFT_OUT
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.window import (
    BYTES_PER_TOKEN,
    MARGIN,
    View,
    estimate_tokens,
    next_window,
    shown,
    shrunk,
)

STATIC_TOKENS = 1_500
HISTORY_TOKENS = 8_000
LAST_ITEMS = 30
CACHED_PRICE = 0.1
BLOCK_TOKENS = 128
LEAST_CACHED_TOKENS = 1_024
ANN = Caller("acme", "ann")
SLIDING, OURS = "sliding window of tokens, whole turns", "frontdesk"
SUMMED, LATE = "frontdesk with summaries", "frontdesk, summaries a move late"

REMARKS = (
    "In every second turn a tool finds some 600 words, in every sixth another one a few more. A "
    f"request is {STATIC_TOKENS:,} tokens of instructions and tools, then the history of up to "
    f"{HISTORY_TOKENS:,} tokens, then the turn so far. For all, tokens are counted by the estimate "
    "that frontdesk prunes by.",
    "The cache holds the request before. What both begin with, item by item, in whole blocks of "
    f"{BLOCK_TOKENS} tokens and from {LEAST_CACHED_TOKENS:,} on, costs {CACHED_PRICE:g} units a "
    "token, all else 1. All columns but the last two count the first request of each turn, where "
    "pruning shows; the request that follows a tool's answer fills the cache for the next turn.",
    "A summary is as long as one may be and changes with each move of the window. What the cheap "
    "model reads and writes for it is in the last two columns, uncached and at the same price.",
    "frontdesk keeps a tool call under an id of its own. Where the provider's prompt holds no ids, "
    "the tool's answer is still cached in the next turn: the fifth row.",
)

History = Sequence[TurnRecord]
Items = Sequence[Item]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to choose the items of a history that a model is shown."""

    name: str
    shown: Callable[[History], Items]
    rewritten: bool = False
    """Whether a tool call is kept under another id than the model gave it, as our draft does."""
    summing: bool = False
    """Whether a model reads the turns that leave the window, once, to sum them up."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model; `first` of its turn. `beside` is what another request that it needed
    read and wrote.
    """

    items: Items
    first: bool = True
    beside: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request came to; `broken` says that it parts a tool call from its answer."""

    tokens: int
    cached: int
    broken: bool
    first: bool
    beside: int = 0

    @property
    def cost(self) -> float:
        """In units of one uncached token."""
        return self.tokens - self.cached * (1 - CACHED_PRICE)


def keep_all(history: History) -> Items:
    """Everything, for ever."""
    return [item for record in history for item in record.items]


def last_items(history: History) -> Items:
    """So many items, wherever that cuts: the SDK's `SessionSettings(limit)` before its repair."""
    return keep_all(history)[-LAST_ITEMS:]


def sliding(history: History) -> Items:
    """The newest whole turns that fit, chosen anew for every turn."""
    first, total = len(history), 0
    while first and total + history[first - 1].tokens <= HISTORY_TOKENS:
        first -= 1
        total += history[first].tokens
    return keep_all(history[first:])


def window(history: History) -> Items:
    """Ours: the window as the commits of all turns have left it."""
    start, view = windows(history, 0)[-1]
    return keep_all(shown(history[start:], start, view))


def summed_up(history: History) -> Items:
    """Ours with a summary, which was there when the turn after a move began."""
    return _summed_up(history, late=False)


def summed_up_late(history: History) -> Items:
    """Ours with a summary that is never there in time: it comes with the next move."""
    return _summed_up(history, late=True)


def windows(history: History, summary_tokens: int) -> list[tuple[int, View]]:
    """Where the window starts before each turn and after the last."""
    found = [(0, View())]
    for number, newest in enumerate(history):
        start, view = found[-1]
        seen = shown(history[start:number], start, view)
        budget = HISTORY_TOKENS - (summary_tokens if start else 0)
        found.append(next_window(start, view, seen, newest, budget))
    return found


def _summed_up(history: History, late: bool) -> Items:
    found = windows(history, MOST_TOKENS)
    start, view = found[-1]
    items = keep_all(shown(history[start:], start, view))
    moves = [0, *dict.fromkeys(place for place, _ in found if place)]
    covered = moves[-2] if late and len(moves) > 1 else moves[-1]
    return [*_summary(covered), *items] if covered else items


def _summary(turns: int) -> Items:
    """As long as one may be, and another one after each move."""
    words = f"{turns} ".ljust(int(MOST_TOKENS * BYTES_PER_TOKEN / MARGIN), "x")
    asked: Item = {"role": "user", "content": LEFT_OUT}
    return [asked, {"role": "assistant", "content": words}]


STRATEGIES = (
    Strategy(SLIDING, sliding),
    Strategy("keep everything", keep_all),
    Strategy(f"last {LAST_ITEMS} items", last_items),
    Strategy(OURS, window, rewritten=True),
    Strategy("frontdesk, prompts without call ids", window),
    Strategy(SUMMED, summed_up, rewritten=True, summing=True),
    Strategy(LATE, summed_up_late, rewritten=True, summing=True),
)


async def measure(quick: bool) -> Report:
    """Holds some conversations with each strategy; the rows are the first conversation's."""
    turns, conversations = (60, 2) if quick else (120, 9)
    made = [_charged(list(tool_talk(seed, turns))) for seed in range(conversations)]
    cost = ratio([_cost(one[OURS]) for one in made], [_cost(one[SLIDING]) for one in made])
    summed, late = (
        ratio([_cost(one[name]) for one in made], [_cost(one[SLIDING]) for one in made])
        for name in (SUMMED, LATE)
    )
    broken = sum(charge.broken for one in made for charge in one[OURS])
    return Report(
        f"Input tokens of a conversation of {turns} turns",
        (tuple(_row(name, some, made[0][SLIDING]) for name, some in made[0].items()),),
        (
            Check(f"cost, {OURS} / sliding, {conversations} conversations", cost, at_most=1 / 3),
            Check(f"cost, {SUMMED} / sliding", summed, at_most=1 / 3),
            Check(f"cost, {LATE} / sliding", late, at_most=1 / 3),
            Check(f"broken pairs, {OURS}", broken, at_most=0),
        ),
        REMARKS,
    )


def _charged(talk: Sequence[Exchange]) -> dict[str, list[Charge]]:
    return {each.name: list(charges(requests(each, talk))) for each in STRATEGIES}


def requests(strategy: Strategy, talk: Sequence[Exchange]) -> Iterator[Request]:
    """What is sent to the model, turn by turn."""
    history: list[TurnRecord] = []
    for number, said in enumerate(talk):
        asked: Item = {"role": "user", "content": said.user}
        answered: Item = {"role": "assistant", "content": said.answer}
        used = _tool_items(number, said)
        sent = [*strategy.shown(history), asked]
        yield Request(sent, beside=_summing(history) if strategy.summing else 0)
        if used:
            yield Request([*sent, *used], first=False)
        record = _record(number, said, used)
        as_sent = replace(record, items=(asked, *used, answered))
        history.append(record if strategy.rewritten else as_sent)


def _summing(history: History) -> int:
    """What the model that sums up reads and writes after the last turn; nothing where the window
    stayed.
    """
    *_, (before, _), (start, _) = [(0, View()), *windows(history, MOST_TOKENS)]
    read = sum(shrunk(record).tokens for record in history[before:start])
    return 2 * MOST_TOKENS + read if start > before else 0


def charges(sent: Iterable[Request]) -> Iterator[Charge]:
    """What each request comes to after the one before it."""
    before: Items = ()
    for request in sent:
        size = STATIC_TOKENS + sum(map(_tokens, request.items))
        cached = _cached(before, request.items) if before else 0
        broken = _is_broken(request.items)
        yield Charge(size, cached, broken, request.first, request.beside)
        before = request.items


def _cached(before: Items, items: Items) -> int:
    same = STATIC_TOKENS
    for old, new in zip(before, items, strict=False):
        if old != new:
            break
        same += _tokens(new)
    whole = same // BLOCK_TOKENS * BLOCK_TOKENS
    return whole if whole >= LEAST_CACHED_TOKENS else 0


def _is_broken(items: Items) -> bool:
    kinds = ("function_call", "function_call_output")
    calls, outputs = ([i["call_id"] for i in items if i.get("type") == kind] for kind in kinds)
    return calls != outputs


def _tool_items(turn: int, said: Exchange) -> tuple[Item, ...]:
    """All calls, then all outputs, as a model asks for several tools at once."""
    ids = [f"call_{turn:020d}{number:04d}" for number in range(len(said.found))]
    call = {"type": "function_call", "name": "search", "arguments": '{"query":"order"}'}
    outputs = [
        {"type": "function_call_output", "call_id": call_id, "output": found}
        for call_id, found in zip(ids, said.found, strict=True)
    ]
    return (*({**call, "call_id": call_id} for call_id in ids), *outputs)


def _record(number: int, said: Exchange, used: Sequence[Item]) -> TurnRecord:
    turn_id = f"turn_{number}"
    context = TurnContext(
        Message(turn_id, ANN, said.user, "session"), said.user, "session", ledger=Ledger()
    )
    context.ledger.items.extend(used)
    return make_record(context, "completed", said.answer, "triage", "triage")


def _tokens(item: Item) -> int:
    return estimate_tokens((item,))


def _row(name: str, made: Sequence[Charge], slid: Sequence[Charge]) -> Mapping[str, Cell]:
    firsts = [charge for charge in made if charge.first]
    tokens = sum(charge.tokens for charge in firsts)
    return {
        "history": name,
        "input tokens": tokens,
        "cached %": sum(charge.cached for charge in firsts) / tokens * 100,
        "cost units": round(_cost(made)),
        "/ sliding": _cost(made) / _cost(slid),
        "broken pairs": sum(charge.broken for charge in firsts),
        "largest": max(charge.tokens for charge in firsts),
        "cost of all requests": round(_cost_of_all(made)),
        "of all / sliding": _cost_of_all(made) / _cost_of_all(slid),
    }


def _cost(made: Sequence[Charge]) -> float:
    return sum(charge.cost for charge in made if charge.first)


def _cost_of_all(made: Sequence[Charge]) -> float:
    return sum(charge.cost + charge.beside for charge in made)


if __name__ == "__main__":
    run(__doc__ or "", measure)
