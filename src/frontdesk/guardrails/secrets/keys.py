"""Keys, tokens and addresses with a password: what opens something for whoever holds it.

Formats are those that the vendors document. What is plainly a placeholder (your-key, xxxx, EXAMPLE,
one letter again and again) is none.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from frontdesk.contract.guardrails import Finding, View
from frontdesk.guardrails.gates import search

# A part that every such key has, and the key; both in lower case.
_KEYS = tuple(
    (part, re.compile(rf"(?<![a-z0-9]){key}"))
    for part, key in (
        ("sk-", r"sk-(?:[a-z]{2,10}-(?:[a-z]{2,4}\d{2}-)?)?[a-z0-9_\-]{20,}"),
        ("gh", r"gh[pousr]_[a-z0-9]{30,}"),
        ("github_pat_", r"github_pat_[a-z0-9_]{30,}"),
        ("glpat-", r"gl(?:pat|ptt|dt|rt|cbt)-[a-z0-9_\-]{16,}"),
        ("akia", r"akia[a-z0-9]{16}(?![a-z0-9])"),
        ("asia", r"asia[a-z0-9]{16}(?![a-z0-9])"),
        ("aiza", r"aiza[a-z0-9_\-]{30,}"),
        ("ya29.", r"ya29\.[a-z0-9_\-]{20,}"),
        ("gocspx-", r"gocspx-[a-z0-9_\-]{20,}"),
        ("hf_", r"hf_[a-z0-9]{24,}"),
        ("xox", r"xox[abeoprs](?:\.xox[bp])?-[a-z0-9\-]{16,}"),
        ("xapp-", r"xapp-\d-[a-z0-9\-]{20,}"),
        (
            "hooks.slack.com/",
            r"hooks\.slack\.com/services/t[a-z0-9]{6,}/b[a-z0-9]{6,}/[a-z0-9]{16,}",
        ),
        ("_live_", r"[sr]k_live_[a-z0-9]{16,}"),
        ("_test_", r"[sr]k_test_[a-z0-9]{16,}"),
        ("whsec_", r"whsec_[a-z0-9]{20,}"),
        ("npm_", r"npm_[a-z0-9]{30,}"),
        ("pypi-", r"pypi-[a-z0-9_\-]{40,}"),
        ("sk", r"sk[0-9a-f]{32}(?![a-z0-9])"),
        ("sg.", r"sg\.[a-z0-9_\-]{16,}\.[a-z0-9_\-]{16,}"),
        (":aa", r"\d{8,10}:aa[a-z0-9_\-]{30,}"),
        ("accountkey=", r"accountkey=[a-z0-9+/]{40,}={0,2}"),
        ("sig=", r"sig=(?:[a-z0-9+/_\-]|%[0-9a-f]{2}){40,}"),
        ("gsk_", r"gsk_[a-z0-9]{40,}"),
        ("xai-", r"xai-[a-z0-9]{40,}"),
        ("r8_", r"r8_[a-z0-9]{30,}"),
        ("nvapi-", r"nvapi-[a-z0-9_\-]{40,}"),
        ("pplx-", r"pplx-[a-z0-9]{40,}"),
        ("dop_v1_", r"dop_v1_[0-9a-f]{60,}"),
        ("shp", r"shp(?:at|ca|pa|ss)_[0-9a-f]{30,}"),
        ("dckr_pat_", r"dckr_pat_[a-z0-9_\-]{20,}"),
        ("lin_api_", r"lin_api_[a-z0-9]{30,}"),
        ("figd_", r"figd_[a-z0-9_\-]{30,}"),
        ("hvs.", r"hvs\.[a-z0-9_\-]{24,}"),
        ("tskey-", r"tskey-[a-z]+-[a-z0-9\-]{16,}"),
        ("sntrys_", r"sntrys_[a-z0-9_=+/\-]{30,}"),
        ("glsa_", r"glsa_[a-z0-9_]{30,}"),
        ("sq0", r"sq0(?:csp|atp)-[a-z0-9_\-]{22,}"),
        ("key-", r"key-[0-9a-f]{32}(?![a-z0-9])"),
        ("dapi", r"dapi[0-9a-f]{32}(?![a-z0-9])"),
        ("age-secret-key-", r"age-secret-key-1[a-z0-9]{50,}"),
        ("eyj", r"eyj[a-z0-9_\-]{8,}\.eyj[a-z0-9_\-]{6,}(?:\.[a-z0-9_\-]*)?"),
        (
            "-----begin",
            r"-----begin [a-z ]{0,20}private key(?: block)?-----\s*(?:[a-z0-9+/=:,\- ]+\s?)+",
        ),
        ("putty-user-key", r"putty-user-key-file-\d"),
    )
)
_URL = re.compile(
    r"[a-z][a-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{0,64}:([^\s/@\"'<>]{1,128})@[^\s\"'<>@]{2,128}"
)
_NAMED = re.compile(
    r"(?:api[_ \-.]{0,3}(?:key|secret|token)|secret(?:[_ \-]?(?:access)?[_ \-]?key)?|(?:access"
    r"|auth|bearer|refresh|bot)"
    r"[_ \-]?(?:token|key)|client[_ \-]?secret|private[_ \-]?key|authorization|bearer"
    r"|인증\s?키|시크릿\s?키?|비밀\s?키"
    r"|토큰|(?<![a-z])(?:token|secret)(?= (?:is|was|=|:)|[=:])|api\s?키|액세스\s?키|접근\s?키)"
    r"[\"']?\s{0,3}(?:[:=]|는|은|이|가|is|was|으로|:=|bearer|basic)?\s{0,3}(?:bearer\s"
    r"|basic\s)?[\"'`]?"
    r"([a-z0-9_\-+/.=]{16,256})"
)
_HINT = re.compile(r"key|secret|token|bearer|authorization|키|시크릿|토큰")
# The beginning of a vendor's key, or a key of one with marks between its letters.
_BROKEN = re.compile(
    r"(?<![a-z0-9])((?:gh[pousr]_|github_pat_|glpat-|hf_|npm_|xox[abp]-|[sr]k_live_|sk-)[a-z0-9_\-]{12,}"
    r"|a[ks]ia(?:[ \-.]{0,2}[a-z0-9]){16}(?![a-z0-9]))"
)
_FAR = re.compile(
    r"(?<![a-z])(?:api[_ \-.]{0,3}key|access key|secret key|token)[^\w\n]{1,3}"
    r"(?:[a-z\d] ){0,3}(?:- )?([a-z0-9_\-+/]{20,256})"
)
_SEPARATED = re.compile(r"[ \-.]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACEHOLDER = re.compile(
    r"x{4}|\.{3}|your|example|placeholder|insert|dummy|sample|redacted|changeme|replace|fake|\*{3}"
    r"|12345678901234|abcdefghijkl|0000000|1111111|mtizndu2nzg5m|xmjm0nty3odkw|eymzq1njc4ota"
)
_UNREAL = re.compile(
    r"(?:my_?|db_?|the_?)?(?:password|passwd|pass|pwd|pw|secret|user|username|token|key"
    r"|x+|\*+|port)\d?|[${\[%<(].*|.*(?:your|example|placeholder|changeme)"
    r".*|\.{3}"
)


@search(*((key,) for _, key in _KEYS))
def find_keys(view: View) -> Iterator[Finding]:
    """Category `secret`: keys of known vendors, signed tokens, private keys."""
    for part, key in _KEYS:
        if part in view.text:
            for found in key.finditer(view.text):
                if real(found.group()):
                    yield Finding("secret", *view.span(*found.span()))


@search((_BROKEN, _HINT), (_FAR,))
def find_broken_keys(view: View) -> Iterator[Finding]:
    """Category `secret`: what begins as a vendor's key and goes on in pieces, or stands behind a
    word for one and a few letters, and looks random.
    """
    for pattern in (_BROKEN, _FAR):
        for found in pattern.finditer(view.text):
            value = _SEPARATED.sub("", found[1])
            called = _HINT.search(view.text, max(0, found.start() - 40), found.end())
            marked = pattern is _BROKEN and not value.startswith("sk")
            if called and real(value) and (marked or _random(value)) and not _UUID.match(found[1]):
                yield Finding("secret", *view.span(*found.span(1)))


@search((_NAMED,))
def find_named_keys(view: View) -> Iterator[Finding]:
    """Category `secret`: what is called a key and looks random."""
    if _HINT.search(view.text):
        for found in _NAMED.finditer(view.text):
            if real(found[1]) and _random(found[1]) and not _UUID.match(found[1]):
                yield Finding("secret", *view.span(*found.span(1)))


@search((_URL,))
def find_urls(view: View) -> Iterator[Finding]:
    """Category `secret`: addresses of databases and sites that hold a password."""
    at = view.text.find("://")
    while at >= 0:
        found = _URL.search(view.text, max(0, at - 21), min(len(view.text), at + 330))
        if found and not _UNREAL.fullmatch(found[1]):
            yield Finding("secret", *view.span(*found.span()))
        at = view.text.find("://", max(at + 3, found.end() if found else 0))


def real(key: str) -> bool:
    """Whether a key is none that documentation shows in the place of one."""
    return len(set(key[-24:])) >= 8 and not _PLACEHOLDER.search(key)


def _random(value: str) -> bool:
    """Whether figures are mixed into the letters as in no identifier."""
    figures = sum(map(str.isdigit, value))
    turns = sum(a.isdigit() != b.isdigit() for a, b in pairwise(value))
    return figures >= 3 and turns >= 4 and any(map(str.isalpha, value))
