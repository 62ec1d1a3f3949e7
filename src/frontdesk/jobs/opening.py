"""Whether a deployment has jobs, and the engine that runs them."""

import importlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError
from frontdesk.jobs.board import Handler, Jobs


def has_jobs(settings: Settings) -> bool:
    """Whether anything is done by jobs: only then their engine runs."""
    return settings.worker == "outside" or settings.webhook_secret is not None


def open_jobs(url: str, handlers: Mapping[str, Handler]) -> AbstractAsyncContextManager[Jobs]:
    """The engine (`DocketJobs`), which is an extra.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        dockets: Any = importlib.import_module("frontdesk.jobs.dockets")
    except ImportError as error:
        raise SettingsError(
            "Workers and webhooks need the extra `jobs`: pip install 'frontdesk[jobs]'. Without it,"
            " leave FRONTDESK_WORKER=inside: turns in the background then run in the server."
        ) from error
    opened: AbstractAsyncContextManager[Jobs] = dockets.open_docket(url, handlers)
    return opened
