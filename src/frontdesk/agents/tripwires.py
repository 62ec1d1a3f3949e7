"""Guardrails of the SDK that a developer gives to an agent: as they are, but before the model and
failing closed; a tripwire is a blocked turn.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from agents import (
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    OutputGuardrail,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)

from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import GuardrailUnavailable
from frontdesk.contract.guardrails import Blocked, Stage, Verdict
from frontdesk.contract.turns import GuardrailNote

CATEGORY = "tripwire"
DEADLINE_S = 30.0
"""They may ask a model."""

Function = Callable[..., Any]


def before_the_model(guardrail: InputGuardrail[Any]) -> InputGuardrail[Any]:
    """The guardrail run to its end before the first model call, which it would else run beside."""
    name = guardrail.get_name()
    closed = _closed(name, "input", guardrail.guardrail_function)
    return replace(guardrail, guardrail_function=closed, name=name, run_in_parallel=False)


def after_the_model(guardrail: OutputGuardrail[Any]) -> OutputGuardrail[Any]:
    """The guardrail failing closed; of the answer nothing has left by then (`Policy.buffering`)."""
    name = guardrail.get_name()
    closed = _closed(name, "output", guardrail.guardrail_function)
    return replace(guardrail, guardrail_function=closed, name=name)


def tripped(error: BaseException) -> Blocked | None:
    """The blocked turn that a tripwire means; the words for the user are the policy's."""
    match error:
        case InputGuardrailTripwireTriggered():
            return _blocked("input", error.guardrail_result.guardrail.get_name())
        case OutputGuardrailTripwireTriggered():
            return _blocked("output", error.guardrail_result.guardrail.get_name())
        case ToolInputGuardrailTripwireTriggered() | ToolOutputGuardrailTripwireTriggered():
            return _blocked("tool", error.guardrail.get_name())
    return None


def _blocked(stage: Stage, name: str) -> Blocked:
    return Blocked(Verdict("block", "", GuardrailNote(stage, name, CATEGORY, "block")))


def _closed(
    name: str, stage: Stage, function: Function
) -> Callable[..., Awaitable[GuardrailFunctionOutput]]:
    async def judged(*given: Any) -> GuardrailFunctionOutput:
        answer = function(*given)
        output: GuardrailFunctionOutput = await answer if inspect.isawaitable(answer) else answer
        return output

    async def closed(*given: Any) -> GuardrailFunctionOutput:
        try:
            return await attempt(judged(*given), DEADLINE_S)
        except Failed as failed:
            structlog.get_logger(__name__).error(
                "guardrail.failed", guardrail=name, stage=stage, error=failed.error
            )
            raise GuardrailUnavailable(
                f"The guardrail {name} failed, so nothing passes; try again later."
            ) from None

    return closed
