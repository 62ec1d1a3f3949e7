"""What the checks look at: the settings, where they come from, the store, a way to open a desk."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from frontdesk.agents.models import Models
from frontdesk.assembly import open_desk, open_store
from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import SettingsError, StoreUnavailable
from frontdesk.desk import Desk

OpenDesk = Callable[[Settings, Models], AbstractAsyncContextManager[Desk]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A deployment as the checks see it. `from_environment` and `from_file` name the settings'
    fields that the environment and `.env` set; `store` is None where it could not be opened, and
    `no_store` says why.
    """

    settings: Settings
    from_environment: frozenset[str]
    from_file: frozenset[str]
    store: Redis | None
    no_store: str
    open_desk: OpenDesk

    @property
    def redis(self) -> Redis:
        """The store.

        Raises:
            StoreUnavailable: it could not be opened.
        """
        if self.store is None:
            raise StoreUnavailable(self.no_store)
        return self.store


def bystander(settings: Settings, models: Models) -> AbstractAsyncContextManager[Desk]:
    """The deployment's desk on other models; it leaves the turns of dead processes alone, since
    what these models say is no answer for anybody.
    """
    return open_desk(settings, models=models, recovers=False)


@asynccontextmanager
async def surroundings(
    settings: Settings, open_desk: OpenDesk = bystander
) -> AsyncIterator[Surroundings]:
    """Opens the store, if that is possible, for as long as the checks run."""
    exported = load_settings(_env_file=None).model_fields_set
    async with AsyncExitStack() as stack:
        store, why = None, ""
        try:
            store = await stack.enter_async_context(open_store(settings))
        except SettingsError as error:
            # What a broken URL is told to be may quote a piece of its password.
            why = error.detail if settings.redis_url is None else "REDIS_URL is not a Redis URL."
        except OSError as error:
            why = f"{error.strerror}: {error.filename}. Check FRONTDESK_DATA_DIR."
        yield Surroundings(
            settings,
            frozenset(exported),
            frozenset(load_settings().model_fields_set - exported),
            store,
            why,
            open_desk,
        )


def env_file() -> Path:
    """The `.env` of the folder in which frontdesk starts."""
    return Path(str(Settings.model_config["env_file"]))
