"""What the checks of a text cost: time per kB on ordinary text, and on hostile text of 50 kB.

`python -m bench.guardrails` exits with 1 if a limit is passed. Times are of this thread's CPU.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median, quantiles

from frontdesk.contract.guardrails import Finding, Text
from frontdesk.guardrails import personal, secrets
from frontdesk.guardrails.encoded import decoded
from frontdesk.guardrails.normal import Normal

KB, HOSTILE_SIZE = 1000, 50_000
PER_KB_MS, HOSTILE_MS = 2.0, 100.0
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
    "encoded": lambda text: list(decoded(text.original)),
}


def spent_ms(text: str) -> dict[str, float]:
    """What each detector takes for the text, the normaliser first."""
    normal, spent = Normal(text), dict[str, float]()
    for name, work in DETECTORS.items():
        start = time.thread_time()
        work(normal)
        spent[name] = (time.thread_time() - start) * 1000
    return spent


def pieces(lines: Iterable[str]) -> list[str]:
    """Texts of about a kB."""
    said, texts = "", list[str]()
    for line in lines:
        said += line + "\n"
        if len(said.encode()) >= KB:
            texts.append(said)
            said = ""
    return texts


def ordinary() -> list[str]:
    """This project's own pages, and the demo shop's, which are Korean and English."""
    paths = [*ROOT.glob("docs/*.md"), *ROOT.glob("src/frontdesk/demo/**/*.md")]
    return pieces(line for path in sorted(paths) for line in path.read_text("utf-8").splitlines())


def dense() -> list[str]:
    """The innocent development rows: hardly anything but numbers and talk of passwords."""
    paths = sorted((ROOT / "tests" / "rows").glob("*.jsonl"))
    rows = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    return pieces(row["text"] for row in rows if not row["category"])


def per_kb(texts: list[str]) -> bool:
    """Prints the time per kB of each detector, and whether the first three
    stay within the limit together."""
    spent_ms(texts[0])
    rows = [(spent_ms(text), len(text.encode()) / KB) for text in texts * 5]
    for name in DETECTORS:
        _line(name, [spent[name] / size for spent, size in rows])
    together = [(sum(spent.values()) - spent["encoded"]) / size for spent, size in rows]
    return _line("first three", together) <= PER_KB_MS


def _line(name: str, times: list[float]) -> float:
    high = quantiles(times, n=20)[-1]
    print(f"{name:12} p50 {median(times):5.2f}  p95 {high:5.2f} ms per kB")
    return high


def hostile() -> bool:
    """Prints the worst of the hostile texts, and whether every detector stays within the limit."""
    worst = dict.fromkeys(DETECTORS, (0.0, ""))
    for pattern in HOSTILE:
        text = pattern * (HOSTILE_SIZE // len(pattern.encode()))
        for name, spent in spent_ms(text).items():
            worst[name] = max(worst[name], (spent, pattern))
    for name, (spent, pattern) in worst.items():
        print(f"{name:12} {spent:5.1f} ms for 50 kB of {pattern!r}")
    return all(spent <= HOSTILE_MS for spent, _ in worst.values())


def main() -> int:
    """1 if a limit is passed; dense text has none."""
    print("Look-alikes close together:")
    per_kb(dense())
    print("Ordinary text:")
    met = [per_kb(ordinary()), hostile()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
