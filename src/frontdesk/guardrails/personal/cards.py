"""Payment cards: 13 to 19 digits with an issuer's prefix and the check digit of ISO/IEC 7812, or
what is called one.
"""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search
from frontdesk.guardrails.personal.vicinity import ORDER, digits, labelled, near

_G = r"([^\w\n]{0,3}|_)"
_CARD = re.compile(
    rf"(?<!\d)(?:\d{{4}}{_G}\d{{4}}{_G}\d{{4}}{_G}\d{{1,7}}|\d{{4}}{_G}\d{{6}}{_G}\d{{4,5}})(?!\d)"
)
_LOOSE = re.compile(r"(?<!\d)\d(?:[^\w\n]{0,3}\d){12,18}(?!\d)")
_NAMED = re.compile(
    r"(?<![a-z])(?:card|카드)(?:\s?(?:number|no\.?|번호))?(?:\s?(?:is|은|는|[:#]))?\s?(\d{12,19})"
    r"(?!\d)"
)
# Told in parts, with words between them.
_PARTED = re.compile(r"(?<!\d)\d{4,8}(?!\d)(?:[^\d\n]{1,28}(?<!\d)\d{4,8}(?!\d)){1,3}")
_PART_WORDS = re.compile(
    r"half|then|second|third|rest|remain|last|next|나머지|뒷|뒤|그리고|다음|이어서"
)
_WORDS = re.compile(r"카드|card|visa|master|amex|신용|체크|결제|amex|pan\b")
_CODE = re.compile(
    r"(?<![a-z])cv[cv]2?[^\w\n]{0,2}(?:번호)?(?:\s?(?:는|은|is|code|:|=))*\s?\d{3,4}(?!\d)"
)
_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}"
    r"|62\d{14,17}|9\d{15}"
)


@search((_CARD,), (_NAMED,), (_WORDS, _LOOSE), (_CODE,))
def find_cards(view: View) -> Iterator[Finding]:
    """Category `card`, also for the code on its back."""
    text = view.text
    for found in _CARD.finditer(text):
        if valid(digits(found.group())) and not labelled(text, ORDER, found.start()):
            yield Finding("card", *view.span(*found.span()))
    for found in _NAMED.finditer(text):
        yield Finding("card", *view.span(*found.span(1)))
    if _WORDS.search(text):
        for found in _LOOSE.finditer(text):
            if valid(digits(found.group())) and near(text, _WORDS, *found.span()):
                yield Finding("card", *view.span(*found.span()))
    for found in _CODE.finditer(text):
        yield Finding("card", *view.span(*found.span()))


@search((_PART_WORDS,))
def find_parted_cards(view: View) -> Iterator[Finding]:
    """Category `card`, where words stand between its parts."""
    for found in _PARTED.finditer(view.text):
        told = valid(digits(found.group())) and _PART_WORDS.search(found.group())
        if told and not labelled(view.text, ORDER, found.start()):
            yield Finding("card", *view.span(*found.span()))


def valid(number: str) -> bool:
    """Whether the prefix, the length and the check digit are those of a card."""
    if not _ISSUER.fullmatch(number):
        return False
    doubled = [int(digit) * 2 for digit in number[-2::-2]]
    rest = sum(map(int, number[-1::-2])) + sum(value - 9 * (value > 9) for value in doubled)
    return rest % 10 == 0
