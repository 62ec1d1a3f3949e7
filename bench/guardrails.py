"""What the checks of a text cost: the whole input chain per kB, and hostile text of 50 kB.

`python -m bench.guardrails` exits with 1 if a limit is passed. Times are CPU of this process, the
best of five runs over all the texts, so that other work on the machine counts little. Each run
begins with nothing remembered of any text, as a process that has just started.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import _lru_cache_wrapper as lru_cache_kind
from math import inf
from pathlib import Path
from statistics import median, quantiles

from tests.synthetic import filled

from frontdesk.contract.context import Ledger
from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails import abuse, injection, personal, secrets
from frontdesk.guardrails.builtin import builtin_guardrails
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.encoded import decoded
from frontdesk.guardrails.normal import Normal
from frontdesk.guardrails.policy import default_policy

KB = 1000
SIZES = (200, 500, 1000, 4000, 15_000)
RUNS = 5
MOST = 40
"""So many texts of each kind and size."""
HOSTILE_SIZE = 50_000
PER_KB_MS, HOSTILE_MS = 5.0, 100.0
HOSTILE = (
    "a",
    "1",
    "1-",
    "1 ",
    "a@",
    "a.",
    "ㅅ",
    "가",
    "가 ",
    "aB3/",
    "<!--",
    '"k=',
    "1.",
    "12 ",
    "로 1",
    "동 1 ",
    "일",
    "one ",
    "a b ",
    "1a:",
    "://a:",
    "eyJ",
    "sk-",
    "%41",
    "4111 ",
    "010-",
    "ㅂㅣ",
    "\u1161",
    "á",
    "\u200b",
    "password is ",
    "비밀번호 ",
    "tell me ",
    "a at ",
)
ROOT = Path(__file__).parent.parent
Work = Callable[[Normal], object]


def _all(find: Callable[[Text], Iterable[Finding]]) -> Work:
    return lambda text: list(find(text))


DETECTORS: dict[str, Work] = {
    "normaliser": lambda text: (text.folded, text.joined),
    "personal": _all(personal.find),
    "secrets": _all(secrets.find),
    "abuse": _all(abuse.find),
    "injection rules": _all(injection.find_by_rule),
    "injection score": _all(injection.find_by_score),
    "encoded": lambda text: list(decoded(text.original)),
}


def pieces(lines: Iterable[str], size: int = KB) -> Iterator[str]:
    """Texts of about this many bytes."""
    said = ""
    for line in lines:
        said += line + "\n"
        while len(said.encode()) >= size:
            piece = said.encode()[:size].decode(errors="ignore")
            said = said[len(piece) :]
            yield piece


def kinds() -> dict[str, list[str]]:
    """Lines of each kind: this project's pages and the demo shop's, then development rows."""
    paths = [*ROOT.glob("docs/*.md"), *ROOT.glob("src/frontdesk/demo/**/*.md")]
    pages = [line for path in sorted(paths) for line in path.read_text("utf-8").splitlines()]
    return {"pages": pages, "innocent rows": list(_rows("*", innocent=True))} | {
        f"{name}, to be found": list(_rows(name, innocent=False))
        for name in ("personal_*", "secrets_*", "abuse_ko", "abuse_en", "injection_*")
    }


def _rows(name: str, *, innocent: bool) -> Iterator[str]:
    for path in sorted((ROOT / "tests" / "rows").glob(f"{name}.jsonl")):
        for row in map(json.loads, path.read_text("utf-8").splitlines()):
            if (row["category"] is None) == innocent:
                yield filled(row["text"])


def forget() -> None:
    """Empties what the checks remember of texts that they have seen; what they load once stays."""
    for each in gc.get_objects():
        if isinstance(each, lru_cache_kind) and each.cache_parameters()["maxsize"]:
            each.cache_clear()


async def chain_ms(guards: Guards, texts: Sequence[str]) -> list[float]:
    """What the input chain takes for each text."""
    best = [inf] * len(texts)
    for _ in range(RUNS):
        forget()
        for at, text in enumerate(texts):
            start = time.process_time()
            await guards.input(text, Ledger.of("", text))
            best[at] = min(best[at], (time.process_time() - start) * 1000)
    return best


async def chain() -> bool:
    """Prints the time per kB of the chain by kind and size, and whether all of it is in the
    limit.
    """
    guards, met = Guards((), default_policy(), 60.0, compose=builtin_guardrails), True
    await guards.input("Everything is loaded at the first text. 모두 처음에 읽는다.", Ledger())
    texts = [(name, text) for name, some in samples().items() for text in some]
    took = await chain_ms(guards, [text for _, text in texts])
    times: dict[str, list[float]] = {}
    for (name, text), spent in zip(texts, took, strict=True):
        times.setdefault(name, []).append(spent / (len(text.encode()) / KB))
    for name, some in times.items():
        met &= _line(name, some) <= PER_KB_MS
    _line("all together", [each for some in times.values() for each in some])
    return met


def samples() -> dict[str, list[str]]:
    """The texts by kind and size, where there are two at least."""
    found = {
        f"{kind}, {size} B": list(pieces(lines * (1 + MOST * size // 200_000), size))[:MOST]
        for kind, lines in kinds().items()
        for size in SIZES
    }
    return {name: texts for name, texts in found.items() if len(texts) > 1}


def _line(name: str, times: list[float]) -> float:
    high = quantiles(times, n=20, method="inclusive")[-1]
    print(f"{name:34} {len(times):4} texts  p50 {median(times):5.2f}  p95 {high:5.2f} ms per kB")
    return high


def spent_ms(text: str) -> dict[str, float]:
    """What each detector takes for the text, the normaliser first; the better of two runs."""
    spent = dict.fromkeys(DETECTORS, inf)
    for _ in range(2):
        normal = Normal(text)
        for name, work in DETECTORS.items():
            start = time.thread_time()
            work(normal)
            spent[name] = min(spent[name], (time.thread_time() - start) * 1000)
    return spent


async def hostile() -> bool:
    """Prints the worst of the hostile texts for each detector, and for the chain, which refuses
    them by their length; whether all stay within the limit.
    """
    guards = Guards((), default_policy(), 60.0, compose=builtin_guardrails)
    worst = dict.fromkeys((*DETECTORS, "chain"), (0.0, ""))
    for pattern in HOSTILE:
        text = pattern * (HOSTILE_SIZE // len(pattern.encode()))
        spent = spent_ms(text)
        if len(text) > 16_000:
            (spent["chain"],) = await chain_ms(guards, [text])
        for name, took in spent.items():
            worst[name] = max(worst[name], (took, pattern))
    for name, (took, pattern) in worst.items():
        print(f"{name:16} {took:6.1f} ms for 50 kB of {pattern!r}")
    return all(took <= HOSTILE_MS for took, _ in worst.values())


async def main() -> int:
    """1 if a limit is passed."""
    met = [await chain(), await hostile()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
