"""What the demo model says: plain rules over the words of the message, and nothing else."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.agents.graph import RELEASE
from frontdesk.demo.conversation import HANDOFF, Conversation
from frontdesk.demo.documents import asks, asks_for_a_rule, told
from frontdesk.demo.topics import shared, subjects

NOTICE = "Demo model: plain keyword rules, no AI. / 데모 모델: 키워드 규칙일 뿐, AI가 아닙니다."


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool or a handoff that the model may call: its name and description in `about`, the JSON
    schema of its arguments in `schema`.
    """

    name: str
    about: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Say:
    """Answers with a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Use:
    """Calls a tool or a handoff, with its arguments as JSON."""

    name: str
    arguments: str = "{}"


Decision = Say | Use

_AM_I = re.compile(
    r"(?i)who are you|what are you|are you (?:an? )?(?:ai|bot|human|person|robot|real)"
    r"|(?:넌|너는|당신은).{0,4}누구|(?:AI|인공지능|로봇|봇|사람)\s?(?:이야|야|인가|예요|이에요|이세요|입니까|맞)"
)
_NAME = re.compile(
    r"(?i)\bmy name is ([^\W\d_][\w'-]*(?: (?-i:[A-Z])[\w'-]*)?)"
    r"|(?:내|제) 이름은 ([가-힣A-Za-z]+)"
)
_NAME_ASKED = re.compile(r"(?i)what(?:'s| is) my name|(?:내|제) 이름(?:이|은)? ?(?:뭐|무엇|기억)")
_NAME_TAIL = re.compile(r"(?:이라고|라고|입니다|이에요|예요|이야|야)$")
_HELP = re.compile(r"(?i)what can you|how can you help|\bhelp\W*$|뭐 ?할 수|무엇을 할 수|도와")
_HELLO = re.compile(r"(?i)^\W*(?:hi|hello|hey|good (?:morning|day|evening))\b|안녕|반갑")
_THANKS = re.compile(r"(?i)\bthank|\bthx\b|고마|고맙|감사")


def decide(talk: Conversation, tools: Sequence[Offer], handoffs: Sequence[Offer]) -> Decision:
    """The first rule that knows what to do."""
    results = [result for result in talk.results if result[0] != RELEASE]
    if results:
        return Say(_told(talk, results, _search(tools)))
    useful = [tool for tool in tools if tool.name != RELEASE]
    return (
        _about_itself(talk)
        or _release(talk, tools)
        or _rule(talk, useful, handoffs)
        or _hand_over(talk, handoffs)
        or _numbered(talk, useful)
        or _facts(talk)
        or _described(talk, useful)
        or _small_talk(talk)
        or (_look_up(talk, useful) if _wonders(talk.message) else None)
        or _lost(talk, (*useful, *handoffs))
    )


def _told(talk: Conversation, results: Sequence[tuple[str, str]], search: Offer | None) -> str:
    lines: list[str] = []
    for name, text in results:
        if search and name == search.name:
            lines += told(text, talk.message) or [_not_found(talk)]
        else:
            lines.append(f"[{name}] {_plain(text)}")
    known = [] if search and search.name in dict(results) else _known(talk, least=2)
    return "\n".join([*_signed(talk), *lines, *known])


def _not_found(talk: Conversation) -> str:
    return talk.spoken(
        f"I found nothing about that in our documents. {NOTICE}",
        f"저희 문서에서 그 내용을 찾지 못했습니다. {NOTICE}",
    )


def _plain(text: str) -> str:
    """A tool's result for people: the fields of an object, else the text."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    if not isinstance(value, dict):
        return text
    return ", ".join(f"{name}: {each}" for name, each in value.items())


def _signed(talk: Conversation) -> list[str]:
    """The line that shows which agent speaks."""
    title = talk.spoken(*talk.title)
    return [f"({title})"] if title else []


def _about_itself(talk: Conversation) -> Decision | None:
    if _AM_I.search(talk.message):
        return Say(NOTICE)
    if not _NAME_ASKED.search(talk.message):
        return None
    if name := _name(talk):
        return Say(talk.spoken(f"Your name is {name}.", f"성함은 {name}입니다."))
    return Say(
        talk.spoken("You have not told me your name yet.", "아직 성함을 말씀하지 않으셨어요.")
    )


def _name(talk: Conversation) -> str:
    found = [match for said in talk.said for match in _NAME.finditer(said)]
    if not found:
        return ""
    return found[-1][1] or _NAME_TAIL.sub("", found[-1][2]) or found[-1][2]


def _release(talk: Conversation, tools: Sequence[Offer]) -> Decision | None:
    """A specialist gives the session back when the user says that all is settled; once a turn."""
    offered = any(tool.name == RELEASE for tool in tools) and not talk.results
    return Use(RELEASE) if offered and "settled" in subjects(talk.message) else None


