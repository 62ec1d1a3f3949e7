"""Handlers: their order, what ends the chain, what a broken one costs, and the slash commands."""

import asyncio
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from frontdesk.contract.context import TurnContext
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.guardrails import Blocked, Verdict
from frontdesk.contract.handlers import Answer, Enrich, Handler, Outcome, Pass, Reject, Route
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.text import folded, plain
from frontdesk.contract.turns import SessionTotals, TurnRecord
from frontdesk.preprocess.chain import Considered, Handlers
from frontdesk.preprocess.commands import obey
from frontdesk.tools.limits import limited_handler


def turn(text: str = "hello", totals: SessionTotals | None = None) -> TurnContext:
    """A turn of a user who says this."""
    message = Message("turn-1", Caller("acme", "ann"), text)
    return TurnContext(message, text, "session-1", totals=totals or SessionTotals())


def handler(name: str, outcome: Outcome | BaseException, order: int = 100) -> Handler:
    """A handler that always says this."""

    async def handle(_context: TurnContext) -> Outcome:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return Handler(name, handle, order)


async def test_facts_come_in_order_and_by_name_within_it() -> None:
    handlers = Handlers(
        [
            handler("c", Enrich("third"), 200),
            handler("b", Enrich("second")),
            handler("a", Enrich("first")),
        ]
    )

    assert (await handlers.consider(turn())).facts == ("first", "second", "third")


@pytest.mark.parametrize("end", [Answer("42"), Reject("not here")])
async def test_an_answer_or_a_rejection_ends_the_chain(end: Answer | Reject) -> None:
    handlers = Handlers([handler("a", end, 1), handler("b", AssertionError("asked"), 2)])

    assert await handlers.consider(turn()) == Considered(end)


async def test_the_first_route_wins_and_the_chain_goes_on() -> None:
    handlers = Handlers(
        [
            handler("a", Pass()),
            handler("b", Route("billing")),
            handler("c", Route("legal")),
            handler("d", Enrich("fact")),
        ]
    )

    assert await handlers.consider(turn()) == Considered(None, ("fact",), "billing")


async def test_nothing_to_say_leaves_the_turn_to_the_models() -> None:
    assert await Handlers([handler("a", Pass())]).consider(turn()) == Considered()


@pytest.mark.parametrize("error", [ValueError("pw=1"), SystemExit(1), asyncio.CancelledError()])
async def test_a_broken_handler_counts_as_pass(error: BaseException) -> None:
    handlers = Handlers([handler("bad", error, 1), handler("good", Answer("42"))])
    with capture_logs() as logs:
        considered = await handlers.consider(turn())

    assert considered.outcome == Answer("42")
    assert [(each["handler"], each["error"]) for each in logs] == [("bad", type(error).__name__)]
    assert "pw=1" not in str(logs)


async def test_a_handler_that_hangs_is_stopped() -> None:
    async def hang(_context: TurnContext) -> Outcome:
        await asyncio.Event().wait()
        return Pass()

    context = turn()
    handlers = Handlers([Handler("slow", hang, 1, timeout_s=0.01), handler("good", Answer("42"))])
    with capture_logs() as logs:
        considered = await handlers.consider(context)

    assert considered.outcome == Answer("42")
    use = context.ledger.handlers[0]
    assert (use.name, use.effect, use.why) == ("slow", "skipped", "it did not finish within 0.01 s")
    assert [(each["event"], each["handler"]) for each in logs] == [("handler.failed", "slow")]


async def test_a_blocking_handler_that_never_ends_costs_its_budget_only() -> None:
    ended = threading.Event()

    def hang(_context: TurnContext) -> Outcome:
        ended.wait()
        return Pass()

    context = turn()
    slow = limited_handler(Handler("slow", hang, 1, timeout_s=0.01))
    with capture_logs():
        considered = await Handlers([slow, handler("good", Answer("42"))]).consider(context)
    ended.set()

    assert considered.outcome == Answer("42")
    assert [each.effect for each in context.ledger.handlers] == ["skipped", "answer"]


async def test_a_handler_may_be_a_plain_function() -> None:
    plain_one = limited_handler(Handler("plain", lambda context: Answer(context.text.upper())))

    assert (await Handlers([plain_one]).consider(turn("hi"))).outcome == Answer("HI")


async def test_what_is_no_outcome_counts_as_a_failure() -> None:
    context = turn()
    with capture_logs():
        await Handlers([handler("bad", "42")]).consider(context)  # type: ignore[arg-type]  # the point

    assert (context.ledger.handlers[0].effect, context.ledger.handlers[0].why) == (
        "failed",
        "it raised TypeError",
    )


@pytest.mark.parametrize(
    "verdict", [GuardrailUnavailable("down"), Blocked(Verdict("block", "sorry"))]
)
async def test_the_word_of_a_guardrail_is_not_passed_over(verdict: Exception) -> None:
    with pytest.raises(type(verdict)):
        await Handlers([handler("a", verdict)]).consider(turn())


