"""The checks of handlers and guardrails: what they do with messages of all kinds."""

from dataclasses import replace

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.findings import Finding, failed, passed, warned
from frontdesk.contract.guardrails import Guardrail, Policy
from frontdesk.contract.handlers import Handler, Pass
from frontdesk.guardrails.chain import Guards
from frontdesk.testing.trials import a_turn

TEXTS = (
    "",
    "Hello",
    "안녕하세요, 주문 2024-1001 어디 있나요?",
    "🙂\u200b\u0301\ufffd",
    "word " * 4000,
)
CHECK_S = 5.0


async def handler(tried: Handler) -> Finding:
    """Whether it comes to an end with every message, and passes on what is not for it."""
    passes = 0
    for text in TEXTS:
        try:
            outcome = await attempt(tried.ask(a_turn(text)), tried.timeout_s)
        except Failed as stopped:
            return failed(
                f"a message of {len(text)} characters: {stopped.what}, at {stopped.at}",
                "A message can be anything: return Pass() for what you do not know.",
            )
        passes += isinstance(outcome, Pass)
    if not passes:
        return warned("it lets no message pass", "Return Pass() for what is not for it.")
    return passed(f"passes on {passes} of {len(TEXTS)} messages")


async def guardrail(tried: Guardrail) -> Finding:
    """Whether it comes to an end with every text."""
    guards = Guards((replace(tried, stages=frozenset({"input"})),), Policy(default="allow"))
    for text in TEXTS:
        try:
            await attempt(guards.input(text, Ledger()), CHECK_S)
        except (Failed, GuardrailUnavailable):
            return failed(
                f"no verdict on a text of {len(text)} characters; the log says why",
                "While a guardrail fails nobody is answered: let it end with any text.",
            )
    return passed(f"{len(TEXTS)} texts")
