"""The check of the plugins: each is started as the desk starts it."""

from collections.abc import Mapping

from frontdesk.cli.doctor.surroundings import Surroundings
from frontdesk.contract.errors import PluginError
from frontdesk.contract.findings import Finding, failed, passed
from frontdesk.plugins import load_plugins


async def plugins(around: Surroundings) -> Finding:
    """Which plugins run, with their parts, and which were refused and why."""
    try:
        async with load_plugins(around.settings) as loaded:
            owners, problems = loaded.owners, loaded.problems
    except PluginError as error:
        return failed("the plugins do not fit together", error.detail)
    if problems:
        return failed("; ".join(problems), "Mend or remove what is refused; the others run.")
    return passed(_parts(owners) or "none")


def _parts(owners: Mapping[str, str]) -> str:
    named: dict[str, list[str]] = {}
    for part, owner in owners.items():
        named.setdefault(owner, []).append(part)
    return "; ".join(f"{owner}: {', '.join(parts)}" for owner, parts in named.items())
