"""Checks of the settings: where they come from, and the deployment's secret."""

from collections.abc import Iterable

from frontdesk.cli.doctor.surroundings import Surroundings, env_file
from frontdesk.config import load_secret, variables
from frontdesk.contract.findings import Finding, passed, warned

LEAST_SECRET = 32


async def settings(around: Surroundings) -> Finding:
    """Which settings are set where; that they are valid is known by now."""
    exported, written = _named(around.from_environment), _named(around.from_file)
    parts = [f"environment: {exported}"] if exported else []
    parts += [f"{env_file()}: {written}"] if written else []
    return passed("; ".join(parts) or "all defaults")


async def secret(around: Surroundings) -> Finding:
    """Whether there is a secret, and one that nobody guesses.

    Raises:
        SettingsError: hosts share the data and no secret is set.
    """
    kept, length = around.settings.secret, len(load_secret(around.settings))
    if kept is None:
        return passed("in the data folder")
    if length < LEAST_SECRET:
        return warned(
            f"FRONTDESK_SECRET has {length} bytes",
            f"Set at least {LEAST_SECRET} random ones (openssl rand -hex 32), the same on all "
            "hosts. A new secret parts users from their old conversations.",
        )
    return passed(f"FRONTDESK_SECRET, {length} bytes")


def _named(fields: Iterable[str]) -> str:
    names = variables()
    return " ".join(sorted(names.get(field, field) for field in fields))
