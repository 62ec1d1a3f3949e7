"""Runs of an agent by the SDK's runner, as it is without a crew."""

from typing import Any

from agents import Agent, ModelProvider, RunConfig, Runner


async def final_output(
    agent: Agent[None], asked: str | list[Any], models: ModelProvider, *, stream: bool
) -> str:
    """What the agent says in the end."""
    config = RunConfig(model_provider=models, tracing_disabled=True)
    if not stream:
        return str((await Runner.run(agent, asked, run_config=config)).final_output)
    run = Runner.run_streamed(agent, asked, run_config=config)
    async for _ in run.stream_events():
        pass
    return str(run.final_output)
