"""Runs of an agent beside the turn's own: nobody hears them, but the turn pays for them."""

from collections.abc import Collection
from dataclasses import replace

from agents import Agent, MaxTurnsExceeded, ModelProvider, Runner

from frontdesk.agents.call_settings import run_settings
from frontdesk.agents.failures import failure
from frontdesk.agents.notes import Notes
from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext


async def run_aside(
    agent: Agent[TurnContext],
    asked: str,
    context: TurnContext,
    models: ModelProvider,
    settings: Settings,
    foreign: Collection[str] = (),
) -> str:
    """What the agent says to this, unchecked; empty when it comes to no answer within the model
    calls that are left to the turn. What it used is in the turn's ledger, and paid from its purse.

    Raises:
        FrontdeskError: what the models' server, or a part of ours, did not allow.
        Blocked: one of the agent's own guardrails tripped.
    """
    left = settings.max_model_calls - len(context.ledger.calls)
    with context.ledger.aside(agent.name) as ledger:
        own, notes = replace(context, ledger=ledger), Notes(ledger, context.spend, foreign)
        config = run_settings(own, models, settings)
        try:
            result = await Runner.run(
                agent, asked, context=own, max_turns=max(1, left), hooks=notes, run_config=config
            )
        except MaxTurnsExceeded:
            return ""
        except Exception as error:
            notes.refused()
            known = failure(error)
            if known is None:
                raise
            raise known from None
        finally:
            await notes.settle_cut()
    return str(result.final_output or "").strip()
