"""Support tickets of users, and refunds that a person must approve."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from frontdesk.contract.context import TurnContext
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import First, Tool, tool
from frontdesk_tickets.book import Book

Number = Annotated[str, Field(pattern=r"^T-\d{1,9}$", examples=["T-1"])]
ASKED = r"^(?:what is |how is )?(?:the state of )?(?:my )?ticket (?P<number>T-\d{1,9})\W*$"


def opening(book: Book) -> Tool:
    """Opens a ticket, once for each message and subject."""

    @tool(side_effect=True)
    def open_ticket(
        context: TurnContext, subject: Annotated[str, Field(min_length=3, max_length=500)]
    ) -> str:
        """Writes a new support ticket of the user who speaks, about a problem or a wish.

        Args:
            subject: What it is about, in one sentence.
        """
        number = book.open(context.tenant, context.user, context.turn_id, subject)
        return f"Ticket {number} is open."

    return open_ticket


def looking(book: Book) -> Tool:
    """Tells one ticket of the user."""

    @tool(first=First(ASKED, str))
    def ticket(context: TurnContext, number: Number) -> str:
        """Tells the state of a support ticket of the user who speaks.

        Args:
            number: The ticket's number, such as T-1.
        """
        found = book.find(context.tenant, context.user, number.upper())
        return str(found) if found else f"You have no ticket {number.upper()}."

    return ticket


def listing(book: Book) -> Tool:
    """Tells all tickets of the user."""

    @tool
    def my_tickets(context: TurnContext) -> list[dict[str, Any]]:
        """Lists the newest support tickets of the user who speaks."""
        return [asdict(each) for each in book.newest(context.tenant, context.user)]

    return my_tickets


def refunding(book: Book) -> Tool:
    """Refunds, when a person has approved the amount."""

    @tool(side_effect=True, needs_approval=True)
    def refund(
        context: TurnContext, number: Number, amount_krw: Annotated[int, Field(gt=0, le=10_000_000)]
    ) -> str:
        """Refunds an amount for a support ticket of the user who speaks. A person must approve it.

        Args:
            number: The ticket's number, such as T-1.
            amount_krw: The amount in KRW.
        """
        if book.refund(context.tenant, context.user, number.upper(), amount_krw):
            return f"{amount_krw:,} KRW are refunded for ticket {number.upper()}."
        return f"Nothing is refunded: {number.upper()} is refunded already, or no ticket of yours."

    return refund


@asynccontextmanager
async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
    """Brings four tools on a file in the plugin's folder; they block, so each has a thread."""
    book = Book.opened(place.folder / "tickets.sqlite")
    yield Parts(tools=(opening(book), looking(book), listing(book), refunding(book)))
