"""Routes: messages that belong to a specialist so clearly that triage need not be asked."""

import re
from collections.abc import Iterable

from frontdesk.contract.context import TurnContext
from frontdesk.contract.handlers import Handler, Outcome, Pass, Route
from frontdesk.contract.parts import Specialist
from frontdesk.contract.text import plain

ORDER = 70
"""After what answers by itself: tool-first (50) and curated answers (60)."""
LONGEST = 2_000
"""A longer message, in characters, is left to triage; it also bounds the search."""


def route_handlers(specialists: Iterable[Specialist]) -> tuple[Handler, ...]:
    """The handler of the specialists' routes, where one of them has any.

    It speaks only while nobody holds the session. A message in which the routes of two specialists
    are found is ambiguous: triage decides.
    """
    routes = {
        each.name: [re.compile(route, re.IGNORECASE) for route in each.routes]
        for each in specialists
        if each.routes
    }

    async def handle(context: TurnContext) -> Outcome:
        if context.agent or len(context.text) > LONGEST:
            return Pass()
        text = plain(context.text)
        found = [name for name, known in routes.items() if any(each.search(text) for each in known)]
        return Route(found[0]) if len(found) == 1 else Pass(ambiguous=bool(found))

    return (Handler("routes", handle, ORDER),) if routes else ()
