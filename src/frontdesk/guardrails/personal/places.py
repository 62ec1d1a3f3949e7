"""Where people live, and where they connect from."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import chain

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search
from frontdesk.guardrails.personal.vicinity import near

_ROAD = re.compile(
    r"(?:로|길)\s{0,2}\d{1,4}(?:-\d{1,4}|번?길\s?\d{1,4}(?:-\d{1,4})?)?(?![\d%원명개시분년월일배])"
    r"|(?:동|리|가)\s{1,2}\d{1,4}(?:-\d{1,4})?(?:번지|(?=[\s,.]|\Z))|\d{1,4}동\s{0,2}\d{1,4}호"
)
_REGION = re.compile(
    r"(?:[가-힣]{1,7}(?:특별시|광역시|시|도)\s{0,2})?(?:[가-힣]{1,5}(?:시|군"
    r"|구)\s{0,2})+(?:[가-힣0-9]{1,8}(?:읍|면|동)\s{0,2})?"
    r"[가-힣0-9·]{0,10}\Z"
)
_DISTRICT = re.compile("[시군구]")
_NAME = re.compile(r"[가-힣0-9·]{1,10}\Z")
_FLAT = re.compile(
    r"[,\s(]{0,3}(?:[가-힣a-z0-9]{1,12}\s?(?:아파트|빌라|빌딩|타워"
    r"|오피스텔)?[,)\s]{0,2})?(?:지하)?\d{1,4}\s?(?:동|호|층)(?:\s?\d{1,4}\s?호)?"
)
_WORDS = re.compile(
    r"주소|거주|사는|살아|살고|살았|배송지|집은|우리\s?집|저희\s?집|아파트|빌라|오피스텔"
    r"|으로 보내|wnth|juso"
)
_OWN_FLAT = re.compile(r"주소|거주|사는|살아|살고|살았|배송|집은|우리\s?집|저희\s?집|으로 보내")
_NOTICE = re.compile(
    r"공지|안내문|안내\s?방송|관리\s?사무소|관리실|관리소장|입주민|입주자|게시판|\d호\s?라인|단수|정전|동파"
)
_STREET = re.compile(
    r"(?<![\d.,:/\-])\d{1,6}[a-z]?,?\s(?:[nsew]\.?\s)?(?:[a-z0-9'.]{1,20}\s){1,3}"
    r"(street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|way|place|pl"
    r"|terrace|parkway|pkwy)"
    r"(?![a-z\d])(\.?,?\s(?:(?:apt|suite|unit"
    r"|#)\.?\s?\w{1,6},?\s)?[a-z .]{2,25},?\s[a-z]{2}\s\d{5})?"
)
_BRITISH = re.compile(
    r"(?<![\d.,:/\-])(?:(?:flat|unit|apartment) \w{1,4},? )?\d{1,4}[a-z]?,? "
    r"(?:[a-z'.]{1,20}[ ,]{1,2}){2,6}"
    r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}(?![a-z\d])"
)
_CLEAR = {"street", "st", "avenue", "ave", "road", "rd", "boulevard", "blvd", "terrace", "pkwy"}
_STREET_WORDS = re.compile(
    r"address|live[sd]? (?:at|on|in)|living at|ship|deliver|mail|send|home|reside|moved to"
)
_ROMAN = re.compile(
    r"(?<![\d.,:/\-])\d{1,4}(?:-\d{1,4})?,? [a-z]{2,20}-?(?:daero|ro|gil)"
    r"(?: ?\d{1,3}(?:beon)?-?gil)?(?:, ?[a-z]{2,20}-(?:dong|eup|myeon|gu|gun|si|do)){1,3}(?![a-z])"
)
_BOX = re.compile(r"(?<![a-z])p\.?\s?o\.?\s?box\s#?\d{1,6}")
_IPV4 = re.compile(r"(?<![a-z\d_.\-/+])(?:\d{1,3}\.){3}\d{1,3}(?![a-z\d_\-]|\.\d)")
_IPV6 = re.compile(r"(?<![a-z\d_:.])[0-9a-f]{1,4}:[0-9a-f:]{2,34}[0-9a-f](?![a-z\d_:])")
_VERSION = re.compile(
    r"(?:version|(?:upgrad|downgrad|updat|bump)\w{1,4}(?: [a-z][\w\-]{0,15}){0,3} (?:from|to)"
    r"(?: v?[\d.]{3,15} to)?|rolled? back (?:\w{1,15} )?(?:from|to)|버전|ver\.?|release"
    r"|릴리스|==|>=|v)\s{0,2}[^\w\s]?\s{0,2}\Z"
)
_RAISED = re.compile(
    r"(?:에서\s?(?:v?[\d.]{3,15}\s?)?|으?로\s?){1,2}(?:올리|올렸|올려|업데이트|업그레이드|다운그레이드|패치|롤백)"
)
_NET = re.compile(r"(?<![a-z])ip|아이피|주소|address|host|from|server|서버|접속")
_OWN = re.compile(
    r"(?:내|제|my|client|user'?s?|고객|사용자|접속|visitor|from)\W{0,3}(?:접속\s?)?(?:ip|아이피)"
    r"|logged in from|접속"
)


@search((_ROAD,))
def find_korean_addresses(view: View) -> Iterator[Finding]:
    """Category `address`: Korean roads and lots with a region, flat or word."""
    said = bool(_WORDS.search(view.text))
    for found in _ROAD.finditer(view.text):
        start, end = _korean(view.text, found, said)
        if start < end:
            yield Finding("address", *view.span(start, end))


@search((_STREET,))
def find_american_addresses(view: View) -> Iterator[Finding]:
    """Category `address`: American streets."""
    for found in _STREET.finditer(view.text):
        if _lived_at(view, found):
            yield Finding("address", *view.span(*found.span()))


@search((_BRITISH,), (_ROMAN,), (_BOX,))
def find_other_addresses(view: View) -> Iterator[Finding]:
    """Category `address`: British ones, Korean ones in Latin letters, boxes."""
    for found in chain(*(each.finditer(view.text) for each in (_BRITISH, _ROMAN, _BOX))):
        yield Finding("address", *view.span(*found.span()))


def _korean(text: str, found: re.Match[str], said: bool) -> tuple[int, int]:
    """Where the address stands; `said` is whether the text has a word for one."""
    start, end = found.span()
    flat = _FLAT.match(text, end)
    lot = not text.startswith(("로", "길"), start)
    before = max(0, start - 30)
    if _DISTRICT.search(text, before, start) and (region := _REGION.search(text, before, start)):
        return region.start(), flat.end() if flat else end
    if lot and near(text, _NOTICE, start, end) and not near(text, _OWN_FLAT, start, end):
        return 0, 0
    if not ((said and near(text, _WORDS, start, end)) or (flat and not lot)):
        return 0, 0
    name = _NAME.search(text, max(0, start - 10), start)
    if name or lot:
        return name.start() if name else start, flat.end() if flat else end
    return 0, 0


def _lived_at(view: View, found: re.Match[str]) -> bool:
    if found[2] or near(view.text, _STREET_WORDS, *found.span()):
        return True
    return found[1] in _CLEAR and len(found.group().split()) < 5 and found[1] != "st"


@search((_IPV4,), (_IPV6,))
def find_hosts(view: View) -> Iterator[Finding]:
    """Category `ip`: addresses of machines in the net, not versions, not this machine's own."""
    for pattern in (_IPV4, _IPV6):
        for found in pattern.finditer(view.text):
            if _host(view.text, found):
                yield Finding("ip", *view.span(*found.span()))


def _host(text: str, found: re.Match[str]) -> bool:
    try:
        address = ip_address(found.group())
    except ValueError:
        return False
    if _version(text, found) or _nobody(address):
        return False
    home = (
        address.is_private
        and not address.is_reserved
        and found.group().startswith(("10.", "192.168.", "172."))
    )
    if home or (len(found.group()) < 9 and "." in found.group()):
        return near(text, _OWN if home else _NET, *found.span())
    return True


def _version(text: str, found: re.Match[str]) -> bool:
    start, end = found.span()
    before = _VERSION.search(text, max(0, start - 60), start)
    return bool(before or _RAISED.match(text, end))


def _nobody(address: IPv4Address | IPv6Address) -> bool:
    return (
        address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or str(address) in {"8.8.8.8", "8.8.4.4", "1.1.1.1"}
    )
