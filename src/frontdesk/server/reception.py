"""What the routes need of the process, and the first step of each: who asks, and may they."""

from dataclasses import dataclass

from starlette.requests import Request

from frontdesk.contract.messages import Caller
from frontdesk.desk import Desk
from frontdesk.server.identity import Identity
from frontdesk.server.openai.aliases import Aliases
from frontdesk.server.openai.side_calls import SideCalls
from frontdesk.server.traffic import Traffic
from frontdesk.sessions.store import Sessions


@dataclass(frozen=True, slots=True)
class Reception:
    """The parts of the process that serve requests; in the application's state while it runs."""

    desk: Desk
    identity: Identity
    max_body_bytes: int
    aliases: Aliases
    side_calls: SideCalls
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Visit:
    """A request whose caller is known: `owner` is whose sessions and turns it may see."""

    desk: Desk
    caller: Caller
    owner: str

    @property
    def sessions(self) -> Sessions:
        """The store of the desk."""
        return self.desk.sessions


def reception(request: Request) -> Reception:
    """The reception of the application that got this request."""
    found = request.state.reception
    assert isinstance(found, Reception)
    return found


async def admit(request: Request, *scopes: str, named: bool = True) -> Visit:
    """Lets a caller with one of the scopes in; `named` is false where it matters not which user.

    Raises:
        Unauthorized, RateLimited, IssuerUnavailable, Forbidden, InvalidRequest: as
            `Identity.caller` says.
    """
    here = reception(request)
    caller = await here.identity.caller(request, *scopes, named=named)
    return Visit(here.desk, caller, here.desk.sessions.owner(caller))