def _rule(talk: Conversation, tools: Sequence[Offer], handoffs: Sequence[Offer]) -> Decision | None:
    """What a specialist would be asked for stands in the documents, if it is no case of one's
    own.
    """
    if not asks_for_a_rule(talk.message) or _numbered(talk, tools):
        return None
    return _look_up(talk, tools) if _best(talk, handoffs) else None


def _look_up(talk: Conversation, tools: Sequence[Offer]) -> Decision | None:
    search = _search(tools)
    arguments = search and _arguments(search, talk.message)
    return Use(search.name, _json(arguments)) if search and arguments else None


def _wonders(message: str) -> bool:
    return asks(message) and not _HELP.search(message)


def _search(tools: Sequence[Offer]) -> Offer | None:
    """A tool that searches: it takes a `query`."""
    return next((tool for tool in tools if "query" in _properties(tool)), None)


def _hand_over(talk: Conversation, handoffs: Sequence[Offer]) -> Decision | None:
    best = _best(talk, handoffs)
    return Use(best.name) if best else None


def _numbered(talk: Conversation, tools: Sequence[Offer]) -> Decision | None:
    """A tool whose argument has a pattern that stands in the message, such as an order number."""
    for tool in tools:
        arguments = _arguments(tool, talk.message)
        if arguments and any("pattern" in each for each in _properties(tool).values()):
            return Use(tool.name, _json(arguments))
    return None


def _described(talk: Conversation, tools: Sequence[Offer]) -> Decision | None:
    """A tool that is described in words of the message, if the message asks something."""
    if not asks(talk.message):
        return None
    usable = [tool for tool in tools if _arguments(tool, talk.message) is not None]
    best = _best(talk, usable)
    return Use(best.name, _json(_arguments(best, talk.message))) if best else None


def _json(arguments: Mapping[str, Any] | None) -> str:
    return json.dumps(arguments or {}, ensure_ascii=False)


def _best(talk: Conversation, offers: Sequence[Offer]) -> Offer | None:
    scored = [(shared(talk.message, offer.about), offer) for offer in offers]
    score, best = max(scored, key=lambda pair: pair[0], default=(0, None))
    return best if score else None


def _properties(tool: Offer) -> Mapping[str, Mapping[str, Any]]:
    properties: Mapping[str, Mapping[str, Any]] = tool.schema.get("properties", {})
    return properties


def _arguments(tool: Offer, message: str) -> dict[str, Any] | None:
    """The arguments as far as the message has them: by pattern, by default, or as free text."""
    found: dict[str, Any] = {}
    for name, each in _properties(tool).items():
        if "pattern" in each:
            match = re.search(each["pattern"].strip("^$"), message)
            if match is None:
                return None
            found[name] = match[0]
        elif "default" in each:
            found[name] = each["default"]
        elif each.get("type") == "string" and "enum" not in each:
            found[name] = message
        elif name in tool.schema.get("required", ()):
            return None
    return found


def _facts(talk: Conversation) -> Decision | None:
    facts = _known(talk, least=2)
    return Say("\n".join([*_signed(talk), *facts])) if facts else None


def _known(talk: Conversation, least: int) -> list[str]:
    """What the agent's own instructions state about the subjects of the message."""
    return [
        talk.spoken(*fact) for fact in talk.facts if shared(talk.message, " ".join(fact)) >= least
    ]


def _small_talk(talk: Conversation) -> Decision | None:
    name = _name(talk)
    if _NAME.search(talk.message):
        return Say(talk.spoken(f"Nice to meet you, {name}.", f"{name}님, 반갑습니다."))
    if _THANKS.search(talk.message) or "settled" in subjects(talk.message):
        return Say(talk.spoken("You are welcome.", "천만에요. 또 찾아 주세요."))
    if _HELLO.search(talk.message):
        hello = talk.spoken(
            f"Hello{name and ', ' + name}!", f"안녕하세요{name and ', ' + name + '님'}!"
        )
        return Say(f"{hello} {NOTICE}")
    return None


def _lost(talk: Conversation, offers: Sequence[Offer]) -> Say:
    names = ", ".join(offer.name.removeprefix(HANDOFF) for offer in offers) or "-"
    text = talk.spoken(f"{NOTICE}\nI can use: {names}.", f"{NOTICE}\n사용할 수 있는 것: {names}.")
    if not _HELP.search(talk.message):
        lost = talk.spoken("I did not understand that.", "이해하지 못했습니다.")
        text = f"{lost} {text}"
    return Say("\n".join([*_signed(talk), text]))
