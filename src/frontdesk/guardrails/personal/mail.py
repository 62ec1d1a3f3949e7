"""E-mail addresses, also with "at" and "dot" spelled."""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search

_LOCAL = re.compile(r"[a-z0-9가-힣](?:[a-z0-9가-힣]|[._%+\-](?=[a-z0-9._%+\-]))*[ ]?\Z")
_DOMAIN = re.compile(
    r"@[a-z0-9가-힣\-]{1,63}(?:\.[a-z0-9가-힣\-]{1,63}){0,3}\.(?:[a-z]{2,24}|한국)(?![a-z\d])"
)
_SPACED = re.compile(
    r"@ ?[a-z0-9가-힣\-]{1,63}(?: ?\. ?[a-z0-9가-힣\-]{1,63}){0,3} ?\. ?(?:[a-z]{2,24}"
    r"|한국)(?![a-z\d])"
)
_ENDING = r"(?:com|net|org|kr|io|co|edu|gov|me|dev|컴|넷|케이알|오알지)"
_KNOWN = re.compile(rf"{_ENDING}\Z")
# Addresses of documentation: RFC 2606 keeps the domains for it.
_SHOWN = re.compile(
    r"(?:example|sample|user(?:name)?|name|you|your[._\-]?(?:name|e?mail)|e?mail|someone|somebody|foo)"
    r"@(?:example|domain|email|mail)\.(?:com|org|net)"
)
_SPELLED = re.compile(
    r"\s{0,2}(?:[(\[{<]\s?(?:at|앳|골뱅이|@)\s?[)\]}>]|\s(?:at|앳|엣)\s|골뱅이|_at_)\s{0,2}"
    r"[a-z0-9가-힣\-]{1,30}?(?:\s{0,2}(?:[(\[{<]\s?(?:dot|닷|점|\.)\s?[)\]}>]|\sdot\s|닷"
    r"|\s?쩜\s?|\s점\s|점(?=[a-z])|_dot_|\.)\s{0,2}"
    rf"(?:[a-z0-9\-]{{1,20}}|{_ENDING})){{0,3}}?\s{{0,2}}(?:[(\[{{<]\s?(?:dot|닷"
    rf"|점)\s?[)\]}}>]|\sdot\s|닷|쩜|\s점\s|점(?=[a-z])|_dot_|\.)"
    rf"\s{{0,2}}{_ENDING}(?![a-z])"
)
_HINT = re.compile(r"골뱅이|앳|엣|[(\[{<]\s?(?:at|@)\s?[)\]}>]|\sat\s|_at_")
_LOCAL_BEFORE = re.compile(r"[a-z0-9가-힣][a-z0-9가-힣._%+\-]{0,63}\Z")


@search((_DOMAIN,), (_SPACED,), (_HINT, _SPELLED))
def find_mail(view: View) -> Iterator[Finding]:
    """Category `email`."""
    text = view.text
    at = text.find("@")
    while at >= 0:
        name = _LOCAL.search(text, max(0, at - 64), at)
        domain = (_DOMAIN.match(text, at) or _SPACED.match(text, at)) if name else None
        if (
            name
            and domain
            and _one(name.group(), domain.group())
            and not _machine(text, name.start())
            and not _SHOWN.fullmatch(text, name.start(), domain.end())
        ):
            yield Finding("email", *view.span(name.start(), domain.end()))
        at = text.find("@", at + 1)
    for hint in _HINT.finditer(text):
        yield from _spelled(view, hint.start())


def _machine(text: str, start: int) -> bool:
    """Whether it is a remote of git, or what stands before a host in an address of the web."""
    return text.startswith("git@", start) or text[max(0, start - 1) : start] == ":"


def _one(name: str, domain: str) -> bool:
    """Whether both are one address: spaces stand on both sides of the sign, or on none."""
    spaced = " " in domain
    return name.endswith(" ") == domain.startswith("@ ") and (
        not spaced or bool(_KNOWN.search(domain))
    )


def _spelled(view: View, at: int) -> Iterator[Finding]:
    at -= view.text[max(0, at - 1) : at] == " "
    address = _SPELLED.match(view.text, at)
    name = _LOCAL_BEFORE.search(view.text, max(0, at - 40), at)
    if address and name:
        yield Finding("email", *view.span(name.start(), address.end()))
