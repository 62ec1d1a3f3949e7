"""The options that several commands share, and the settings that a command works with."""

import getpass
import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import InvalidRequest
from frontdesk.server.messages import ID
from frontdesk.tracing.logs import set_up_logs

Tenant = Annotated[str, typer.Option(help="Whose data: the tenant.")]
User = Annotated[str, typer.Option(help="Whose data: the user.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]


def chosen_settings(*, talks: bool, **options: object) -> Settings:
    """The settings with the options that were given, and the log set up by them.

    A command that talks to a person logs warnings only, unless the settings name a level.
    """
    given = {name: value for name, value in options.items() if value is not None}
    settings = load_settings(**given)
    if talks and "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": "warning"})
    set_up_logs(settings)
    return settings


def checked_id(value: str) -> str:
    """An id as it was typed.

    Raises:
        InvalidRequest: no id looks like this.
    """
    if not re.fullmatch(ID, value):
        raise InvalidRequest("An id is made of letters, digits, `_` and `-`, 64 at most.")
    return value


def typed(text: str) -> str:
    """A text without what a terminal or an argument could not decode, and no store could keep."""
    return text.encode(errors="replace").decode().replace("\0", "")


def moment(text: str) -> datetime:
    """A date, or a date and a time, as it was typed; UTC if nothing else is said.

    Raises:
        InvalidRequest: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(f"{text!r} is no date such as 2027-01-31.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def operator() -> str:
    """Who types, for the audit log."""
    try:
        return f"command:{getpass.getuser()}"
    except (OSError, KeyError):  # a container's user may have no name
        return "command"
