"""Links and images in answers: an image is fetched unasked, so its address can carry a conversation
out (OWASP LLM05); a link can, once it is followed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from frontdesk.contract.guardrails import Finding, Guardrail, Text

REACH = 300
_CHARS = r"[^\s<>\"'`)\]]{1,2000}"
_LINK = re.compile(
    r"!\[[^\]\n]{0,200}\]\(\s*<?(?P<image>[^\s)>]{1,2000})[^)\n]{0,200}\)?"
    rf"|(?P<link>(?:[a-z][a-z0-9+.-]{{1,12}}://|(?<=[(\"'=])//|www\.){_CHARS})",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[a-z0-9+.-]*:)?(?://)?(?:[^/?#]*@)?([^/?#:]+)", re.IGNORECASE)
_RELATIVE = re.compile(r"(?![a-z0-9+.-]*:|//|[^?#]*\\|www\.)", re.IGNORECASE)
_BEGUN = re.compile(r"!(?:\[[^\]\n]*(?:\](?:\([^)\n]*)?)?)?$|\S+$")
_TAIL = re.compile(r"[.,;:!?*_~]+$|(?<=[!-~])[가-힣]+[.,;:!?*_~]*$")
"""What ends a sentence, not an address; Korean particles stick to it."""


def links(allowed_hosts: Iterable[str]) -> Guardrail:
    """Finds the addresses of links and whole images that lead to other hosts than these and those
    below them, category `link`.
    """
    allowed = tuple(host.casefold().strip(".") for host in allowed_hosts)

    async def check(text: Text) -> Sequence[Finding]:
        return list(_foreign(text.original, allowed))

    return Guardrail("links", check, frozenset({"output"}), REACH, _begun)


def _foreign(text: str, allowed: tuple[str, ...]) -> Iterator[Finding]:
    if "//" not in text and "www." not in text.casefold() and "![" not in text:
        return
    for found in _LINK.finditer(text):
        address = found["image"] or _TAIL.sub("", found["link"])
        if not _listed(address, allowed):
            end = found.end() if found["image"] else found.start() + len(address)
            yield Finding("link", found.start(), end)


def _listed(address: str, allowed: tuple[str, ...]) -> bool:
    if _RELATIVE.match(address):
        return True
    found = _HOST.match(address.replace("\\", "/"))  # as browsers read it
    host = found[1].casefold().rstrip(".") if found else ""
    return any(host == each or host.endswith(f".{each}") for each in allowed)


def _begun(text: Text) -> int:
    """Where an address may have begun that is not complete: with the last word, or an image."""
    found = _BEGUN.search(text.original)
    return found.start() if found else len(text.original)
