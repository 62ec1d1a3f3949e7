"""The policy file of a running server: read again when it changes, never lost to a broken edit."""

import os
import time
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError
from frontdesk.contract.guardrails import Policy
from frontdesk.guardrails.policy import default_policy, policy_path, read_policy

LOOK_S = 1.0
SETTLED_S = 1.0
"""A file that was written to so recently may be half written: its old content holds so long."""

log = structlog.get_logger(__name__)

Signature = tuple[int, int, int]


def policy_source(settings: Settings) -> Callable[[], Policy]:
    """What tells the policy of the moment: the settings' file, or the default.

    Raises:
        SettingsError: the file cannot be read or is wrong.
    """
    return PolicyFile(settings.guard_policy) if settings.guard_policy else default_policy


class Buffering:
    """The same policies with answers of these agents kept until they are complete."""

    def __init__(self, source: Callable[[], Policy], agents: Collection[str]) -> None:
        self._source, self._agents = source, agents
        self._of: Policy | None = None

    def __call__(self) -> Policy:
        """The policy that holds now."""
        policy = self._source()
        if policy is not self._of:
            self._of, self._made = policy, policy.buffering(self._agents)
        return self._made


class PolicyFile:
    """Tells the policy of the moment. The file is looked at once in `LOOK_S` seconds at most, and
    only while messages come; what cannot be read or is wrong is said in the log, once, and changes
    nothing.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises SettingsError when the file is wrong from the beginning."""
        self._path, self._clock, self._now = path, clock, now
        self._seen = self._signature()
        self._policy = read_policy(path)
        self._looked = clock()

    def __call__(self) -> Policy:
        """The policy that holds now."""
        if self._clock() - self._looked >= LOOK_S:
            self._looked = self._clock()
            self._look()
        return self._policy

    def _look(self) -> None:
        signature = self._signature()
        if signature == self._seen or (signature and self._fresh(signature)):
            return
        self._seen = signature
        try:
            self._policy = read_policy(self._path)
        except SettingsError as error:
            log.error("policy.refused", cause=error.detail, holds="the policy before")
        else:
            log.info("policy.loaded", path=str(self._path))

    def _fresh(self, signature: Signature) -> bool:
        return 0 <= self._now() - signature[0] / 1e9 < SETTLED_S

    def _signature(self) -> Signature | None:
        path = policy_path(self._path)
        try:
            found = os.stat(path) if isinstance(path, Path) else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None
