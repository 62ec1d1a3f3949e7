"""A run of agents from its beginning to its end, stopped between its rounds where they are kept."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias, cast

from agents import RawResponsesStreamEvent, RunState
from agents.agent import Agent
from agents.result import RunResultStreaming
from agents.stream_events import StreamEvent

from frontdesk.agents.pausing import paused
from frontdesk.contract.approvals import Pause
from frontdesk.contract.cancellation import Cancelled
from frontdesk.contract.context import TurnContext

State: TypeAlias = "RunState[TurnContext, Agent[TurnContext]]"


@dataclass(slots=True)
class Course:
    """A run, and how the SDK begins it anew from its state: `run` is the one of the moment."""

    run: RunResultStreaming
    context: TurnContext
    begin: Callable[[State], RunResultStreaming]

    async def events(self) -> AsyncGenerator[StreamEvent | Pause, None]:
        """The events of the run, and after each round that is to be kept how it stands. Whoever
        stops reading stops the run, which would else go on.

        Raises:
            Cancelled: it was asked to end after the model call, which was not the last one.
        """
        first = self.run.current_agent.name
        while True:
            async with aclosing(self._round()) as stream:
                async for event in stream:
                    yield event
            if self.run.final_output is not None or self.run.interruptions:
                return
            yield paused(self.run, first)
            self.run = self.begin(cast("State", self.run.to_state()))

    async def _round(self) -> AsyncGenerator[StreamEvent, None]:
        """The run's events, until its end or that of its round."""
        run, cancellation, stops = self.run, self.context.cancellation, False
        stream = cast("AsyncGenerator[StreamEvent, None]", run.stream_events())
        async with aclosing(stream):
            try:
                with cancellation.heard(lambda _: run.cancel(mode="after_turn")):
                    async for event in stream:
                        if self.context.rounds.wanted and not stops:
                            # Earlier than the first piece it would stop before the model is asked.
                            stops = isinstance(event, RawResponsesStreamEvent)
                            if stops:
                                run.cancel(mode="after_turn")
                        yield event
                if cancellation.mode and run.final_output is None:
                    raise Cancelled
            finally:
                run.cancel()
                if run.run_loop_task:
                    await asyncio.wait((run.run_loop_task,))
