"""`make live`: who answers what, on the configured models and with a real key. It costs money."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from frontdesk.assembly import open_desk
from frontdesk.cli.screen import print_table
from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import FrontdeskError, SettingsError
from frontdesk.contract.turns import Receipt
from frontdesk.demo import equipped, policy, shop
from frontdesk.testing import Visitor
from frontdesk.tracing.logs import set_up_logs
from smoke.routing import CASES, Case, Outcome

HEAD = ("", "WANTED", "GOT", "SECONDS", "IN", "OUT", "USD", "MESSAGE")


async def check(settings: Settings, cases: Sequence[Case] = CASES) -> int:
    """Says every case to the demo shop's desk and prints what became of it; the exit status. After
    a turn that failed, nothing more is asked.

    Raises:
        FrontdeskError: the desk cannot be opened, or did not take a message in.
    """
    outcomes: list[Outcome] = []
    async with open_desk(equipped(settings), plugins={"shop": shop}, policy=policy()) as desk:
        visitor = Visitor(desk, "live")
        for case in cases:
            if not case.follows:
                visitor.session_id = ""
            outcomes.append(Outcome(case, await visitor.ask(case.text, stream=True)))
            if outcomes[-1].result.status == "failed":
                break
    print_table(HEAD, map(_row, outcomes))
    right = sum(outcome.right for outcome in outcomes)
    print(
        "\n".join((*_errors(outcomes), f"\n{right} of {len(cases)} as labelled.", *_bill(outcomes)))
    )
    return 0 if right == len(cases) else 1


def _row(outcome: Outcome) -> tuple[object, ...]:
    case, receipt = outcome.case, outcome.result.receipt
    said = f"… {case.text}" if case.follows else case.text
    verdict = "ok" if outcome.right else "WRONG"
    return (verdict, case.wanted, outcome.got, *_spent(receipt), said)


def _spent(receipt: Receipt | None) -> tuple[object, ...]:
    if receipt is None:
        return ("-",) * 4
    seconds = f"{receipt.total_ms / 1000:.1f}"
    return (seconds, receipt.input_tokens, receipt.output_tokens, receipt.cost_usd or "unknown")


def _errors(outcomes: Sequence[Outcome]) -> Iterator[str]:
    errors = [outcome.result.error for outcome in outcomes]
    yield from (error.detail for error in errors if error)


def _bill(outcomes: Sequence[Outcome]) -> Iterator[str]:
    receipts = [outcome.result.receipt for outcome in outcomes if outcome.result.receipt]
    calls = sum(receipt.model_calls for receipt in receipts)
    cost = _total([receipt.cost_usd for receipt in receipts])
    alone = _total([receipt.specialist_only_cost_usd for receipt in receipts])
    yield f"{calls} model calls cost {cost} (had the specialist's model done all: about {alone})."


def _total(costs: Sequence[str | None]) -> str:
    known = [Decimal(cost) for cost in costs if cost is not None]
    missing = len(costs) - len(known)
    return f"{sum(known, Decimal(0)):f} USD" + (
        f" and {missing} turns of unknown price" if missing else ""
    )


def _settings(folder: Path) -> Settings:
    """The user's models and key; nothing else of theirs is touched."""
    settings = load_settings(
        redis_url=None,
        data_dir=folder,
        plugins_dir=None,
        faq=None,
        knowledge_dir=None,
        log_level="error",
    )
    if not settings.openai_api_key:
        raise SettingsError(
            "set OPENAI_API_KEY (and OPENAI_BASE_URL for another server than OpenAI's): this asks "
            "real models, for money. `make real-model` needs no key."
        )
    set_up_logs(settings)
    return settings


def main() -> None:
    """Exits with 0 where every message was answered as labelled."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as name:
        try:
            settings = _settings(Path(name))
            print(f"Asking {settings.triage_model} and {settings.specialist_model} ...", flush=True)
            sys.exit(asyncio.run(check(settings)))
        except FrontdeskError as error:
            sys.exit(f"live: {error.detail}")
        except KeyboardInterrupt:
            sys.exit("live: stopped")


if __name__ == "__main__":
    main()
