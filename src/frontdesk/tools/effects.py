"""Effects as tools make them: once, and what was interrupted is told and not repeated."""

from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.effects import Effect, effect_of, ended
from frontdesk.contract.errors import Interrupted
from frontdesk.contract.turns import ToolUse


async def begun(context: TurnContext, tool: str, arguments: str) -> Effect:
    """The effect of this call, claimed if it is new; `arguments` are JSON.

    Raises:
        Fenced: the turn is another process's by now.
        StoreUnavailable: it could not be written down.
    """
    message, counts = context.message, context.ledger.effects
    effect = effect_of(context.session_id, message.turn_id, tool, arguments, counts)
    known = await context.effects.begin(effect)
    if known.state == "new":
        context.ledger.open_effects[effect.key] = effect
    return known


async def settled(context: TurnContext, effect: Effect, text: str, *, ok: bool) -> None:
    """Keeps the outcome. Raises StoreUnavailable."""
    await context.effects.end(ended(effect, text, ok=ok))
    context.ledger.open_effects.pop(effect.key, None)


def note_lost(ledger: Ledger) -> None:
    """Writes down the effects that were begun and cut off: of their outcome nothing is known."""
    for effect in ledger.open_effects.values():
        _note(ledger, effect)
    ledger.open_effects.clear()


async def recall(context: TurnContext) -> tuple[Effect, ...]:
    """Writes down what earlier tries of the turn did and the ledger does not know; answers what has
    an unknown outcome.

    Raises:
        StoreUnavailable: Redis does not answer.
    """
    known = sum(context.ledger.effects.values())
    effects = (await context.effects.earlier())[known:]
    for effect in effects:
        _note(context.ledger, effect)
    return tuple(effect for effect in effects if effect.state != "ended")


def _note(ledger: Ledger, effect: Effect) -> None:
    ledger.tools.append(ToolUse(effect.tool, 0.0, effect.ok, effect.state != "ended"))
    ledger.items.extend(_pair(effect))


def _pair(effect: Effect) -> list[dict[str, str]]:
    return [
        {
            "type": "function_call",
            "call_id": effect.key,
            "name": effect.tool,
            "arguments": effect.arguments,
        },
        {"type": "function_call_output", "call_id": effect.key, "output": effect.told},
    ]


def stopped(unknown: tuple[Effect, ...]) -> Interrupted:
    """What a user is told of a turn whose process died, during these effects."""
    if not unknown:
        return Interrupted("The process that ran this turn stopped; send the message again.")
    names = " and ".join(dict.fromkeys(effect.tool for effect in unknown))
    return Interrupted(
        f"The process that ran this turn stopped during {names}: whether that took place is not "
        "known and it is not repeated. Find out before you ask for it again."
    )