async def test_cancelling_the_turn_cancels_the_handler() -> None:
    started = asyncio.Event()

    async def hang(_context: TurnContext) -> Outcome:
        started.set()
        await asyncio.Event().wait()
        return Pass()

    task = asyncio.create_task(Handlers([Handler("slow", hang)]).consider(turn()))
    await started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_each_handler_did_is_noted_without_any_text() -> None:
    context = turn("hello secret")
    with capture_logs():
        await Handlers(
            [
                handler("a", Pass()),
                handler("b", Enrich("secret")),
                handler("c", KeyError("secret")),
                handler("d", Pass(ambiguous=True)),
                handler("e", Answer("secret")),
                handler("f", AssertionError("asked")),
            ]
        ).consider(context)

    noted = [(use.name, use.effect, use.why) for use in context.ledger.handlers]
    assert noted == [
        ("a", "pass", ""),
        ("b", "enrich", ""),
        ("c", "failed", "it raised KeyError"),
        ("d", "pass", "ambiguous"),
        ("e", "answer", ""),
    ]
    spans = context.ledger.spans
    assert [(span.kind, span.name, span.data["outcome"]) for span in spans] == [
        ("handler", name, effect) for name, effect, _ in noted
    ]
    assert "secret" not in str(context.ledger.spans)


@pytest.mark.parametrize("text", ["/help", " /HELP ", "／help\u200b"])
async def test_help_names_every_command(text: str) -> None:
    outcome = await obey(turn(text))

    assert isinstance(outcome, Answer)
    assert all(command in outcome.text for command in ("/help", "/reset", "/usage"))


@pytest.mark.parametrize(
    ("said", "language"),
    [
        (("Where is my parcel?",), "en"),
        (("Mein Paket fehlt",), "en"),
        (("iPhone 케이스 있나요?",), "ko"),
        (("안녕하세요", "2024-1001"), "ko"),
        (("안녕하세요", "/help"), "ko"),
        (("안녕하세요", "And in English?"), "en"),
        (("2024-1001", "🙂"), None),
        (("/help",), None),
    ],
)
def test_the_language_is_that_of_the_last_words(
    said: tuple[str, ...], language: str | None
) -> None:
    *before, text = said
    history = tuple(TurnRecord(str(n), "completed", "", each, "") for n, each in enumerate(before))

    assert replace(turn(text), history=history).language == language


@pytest.mark.parametrize(("before", "other"), [("안녕하세요", "this list"), ("Hello", "이 안내")])
async def test_a_command_answers_in_the_language_of_the_conversation(
    before: str, other: str
) -> None:
    history = (TurnRecord("turn-0", "completed", "", before, ""),)
    outcome = await obey(replace(turn("/help"), history=history))

    assert isinstance(outcome, Answer)
    assert "/facts" in outcome.text
    assert other not in outcome.text


async def test_reset_starts_afresh() -> None:
    outcome = await obey(turn("/reset"))

    assert isinstance(outcome, Answer)
    assert outcome.fresh


async def test_usage_shows_what_the_session_has_used() -> None:
    outcome = await obey(turn("/usage", SessionTotals(3, 4, 1200, 560, "0.0001230")))

    assert isinstance(outcome, Answer)
    assert "3 turns, 4 model calls, 1200 tokens in, 560 out, 0.000123 USD" in outcome.text


async def test_an_unknown_command_is_named_and_does_not_reach_a_model() -> None:
    outcome = await obey(turn("/도움 please"))

    assert isinstance(outcome, Answer)
    assert "/도움" in outcome.text
    assert "/help" in outcome.text


async def test_reset_promises_nothing_where_the_client_keeps_the_conversation() -> None:
    kept = turn("/reset")
    outcome = await obey(replace(kept, message=replace(kept.message, context=())))
    assert isinstance(outcome, Answer)
    assert (outcome.fresh, "begin a new one" in outcome.text) == (False, True)


async def test_a_command_with_more_words_resets_nothing() -> None:
    outcome = await obey(turn("/reset my password"))

    assert isinstance(outcome, Answer)
    assert not outcome.fresh
    assert "alone" in outcome.text


@pytest.mark.parametrize("text", ["help", "see /help", "/etc/passwd", "/", "1/2", "// todo", ""])
async def test_other_messages_are_no_commands(text: str) -> None:
    assert await obey(turn(text)) == Pass()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two\n\twords ", "two words"),
        ("ＡＢＣ１２３", "ABC123"),
        ("or\u200bder\u00ad 7\u202e", "order 7"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_the_plain_form_is_what_a_person_reads(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_the_folded_form_has_no_case() -> None:
    assert folded("ＯＲＤＥＲ Straße") == "order strasse"


@given(st.text())
def test_the_plain_form_of_a_plain_form_is_itself(text: str) -> None:
    assert plain(plain(text)) == plain(text)
