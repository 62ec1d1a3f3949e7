"""The async client of frontdesk's own API: `async with Client(url, key) as desk`."""

from frontdesk.client.client import Client
from frontdesk.client.failures import Unreachable
from frontdesk.client.streams import Stream

__all__ = ["Client", "Stream", "Unreachable"]
