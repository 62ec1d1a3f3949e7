"""What stands around a number: the words that make it personal or innocent."""

import re

ORDER = re.compile(
    r"주문|운송장|송장|바코드|상품|품번|모델|시리얼|일련|접수|예약|영수증|거래\s?번호|택배|추적"
    r"|법인"
    r"|(?<![a-z])(?:order|tracking|parcel|barcode|bar code|invoice|serial|imei|isbn|ean|sku|ticket"
    r"|receipt|case|request|reference|product|item|trace|build|commit|batch|device)"
)
"""Words before a number that is given to a thing."""

BEFORE, AFTER = 30, 15


def near(text: str, words: re.Pattern[str], start: int, end: int, before: int = BEFORE) -> bool:
    """Whether one of the words stands shortly before or after `text[start:end]`."""
    return bool(words.search(text, max(0, start - before), start) or after(text, words, end))


def after(text: str, words: re.Pattern[str], end: int) -> bool:
    """Whether one of the words stands shortly after `end`."""
    return bool(words.search(text, end, min(len(text), end + AFTER)))


def labelled(text: str, words: re.Pattern[str], start: int) -> bool:
    """Whether one of the words stands directly before the number, within its label."""
    return bool(words.search(text, max(0, start - 14), start))


def digits(text: str) -> str:
    """The digits of the text alone."""
    return "".join(filter(str.isdigit, text))
