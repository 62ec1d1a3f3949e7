"""The one way to call a tool: with its deadline, noted in the ledger, its result checked."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
import structlog
from pydantic_core import to_jsonable_python

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.tools import Tool
from frontdesk.contract.turns import ToolUse
from frontdesk.tools.approvals import needs_approval
from frontdesk.tools.effects import begun, settled
from frontdesk.tools.signatures import signature_of

ResultCheck = Callable[[str, Ledger], Awaitable[str]]
"""The guardrails' word about a tool's result: the text that may go on."""

Fit = Callable[[str, TurnContext], Awaitable[str]]
"""What a model gets of a checked result: all of it, or its beginning and a handle."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Result:
    """What a call came to: `text` is for the model; `value` is what the function returned, which no
    guardrail has seen.
    """

    text: str
    ok: bool
    value: Any = None


class ResultTooLong(Exception):
    """A tool returned more than its `max_result_bytes`."""


async def whole(text: str, _context: TurnContext) -> str:
    """All of a result, however long."""
    return text


async def call(
    tool: Tool,
    context: TurnContext,
    arguments: Mapping[str, Any],
    check: ResultCheck,
    fit: Fit = whole,
    *,
    asked: bool = False,
) -> Result:
    """Calls a tool. When it fails the result is not ok, and its text tells the model so. `asked`
    says that a person has approved it, where that is needed.

    Raises:
        GuardrailUnavailable: the check failed, so nothing may pass.
        Fenced: the tool has a side effect, and the turn is another process's by now.
        StoreUnavailable: the tool has a side effect, and that could not be written down.
    """
    if not asked and await needs_approval(tool, context, arguments):
        return _not_approved(tool, context)
    if tool.side_effect:
        return await _once(tool, context, arguments, check, fit)
    return await _called(tool, context, arguments, check, fit)


async def _once(
    tool: Tool,
    context: TurnContext,
    arguments: Mapping[str, Any],
    check: ResultCheck,
    fit: Fit,
) -> Result:
    """Makes the effect if no try of this turn has begun it; else tells how that went."""
    effect = await begun(context, tool.name, _json(arguments, orjson.OPT_SORT_KEYS))
    if effect.state != "new":
        unknown = effect.state == "begun"
        context.ledger.tools.append(ToolUse(tool.name, 0.0, effect.ok, unknown))
        return Result(effect.told, effect.ok)
    keyed = replace(context, effect_key=effect.key)
    result = await _called(tool, keyed, arguments, check, fit)
    await settled(context, effect, result.text, ok=result.ok)
    return result


async def _called(
    tool: Tool,
    context: TurnContext,
    arguments: Mapping[str, Any],
    check: ResultCheck,
    fit: Fit,
) -> Result:
    began = time.perf_counter()
    try:
        result = await attempt(_result(tool, context, arguments), tool.timeout_s)
    except Failed as failed:
        _log(tool, failed)
        _note(tool, context, began, ok=False)
        return Result(_apology(tool, failed.what), False)
    except BaseException:
        if not tool.side_effect:  # else it is lost, and that is noted when the turn ends
            _note(tool, context, began, ok=False)
        raise
    _note(tool, context, began, ok=True)
    text = await check(result.text, context.ledger)
    return replace(result, text=await fit(text, context))


def _note(tool: Tool, context: TurnContext, began: float, *, ok: bool) -> None:
    ms = (time.perf_counter() - began) * 1000
    context.ledger.tools.append(ToolUse(tool.name, ms, ok, tool.side_effect and not ok))


async def _result(tool: Tool, context: TurnContext, arguments: Mapping[str, Any]) -> Result:
    bound = signature_of(tool).bind(context, arguments)
    value = await tool.function(*bound.args, **bound.kwargs)
    text = _text(value)
    if len(text) > tool.max_result_bytes or len(text.encode()) > tool.max_result_bytes:
        raise ResultTooLong(tool.max_result_bytes)
    return Result(text, True, value)


def _not_approved(tool: Tool, context: TurnContext) -> Result:
    context.ledger.tools.append(ToolUse(tool.name, 0.0, False))
    log.warning("tool.not_approved", tool=tool.name)
    return Result(
        f"The tool {tool.name} was not called: it needs the approval of a person, and nobody can "
        "be asked here.",
        False,
    )


def _log(tool: Tool, failed: Failed) -> None:
    log.warning("tool.failed", tool=tool.name, plugin=tool.plugin, error=failed.error, at=failed.at)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # a lone surrogate could not be stored
    return _json(value)


def _json(value: Any, option: int = 0) -> str:
    option |= orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=to_jsonable_python, option=option).decode()


def _apology(tool: Tool, what: str) -> str:
    text = f"The tool {tool.name} failed: {what}."
    if tool.side_effect:
        text += " Its outcome is unknown; do not call it again in this turn."
    return text
