"""Every Redis key, built here and nowhere else.

All keys of an owner carry the owner as their hash tag, so they share one slot of a cluster and are
found together.

| key | type | holds | time to live |
| --- | --- | --- | --- |
| `fd:{owner}:sessions` | zset | the owner's session ids by last use | session |
| `fd:{owner}:s:<session>:meta` | hash | fence, turn, agent, totals, window, summary | session |
| `fd:{owner}:s:<session>:turns` | list | one `TurnRecord` per turn, oldest first | session |
| `fd:{owner}:s:<session>:lease` | string | who runs the current turn | lease |
| `fd:{owner}:s:<session>:inbox` | list | ids of the turns that wait | session |
| `fd:{owner}:t:<turn>` | hash | session, status, message, cancel, result, feedback, … | session |
| `fd:{owner}:t:<turn>:events` | stream | events, ids `<fence>-<n>` | 1 h, 10 min after its end |
| `fd:{owner}:t:<turn>:trace` | string | the turn's spans | trace |
| `fd:{owner}:t:<turn>:results` | hash | long tool results by name | session, from its writing |
| `fd:{owner}:t:<turn>:effects` | hash | side effects and their outcomes | session, from the last |
| `fd:{owner}:t:<turn>:pending` | hash | a turn that waits for a person | approval + 1 h |
| `fd:{owner}:t:<turn>:rounds` | hash | what a running turn has done | session, from its writing |
| `fd:{owner}:t:<turn>:webhook` | hash | where its end is to be told | 3 days |
| `fd:{owner}:waiting` | zset | the turns that wait for a person, by expiry | session |
| `fd:{owner}:s:<session>:broken` | list | turns that could not be read, set aside | session |
| `<key>:broken` | any | a key of an owner that was not of its type, set aside | 30 days |
| `fd:{owner}:facts` | hash | what the user asked to remember, by id | session |
| `fd:{owner}:usage:<day>` | hash | what was used on a day (UTC), by rung, agent, model | usage |
| `fd:{owner}:cache:<digest>` | string | an answer worth keeping | cache |
| `fd:{owner}:responses:<turn>` | hash | a response: what was asked, its outcome | response |
| `fd:{owner}:s:<session>:items` | hash | items of a conversation by id | session |
| `fd:{owner}:s:<session>:order` | zset | ids of the items in their order | session |

A session that begins with `once_` has no place in `sessions` and ends with its one turn, whose keys
then live as long as its events.

Where the deployment has encryption keys, these are sealed (`sessions/sealing.py`): message and
result of a turn, elements of `turns`, data of events, results, effects, what waits for a person,
title and metadata, feedback, facts, answers, responses, items of conversations. The vault of a turn
that waits always is, by FRONTDESK_SECRET.

Keys outside an owner:

| key | type | holds | time to live |
| --- | --- | --- | --- |
| `fd:{tenant}:usage:<day>` | hash | the same for the tenant, also by user | usage |
| `fd:leases` | zset | sessions with a running turn by lease end | none: emptied by the sweep |
| `fd:waiting` | zset | turns that wait for a person, by expiry | none: emptied by the sweep |
| `fd:keys` | hash | API keys by id, secrets hashed | none: kept until revoked |
| `fd:keys:used` | hash | when each API key was last used | none: goes with its key |
| `fd:audit` | stream | what was done to keys and by administrators | none: `frontdesk audit trim` |
| `fd:refused:<digest>` | string | refusals of one address or credential | 1 min |
| `fd:faq:hits` | hash | answers given by FAQ entry | none: counters |
| `fd:{tenant}:limit:<of what>` | list or zset | a tenant's requests or slots | window or lease |
| `fd:{tenant}:limit:<of what>:<owner>` | list or zset | a user's, likewise | window or lease |
| `fd:{deployment}:limit:<of what>` | list or zset | everybody's, likewise | window or lease |
| `fd:{deployment}:limit:<of what>:<address>` | list or zset | an address's, hashed | likewise |
| `fd:jobs:…` | several | jobs for workers (pydocket): ids only | none: emptied by the workers |

`{tenant}` is the keyed hash of a tenant and no user.

Channels: the name of an event log wakes its readers; `fd:process:<id>` tells a process that one of
its turns shall end early.
"""

