"""Keeps secrets out of the report, wherever the words of a finding come from."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

from frontdesk.cli.screen import safe
from frontdesk.config import Settings, data_dir
from frontdesk.contract.findings import Finding

HIDDEN = "[secret]"
LONGEST = 600
SHORTEST_SECRET = 4
LOOKS_SECRET = re.compile(
    r"\bsk-[\w-]{8,}|\bfd_[0-9a-f]+_[0-9a-f]+|(?<=://)[^\s/@]+@|\b[Bb]earer\s+\S{8,}"
    r"|\bxox[a-z]-[\w-]{8,}|(?i:(?:passw(?:or)?d|secret|token|api_?key)\s*[=:]\s*)(?=\S*\d)\S{6,}"
)


def discreet(finding: Finding, secrets: frozenset[str]) -> Finding:
    """The finding on one line each, without these secrets and without what looks like one."""
    return replace(
        finding,
        evidence=_clean(finding.evidence, secrets),
        advice=_clean(finding.advice, secrets),
    )


def secrets_of(settings: Settings) -> frozenset[str]:
    """What must not be printed: keys, the deployment's secret, passwords within URLs."""
    return frozenset(text for text in _secrets(settings) if len(text) >= SHORTEST_SECRET)


def _secrets(settings: Settings) -> Iterator[str]:
    for kept in (settings.openai_api_key, settings.secret):
        yield kept.get_secret_value() if kept else ""
    sealing = settings.encryption_keys
    yield from (part.strip() for part in sealing.get_secret_value().split(",")) if sealing else ()
    for url in (settings.redis_url, settings.openai_base_url):
        yield from _passwords(url or "")
    path = data_dir(settings) / "secret"
    yield path.read_text(errors="replace").strip() if path.exists() else ""


def _passwords(url: str) -> Iterator[str]:
    """What stands before the host, and every option: some clients take a password there."""
    before = url.partition("://")[2].rpartition("@")[0]
    for part in (before, *before.split(":")):
        yield from (part, unquote(part))
    try:
        query = urlsplit(url).query
    except ValueError:
        return
    for name, value in parse_qsl(query):
        if "pass" in name or "key" in name or "token" in name:
            yield value


def _clean(text: str, secrets: frozenset[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = safe(" ".join(LOOKS_SECRET.sub(HIDDEN, text).split()))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
