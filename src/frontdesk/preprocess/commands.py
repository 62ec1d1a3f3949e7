"""Slash commands: /help, /reset, /usage and /facts, answered without a model."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

from frontdesk.contract.context import TurnContext
from frontdesk.contract.handlers import Answer, Handler, Outcome, Pass
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.text import Language, folded

ORDER = 10
COMMAND = re.compile(r"/([\w-]{1,30})(?: (.*))?")

Words = Mapping[Language, str]

HELP: Words = {
    "en": """\
Ask in your own words. What I know I answer at once; a specialist takes the hard questions.
/help — this list
/reset — start over: I no longer look at what was said before
/usage — what this session has used so far
/facts — what you asked me to remember""",
    "ko": """\
편하게 물어보세요. 아는 것은 바로 답하고, 어려운 질문은 전문 상담이 맡습니다.
/help — 이 안내
/reset — 새로 시작 (이전 대화는 보지 않음)
/usage — 이 대화의 사용량
/facts — 기억해 달라고 하신 것""",
}
RESET: Words = {
    "en": "We start over: I no longer look at what was said before.",
    "ko": "새로 시작합니다. 이전 대화는 더 이상 보지 않습니다.",
}
ELSEWHERE: Words = {
    "en": "This conversation is kept where you write: begin a new one there.",
    "ko": "이 대화는 지금 쓰시는 프로그램이 보관합니다. 그곳에서 새 대화를 시작해 주세요.",
}
USAGE: Words = {
    "en": """\
So far: {0.turns} turns, {0.model_calls} model calls, {0.input_tokens} tokens in, \
{0.output_tokens} out, {1} USD.""",
    "ko": """\
지금까지: 대화 {0.turns}회, 모델 호출 {0.model_calls}회, 입력 {0.input_tokens}토큰, \
출력 {0.output_tokens}토큰, {1} USD.""",
}
FACTS: Words = {
    "en": "What you asked me to remember:",
    "ko": "기억해 달라고 하신 것:",
}
NO_FACTS: Words = {
    "en": "You have not asked me to remember anything yet.",
    "ko": "아직 기억해 달라고 하신 것이 없습니다.",
}
UNKNOWN: Words = {
    "en": "There is no command /{0}. Send /help for the list.",
    "ko": "/{0} 명령은 없습니다. /help 로 목록을 볼 수 있습니다.",
}
ALONE: Words = {
    "en": "Send /{0} alone, without more words.",
    "ko": "/{0} 명령은 다른 말 없이 단독으로 보내 주세요.",
}


async def obey(context: TurnContext) -> Outcome:
    """Answers a message that is a command; an unknown one never goes to a model."""
    match = COMMAND.fullmatch(folded(context.text))
    if match is None:
        return Pass()
    name, rest = match.groups()
    answer = _answer(name, context)
    if answer is None:
        return Answer(_said(UNKNOWN, context, name))
    return Answer(_said(ALONE, context, name)) if rest else answer


def _answer(name: str, context: TurnContext) -> Answer | None:
    match name:
        case "help":
            return Answer(_said(HELP, context))
        case "reset":
            ours = context.message.context is None
            return Answer(_said(RESET if ours else ELSEWHERE, context), fresh=ours)
        case "usage":
            cost = f"{Decimal(context.totals.cost_usd).normalize():f}"
            return Answer(_said(USAGE, context, context.totals, cost))
        case "facts":
            return Answer(_listed(context))
    return None


def _listed(context: TurnContext) -> str:
    facts = context.user_facts
    lines = (f"{number}. {fact.text}" for number, fact in enumerate(facts, 1))
    return "\n".join([_said(FACTS, context), *lines]) if facts else _said(NO_FACTS, context)


def _said(words: Words, context: TurnContext, *values: object) -> str:
    """The words in the user's language; in all of ours where that is not known yet."""
    known = context.language
    return "\n".join(text.format(*values) for lang, text in words.items() if known in (None, lang))


@asynccontextmanager
async def plugin(_place: PluginPlace) -> AsyncIterator[Parts]:
    """The plugin that brings the commands."""
    yield Parts(handlers=(Handler("commands", obey, ORDER),))