import hashlib
import hmac
from dataclasses import dataclass

LEASES = "fd:leases"
WAITING = "fd:waiting"
JOBS = "fd:jobs"
API_KEYS = "fd:keys"
KEYS_USED = "fd:keys:used"
AUDIT = "fd:audit"
FAQ_HITS = "fd:faq:hits"
DEPLOYMENT = "deployment"
"""The slot of what belongs to all tenants."""


def owner_of(secret: bytes, tenant: str, user: str) -> str:
    """The owner of a conversation: a keyed hash of tenant and user, 32 hex digits (RFC 2104,
    HMAC-SHA256).
    """
    parts = b"".join(
        len(part).to_bytes(4, "big") + part for part in (tenant.encode(), user.encode())
    )
    return hmac.new(secret, parts, hashlib.sha256).hexdigest()[:32]


def refused_key(what: str) -> str:
    """The counter of one address's or credential's refusals."""
    return f"fd:refused:{hashlib.sha256(what.encode()).hexdigest()[:32]}"


def tenant_of(secret: bytes, tenant: str) -> str:
    """What stands for a tenant in keys: no user has an empty name."""
    return owner_of(secret, tenant, "")


def address_of(secret: bytes, address: str) -> str:
    """What stands for a network address in keys: no tenant has an empty name."""
    return owner_of(secret, "", address)


def limit_key(slot: str, of_what: str, who: str = "") -> str:
    """A limit's key: in the slot of a tenant, or of the deployment."""
    return f"fd:{{{slot}}}:limit:{of_what}" + (f":{who}" if who else "")


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """The keys of one owner; ids are our own or checked to be `[A-Za-z0-9_-]{1,64}`."""

    owner: str

    @property
    def prefix(self) -> str:
        """What every key of the owner begins with."""
        return f"fd:{{{self.owner}}}:"

    @property
    def sessions(self) -> str:
        """The index of the owner's sessions."""
        return f"{self.prefix}sessions"

    @property
    def facts(self) -> str:
        """What the owner asked to remember."""
        return f"{self.prefix}facts"

    @property
    def waiting(self) -> str:
        """The turns of the owner that wait for a person."""
        return f"{self.prefix}waiting"

    def session(self, session_id: str, part: str) -> str:
        """A part of a session: meta, turns, lease or inbox."""
        return f"{self.prefix}s:{session_id}:{part}"

    def turn(self, turn_id: str) -> str:
        """The record of a turn."""
        return f"{self.prefix}t:{turn_id}"

    def events(self, turn_id: str) -> str:
        """The event log of a turn; its name is also the channel that wakes its readers."""
        return f"{self.prefix}t:{turn_id}:events"

    def trace(self, turn_id: str) -> str:
        """The trace of a turn."""
        return f"{self.prefix}t:{turn_id}:trace"

    def results(self, turn_id: str) -> str:
        """The long tool results of a turn."""
        return f"{self.prefix}t:{turn_id}:results"

    def effects(self, turn_id: str) -> str:
        """The side effects of a turn."""
        return f"{self.prefix}t:{turn_id}:effects"

    def pending(self, turn_id: str) -> str:
        """A turn that waits for a person."""
        return f"{self.prefix}t:{turn_id}:pending"

    def usage(self, day: str) -> str:
        """The sums of a day, `YYYY-MM-DD`."""
        return f"{self.prefix}usage:{day}"

    def webhook(self, turn_id: str) -> str:
        """Where a turn's end is to be told."""
        return f"{self.prefix}t:{turn_id}:webhook"

    def rounds(self, turn_id: str) -> str:
        """What a running turn has done so far."""
        return f"{self.prefix}t:{turn_id}:rounds"

    def cache(self, digest: str) -> str:
        """A kept answer."""
        return f"{self.prefix}cache:{digest}"

    def response(self, response_id: str) -> str:
        """A response of OpenAI's protocol."""
        return f"{self.prefix}responses:{response_id}"
