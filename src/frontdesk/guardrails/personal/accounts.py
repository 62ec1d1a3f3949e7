"""Bank accounts, IBANs and business numbers."""

import re
from collections.abc import Iterator

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search
from frontdesk.guardrails.personal.vicinity import ORDER, digits, labelled, near

_BANKS = re.compile(
    r"계좌|[가-힣a-z]{2,4}\s?은행|뱅크|국민|신한|농협|토스|카카오|수협|신협|새마을|우체국|카뱅"
    r"|케뱅|입금"
    r"|송금|이체"
    r"|kb|nh|ibk|(?<![a-z])bank|rkwhk|gyejwa"
)
_KOREAN = re.compile(r"(?<![\d.\-])\d{2,6}(?:[^\w\n]{0,3}\d{2,7}){1,4}(?![\d\-])")
_ENGLISH = re.compile(
    r"(?<![a-z])(?:account|acct|a/c|routing|checking|savings|sort code)(?:[ \-]?(?:number"
    r"|num|no|#))?"
    r"(?:[^\w\n]{0,3}(?:is|was|ending|number|and"
    r"|at [a-z ]{2,20}))?[^\w\n]{0,4}(\d(?:[ \-]?\d){7,16})(?![\d\-])"
)
_BRITISH = re.compile(
    r"(?<![a-z])sort\s?code[^\d\n]{0,8}\d\d[ \-]?\d\d[ \-]?\d\d(?!\d)"
    r"[^\d\n]{1,24}(\d{4}[ \-]?\d{4})(?!\d)"
)
_IBAN = re.compile(r"(?<![a-z\d])[a-z]{2}[ \-]?\d{2}(?:[ \-.]{0,2}[a-z\d]){11,30}")
# The IBAN registry (ISO 13616): country -> characters.
_LENGTHS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27,
    "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19,
    "SK": 24, "TR": 26,
}  # fmt: skip
_BUSINESS = re.compile(r"(?<![\d\-])\d{3}([^\w\n]{0,2})\d{2}[^\w\n]{0,2}\d{5}(?![\d\-])")
_BUSINESS_WORDS = re.compile(r"사업자|business (?:registration )?n|brn")
_BUSINESS_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


@search((_BANKS, _KOREAN))
def find_accounts(view: View) -> Iterator[Finding]:
    """Category `account`: never without a bank or a word for an account beside it."""
    text = view.text
    if _BANKS.search(text):
        for found in _KOREAN.finditer(text):
            if _account(text, found):
                yield Finding("account", *view.span(*found.span()))


@search((_ENGLISH,), (_BRITISH,))
def find_named_accounts(view: View) -> Iterator[Finding]:
    """Category `account`: what is called the number of one in English."""
    text = view.text
    for found in _ENGLISH.finditer(text):
        if "aws" not in text[max(0, found.start() - 12) : found.start()]:
            yield Finding("account", *view.span(*found.span(1)))
    for found in _BRITISH.finditer(text):
        yield Finding("account", *view.span(*found.span(1)))


def _account(text: str, found: re.Match[str]) -> bool:
    number = digits(found.group())
    if not 10 <= len(number) <= 16 or _BUSINESS_WORDS.search(
        text, max(0, found.start() - 20), found.start()
    ):
        return False
    if (number[0] == "1" and len(number) < 10) or "," in found.group():
        return False
    return near(text, _BANKS, *found.span()) and not labelled(text, ORDER, found.start())


@search((_IBAN,))
def find_ibans(view: View) -> Iterator[Finding]:
    """Category `iban`: the country's length and the remainder of ISO 7064 are right."""
    for found in _IBAN.finditer(view.text):
        places = [at for at in range(*found.span()) if view.text[at].isalnum()]
        length = _LENGTHS.get(found.group()[:2].upper(), len(places) + 1)
        number = "".join(view.text[at] for at in places[:length])
        if len(places) >= length and _remainder(number) == 1:
            yield Finding("iban", *view.span(found.start(), places[length - 1] + 1))


def _remainder(number: str) -> int:
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97


@search((_BUSINESS,))
def find_business_numbers(view: View) -> Iterator[Finding]:
    """Category `business_number`: public for companies."""
    for found in _BUSINESS.finditer(view.text):
        meant = near(view.text, _BUSINESS_WORDS, *found.span())
        if meant or (found[1] and _registered(digits(found.group()))):
            yield Finding("business_number", *view.span(*found.span()))


def _registered(number: str) -> bool:
    total = sum(int(d) * w for d, w in zip(number, _BUSINESS_WEIGHTS, strict=False))
    return (10 - (total + int(number[8]) * 5 // 10) % 10) % 10 == int(number[9])
