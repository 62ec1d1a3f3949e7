"""OpenAI's moderation endpoint as a guardrail, for a plugin to bring: no part of the default."""

import re
from collections.abc import Sequence

from openai import AsyncOpenAI

from frontdesk.contract.guardrails import Finding, Guardrail, Stage, Text

MODEL = "omni-moderation-latest"


def moderation(
    client: AsyncOpenAI, model: str = MODEL, stages: frozenset[Stage] = frozenset({"input"})
) -> Guardrail:
    """Finds what the endpoint flags; its `self-harm/intent` is `moderation_self_harm_intent` here.
    The text leaves for the client's server, and every check waits for its answer. It judges whole
    texts: at the stage output, an answer leaves when it is complete.
    """

    async def check(text: Text) -> Sequence[Finding]:
        answer = await client.moderations.create(model=model, input=text.original)
        flagged = (
            name
            for each in answer.results
            for name, found in each.categories.model_dump(by_alias=True).items()
            if found
        )
        return [Finding(_category(name), 0, len(text.original)) for name in flagged]

    return Guardrail("moderation", check, stages)


def _category(name: str) -> str:
    return "moderation_" + re.sub(r"\W", "_", name)
