"""What the routes need of the process, and the first step of each: who asks, and may they."""

from dataclasses import dataclass

from starlette.requests import Request

from frontdesk.contract.messages import Caller
from frontdesk.desk import Desk
from frontdesk.server.identity import Identity
from frontdesk.server.limits import Limits
from frontdesk.server.openai.aliases import Aliases
from frontdesk.server.openai.side_calls import SideCalls
from frontdesk.server.traffic import Traffic
from frontdesk.sessions.store import Sessions


@dataclass(frozen=True, slots=True)
class Reception:
    """The parts of the process that serve requests; in the application's state while it runs.

    `webhooks` are hosts that they may reach besides public ones; None where none are sent.
    `images` is how many a message may hold.
    """

    desk: Desk
    identity: Identity
    max_body_bytes: int
    images: int
    aliases: Aliases
    side_calls: SideCalls
    traffic: Traffic
    limits: Limits
    webhooks: tuple[str, ...] | None


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
        RateLimited: too many requests came within a minute.
    """
    here = reception(request)
    caller = await here.identity.caller(request, *scopes, named=named)
    await here.limits.count(request, caller)
    return Visit(here.desk, caller, here.desk.sessions.owner(caller))


async def admit_stream(request: Request, visit: Visit) -> None:
    """Lets an admitted caller open a stream with this request: asked before anything is started
    for it, and given back by itself when the answer has ended.

    Raises:
        RateLimited: too many streams are open.
    """
    await reception(request).limits.stream(request, visit.caller)
