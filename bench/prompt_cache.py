"""What a long conversation costs where prompts are cached, by the way its history is pruned."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.conversations import Exchange, tool_talk
from bench.reports import Check, Report, run
from bench.rounds import ratio
from bench.tables import Cell
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.sessions.draft import make_record
from frontdesk.sessions.window import View, estimate_tokens, next_window, shown

STATIC_TOKENS = 1_500
HISTORY_TOKENS = 8_000
LAST_ITEMS = 30
CACHED_PRICE = 0.1
BLOCK_TOKENS = 128
LEAST_CACHED_TOKENS = 1_024
ANN = Caller("acme", "ann")
SLIDING, OURS = "sliding window of tokens, whole turns", "frontdesk"

REMARKS = (
    "In every second turn a tool finds some 600 words, in every sixth another one a few more. A "
    f"request is {STATIC_TOKENS:,} tokens of instructions and tools, then the history of up to "
    f"{HISTORY_TOKENS:,} tokens, then the turn so far. For all, tokens are counted by the estimate "
    "that frontdesk prunes by.",
    "The cache holds the request before. What both begin with, item by item, in whole blocks of "
    f"{BLOCK_TOKENS} tokens and from {LEAST_CACHED_TOKENS:,} on, costs {CACHED_PRICE:g} units a "
    "token, all else 1. All columns but the last two count the first request of each turn, where "
    "pruning shows; the request that follows a tool's answer fills the cache for the next turn.",
    "frontdesk keeps a tool call under an id of its own. Where the provider's prompt holds no ids, "
    "the tool's answer is still cached in the next turn: the last row.",
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


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model; `first` of its turn."""

    items: Items
    first: bool = True


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request came to; `broken` says that it parts a tool call from its answer."""

    tokens: int
    cached: int
    broken: bool
    first: bool

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
    start, view = 0, View()
    for number, newest in enumerate(history):
        seen = shown(history[start:number], start, view)
        start, view = next_window(start, view, seen, newest, HISTORY_TOKENS)
    return keep_all(shown(history[start:], start, view))


STRATEGIES = (
    Strategy(SLIDING, sliding),
    Strategy("keep everything", keep_all),
    Strategy(f"last {LAST_ITEMS} items", last_items),
    Strategy(OURS, window, rewritten=True),
    Strategy("frontdesk, prompts without call ids", window),
)


async def measure(quick: bool) -> Report:
    """Holds some conversations with each strategy; the rows are the first conversation's."""
    turns, conversations = (60, 2) if quick else (120, 9)
    made = [_charged(list(tool_talk(seed, turns))) for seed in range(conversations)]
    cost = ratio([_cost(one[OURS]) for one in made], [_cost(one[SLIDING]) for one in made])
    broken = sum(charge.broken for one in made for charge in one[OURS])
    return Report(
        f"Input tokens of a conversation of {turns} turns",
        (tuple(_row(name, some, made[0][SLIDING]) for name, some in made[0].items()),),
        (
            Check(f"cost, {OURS} / sliding, {conversations} conversations", cost, at_most=1 / 3),
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
        yield Request(sent)
        if used:
            yield Request([*sent, *used], first=False)
        record = _record(number, said, used)
        as_sent = replace(record, items=(asked, *used, answered))
        history.append(record if strategy.rewritten else as_sent)


def charges(sent: Iterable[Request]) -> Iterator[Charge]:
    """What each request comes to after the one before it."""
    before: Items = ()
    for request in sent:
        size = STATIC_TOKENS + sum(map(_tokens, request.items))
        cached = _cached(before, request.items) if before else 0
        yield Charge(size, cached, _is_broken(request.items), request.first)
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
    return sum(charge.cost for charge in made)


if __name__ == "__main__":
    run(__doc__ or "", measure)
