"""What a message and a description have in common: subjects in two languages, and plain words."""

import re

_SUBJECTS = {
    "complaint": r"complain|unacceptable|angry|terrible|disappoint|불만|항의|화가|최악|실망|클레임",
    "refund": r"refund|money back|환불|돈.{0,4}(?:돌려|내놔)",
    "return": r"\breturn(?!ed from)|sen(?:d|ding|t) .{0,12}back|exchange|반품|교환|반송",
    "damage": r"damage|broken|broke\b|defect|파손|고장|불량|하자|깨[져졌진]",
    "contract": r"contract|terminat|계약|약관|해지",
    "cancel": r"\bcancel|취소",
    "warranty": r"warrant|guarantee|보증",
    "order": r"\border|deliver|shipping|shipment|parcel|주문|배송|택배",
    "time": r"\btime\b|\bdate\b|what day|몇 ?시|지금 시간|날짜|무슨 ?요일|며칠",
    "hours": r"\bopen|\bclos(?:e|ed|ing)\b|영업(?!일)|문.{0,3}(?:여|열|닫)|휴무",
    "payment": r"\bpay|\bcard\b|bank transfer|결제|카드|계좌|이체",
    "settled": r"\bsettled|\bsolved|that(?:'s| is| was) all|해결|됐어요|됐습니다",
}

_COMMON = frozenset(
    """about agent also answer ask call current from give handle handoff have here into know last
    like look message more name number other please request should some such tell that their them
    then there this turn user what when where which will with word your""".split()  # noqa: SIM905  # shorter so
)

_WORD = re.compile(r"[a-z]{4,}|[가-힣]{2,}")


def subjects(text: str) -> frozenset[str]:
    """The subjects that a text touches."""
    low = text.lower()
    return frozenset(name for name, pattern in _SUBJECTS.items() if re.search(pattern, low))


def shared(message: str, description: str) -> int:
    """How many subjects and words the two have in common; a subject counts twice."""
    low = message.lower()
    words = set(_WORD.findall(description.lower())) - _COMMON
    found = sum(bool(re.search(rf"(?<![a-z]){word.rstrip('s')}", low)) for word in words)
    return found + 2 * len(subjects(message) & subjects(description))
