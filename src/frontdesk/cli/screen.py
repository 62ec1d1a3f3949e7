"""What the commands print: a turn as it comes, records, tables, JSON."""

import re
from collections.abc import Iterable, Sequence

import typer
from rich.console import Console

from frontdesk.contract.events import (
    AgentChanged,
    Event,
    GuardrailTriggered,
    TextDelta,
    ToolFinished,
    TurnEnded,
    TurnQueued,
    TurnWaiting,
)
from frontdesk.contract.turns import GuardrailNote, Receipt, TurnResult
from frontdesk.sessions.codec import dump

# Escape sequences could repaint the terminal, direction marks reorder a line, lone surrogates
# cannot be written.
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def safe(text: str) -> str:
    """The text without what would act on the terminal instead of being shown."""
    return UNSAFE.sub("", text)


class Screen:
    """Shows the events of a turn: its text plain, what happens around it dim, on lines of its
    own.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._in_line = False
        self._message = 0

    def show(self, event: Event) -> None:
        """Shows one event."""
        match event:
            case TextDelta():
                self._write(event)
            case AgentChanged():
                self.aside(f"→ {event.agent}")
            case ToolFinished():
                self.aside(f"tool {event.name} · {ms(event.ms)}{'' if event.ok else ' · failed'}")
            case GuardrailTriggered():
                self.aside(_note(event.guardrail))
            case TurnQueued():
                self.aside(f"waiting behind {event.position} of this session")
            case TurnWaiting() | TurnEnded():
                self._stop(event)

    def aside(self, text: str) -> None:
        """A dim line about the turn."""
        self._finish_line()
        self._console.out(safe(text), style="dim", highlight=False)

    def line(self, text: str) -> None:
        """A plain line."""
        self._finish_line()
        self._console.out(safe(text), highlight=False)

    def _write(self, delta: TextDelta) -> None:
        if delta.message != self._message:
            self._finish_line()
        self._message, self._in_line = delta.message, True
        self._console.out(safe(delta.text), end="", highlight=False)

    def _finish_line(self) -> None:
        if self._in_line:
            self._console.out("")
        self._in_line = False

    def _stop(self, event: TurnWaiting | TurnEnded) -> None:
        if isinstance(event, TurnEnded):
            self._end(event.result)
            return
        for action in event.required_actions:
            self.line(f"{action['tool']} {dump(action['arguments']).decode()}")
            self.aside(f"waits for approval until {action['expires_at']}")

    def _end(self, result: TurnResult) -> None:
        if result.status not in ("completed", "cancelled"):
            self.line(result.error.detail if result.error else result.answer)
        self.aside(summary(result))
        self._message = 0


def summary(result: TurnResult) -> str:
    """A turn's receipt in one line: where the answer came from, tokens, USD, milliseconds."""
    status = "" if result.status == "completed" else result.status
    said = dict.fromkeys(part for part in (status, result.rung, result.agent) if part)
    return " · ".join([*said, *(_costs(result.receipt) if result.receipt else ())])


def _costs(receipt: Receipt) -> Iterable[str]:
    calls = receipt.model_calls
    yield f"{calls} model call{'' if calls == 1 else 's'}"
    if calls:
        yield f"{receipt.input_tokens:,} in, {receipt.output_tokens:,} out"
    yield "price unknown" if receipt.cost_usd is None else f"${receipt.cost_usd}"
    if receipt.specialist_only_cost_usd is not None:
        yield f"specialist only: about ${receipt.specialist_only_cost_usd}"
    yield ms(receipt.total_ms)


def _note(note: GuardrailNote) -> str:
    return f"guardrail {note.name} · {note.stage} · {note.found} · {note.action}"


def ms(value: float) -> str:
    """Milliseconds for a person."""
    return f"{value:,.1f} ms" if value < 10 else f"{value:,.0f} ms"


def print_json(value: object) -> None:
    """Prints a value on one line of JSON, in the shape in which the API answers it."""
    typer.echo(dump(value))


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows in columns as wide as their widest cell."""
    cells = [[safe(str(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())
