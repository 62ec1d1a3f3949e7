"""Passwords, codes and seed phrases in prose: the value itself, not talk about it."""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search

ENGLISH = (
    r"(?:(?<![a-z])(?:p[a4@][s5$]{2}[ \-_.]?(?:w[o0]rd|phrase|code|wd)"
    r"|pa?s{1,2}w[o0]?r?d|passw(?:ro|or)d"
    r"|p(?=[\w$@]{0,6}[*#•])[as45@$*#•]{2,6}w?[o0*#•]{0,4}r?d|passowrd|passwd|pwd|pw"
    r"|pin(?: ?(?:code|number))?"
    r"|log[ \-]?in credentials|credentials)(?![a-z]))"
)
_KOREAN = (
    r"비밀\s?번호|비\s?번|패스\s?워드|패쓰워드|암호|핀\s?번호|핀\s?코드|ᄇᄆᄇᄒ|qlalfqjsgh"
    r"|qlqjs|bimilbeonho|bibeon"
)
_IS = r"(?:은요?|는요?|이|가|이는|란|:|=|->|→|-|\s)"
_SAID = re.compile(
    rf"(?:{_KOREAN}"
    rf"|{ENGLISH})\s{{0,3}}(?:{_IS}\s{{0,3}}){{1,3}}[\"'`「]?([^\s\"'`」,가-힣]{{4,64}})[\"'`」]?(?P<tail>[가-힣]*)"
)
_NATIVE = re.compile(
    rf"(?:{_KOREAN})\s?(?:은|는|이|가|:"
    rf"|=)\s{{0,2}}[\"']?([^\s\"',.]{{2,24}}?[\d!@#$%^&*][^\s\"',.]{{0,16}}?)[\"']?"
    r"(?:이야|야|입니다|예요|이에요|임|이고|인데|이니까)(?![가-힣])"
)
_TOLD = re.compile(
    rf"{ENGLISH}(?:\s(?:for|to|of|on|at|in|4)\s(?!reset|change)[a-z0-9 '.@\-]{{1,30}}?)?\s{{0,2}}"
    r"(?:is(?: still| now| just| set to)?|was|=|:|are|->|will be|to|equals"
    r"|being)\s{0,2}[\"'`]?([^\s\"'`]{3,64})[\"'`]?"
)
_LIMIT = re.compile(
    r"자|글자|개|일|번|회|분|개월|년|월|시|%|원|달|차|단계|가지|이상|이하|번째|종|비트|처럼"
    r"|같은|같이|보다|말고|정도|부터|까지"
)
_NOT_SAID = re.compile(
    r"(?:sha|md|aes|rsa|bcrypt|argon|pbkdf|scrypt|utf|oauth|https?:|base)[\d\-].*"
    r"|[a-z_][\w.]*[(\[].*|[${<%\[{(].*"
    r"|.*(?:your|example|placeholder|changeme|x{4}|\*{3}|\.{3}).*|[\W_]+"
    r"|\d{1,3}[\-~]\d{1,3}|\[[a-z_]+_\d+\].*"
)
_WORD = re.compile(r"[a-z]{4,32}")
_MINE = re.compile(
    r"(?:my|our|his|her|their|admin|root|wifi|wi-fi|account|email|e-mail|server|login)'?s? \Z"
)
_STATE = re.compile(
    r".*(?:ed|ing|able|ible|ly|less|en)|in|not|the|too|very|also|case|same|incorrect"
    r"|wrong|invalid|weak|strong|blank"
    r"|empty|missing|lost|reset|secure|safe|correct|long|short|what|where|that|this|there"
    r"|here|still|just|only|never"
    r"|always|about|older|different|unique|private|secret|required|over|less|more|really"
    r"|okay|good|fine|gone|being"
    r"|unknown|default|null|none|true|false|string|text|field|optional|important|easy"
    r"|hard|difficult|compromise"
    r"|something|nothing|anything|stolen|known|like|made|from|with|your|stuff|both|best"
    r"|dead|such|when|because"
)
CODE_NAMES = (
    r"(?:인증\s?번호|인증\s?코드|otp|일회용\s?(?:비밀\s?)?번호|보안\s?코드|확인\s?코드"
    r"|(?:verification|security"
    r"|one[ \-]time|[2m]fa"
    r"|auth(?:entication|enticator)?|log[ \-]?in|sign[ \-]?in|confirmation|sms"
    r"|access) (?:code|password|passcode|pin)|passcode|[a-z] ?otp|(?<![a-z])[2m]fa(?=\s?[:=]| is)"
    r"|(?:your|my|the) code (?:(?:that )?(?:they|you|it|he|she|we|i) (?:just )?"
    r"(?:texted|sent|emailed|messaged|gave|got|received)(?: to)?(?: me| us| you)? )?(?:is|was))"
)
_CODE = re.compile(
    rf"{CODE_NAMES}[^\d\n]{{0,25}}?(?<!\d)((?:g-)?\d{{3}}[ \-]?\d{{3}}|\d\d \d\d \d\d"
    r"|\d{4,8})(?!\d|\.\d|\s?(?:자리|분|초|회|번|년|월|일|원|명|digit|min|sec|hour|%|-digit"
    r"|attempt|char))"
)
_CODE_FIRST = re.compile(
    r"(?<![\d\-])(\d{3}[ \-]?\d{3}|\d{4,8}) (?:is|was|as) (?:your|my"
    r"|the) [a-z ]{0,25}(?:code|otp|pin|password)"
    r"|(?<![\d\-])(\d{4,8})(?:\]|이|가|은|는|\s)?\s?(?:이|가)?\s?(?:인증\s?번호|인증\s?코드|otp)"
)


@search((_SAID,), (_NATIVE,), (_TOLD,))
def find_passwords(view: View) -> Iterator[Finding]:
    """Category `password`: a value that is said to be one."""
    for found in _SAID.finditer(view.text):
        if _value(found[1]) and not _LIMIT.match(found["tail"]):
            yield Finding("password", *view.span(*found.span(1)))
    for found in _NATIVE.finditer(view.text):
        if not _LIMIT.search(found[1]):
            yield Finding("password", *view.span(*found.span(1)))
    for found in _TOLD.finditer(view.text):
        value = found[1].rstrip(".,;!?)") or found[1]
        if _value(value) or _plain_word(found, value):
            yield Finding("password", *view.span(*found.span(1)))


def _value(value: str) -> bool:
    """Whether figures or marks are in it as in no word."""
    core = value.strip(".,;:!?()[]")
    mixed = any(map(str.isdigit, core)) or bool(
        re.search(r"[a-z][!@#$%^&*+=][a-z\d!]|[!@#$%^&*]{2}|[a-z]{3,}-[a-z]{3,}-[a-z]{3,}", core)
    )
    return len(core) >= 4 and mixed and not _NOT_SAID.fullmatch(value)


def _plain_word(found: re.Match[str], value: str) -> bool:
    """Whether a plain word ends the sentence that tells somebody's password."""
    text = found.string
    end = re.match(r"[.!,;\"'`]|\Z|\n| and | but ", text[found.start(1) + len(value) :][:6])
    mine = _MINE.search(text, max(0, found.start() - 12), found.start())
    return bool(end and mine and _WORD.fullmatch(value) and not _STATE.fullmatch(value))


@search((_CODE,), (_CODE_FIRST,))
def find_codes(view: View) -> Iterator[Finding]:
    """Category `one_time_code`."""
    for pattern in (_CODE, _CODE_FIRST):
        for found in pattern.finditer(view.text):
            yield Finding("one_time_code", *view.span(*found.span(found.lastindex or 0)))
