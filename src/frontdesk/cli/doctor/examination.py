"""The examination: all checks in order, each with a deadline and on its own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from frontdesk.cli.doctor import configured, files, keys, models, plugins, store
from frontdesk.cli.doctor.discretion import discreet, secrets_of
from frontdesk.cli.doctor.encryption import encryption
from frontdesk.cli.doctor.isolation import isolation
from frontdesk.cli.doctor.surroundings import OpenDesk, Surroundings, bystander, surroundings
from frontdesk.config import Settings, load_settings
from frontdesk.contract.attempts import Failed, attempt
from frontdesk.contract.errors import FrontdeskError, SettingsError
from frontdesk.contract.findings import Finding, Result, failed

UNSHOWN = "Run it again; if it stays, report it with these words."


@dataclass(frozen=True, slots=True)
class Check:
    """A named check, the checks that must not have failed before, its deadline in seconds."""

    name: str
    work: Callable[[Surroundings], Awaitable[Finding]]
    needs: tuple[str, ...] = ()
    deadline_s: float = 15.0


CHECKS = (
    Check("settings", configured.settings),
    Check("secret", configured.secret),
    Check("files", files.files),
    Check("redis", store.reachable),
    Check("persistence", store.persistence, ("redis",)),
    Check("eviction", store.eviction, ("redis",)),
    Check("latency", store.latency, ("redis",)),
    Check("clock", store.clock, ("redis",)),
    Check("encryption", encryption, ("redis",)),
    Check("api keys", keys.api_keys, ("redis",)),
    Check("model server", models.server),
    Check("triage model", models.triage, ("model server",), 60.0),
    Check("specialist model", models.specialist, ("model server",), 60.0),
    Check("prices", models.prices),
    Check("plugins", plugins.plugins, (), 90.0),
    Check("isolation", isolation, ("redis", "secret"), 90.0),
)


async def examine(open_desk: OpenDesk = bystander) -> tuple[Result, ...]:
    """Runs all checks on the deployment of the environment and `.env`; `open_desk` opens the desk
    that is probed.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        return _without_settings(error)
    return await examine_with(settings, open_desk)


async def examine_with(
    settings: Settings, open_desk: OpenDesk = bystander, checks: Sequence[Check] = CHECKS
) -> tuple[Result, ...]:
    """Runs the checks on the deployment of these settings."""
    results: dict[str, Result] = {}
    async with surroundings(settings, open_desk) as around:
        for check in checks:
            missing = [name for name in check.needs if results[name].status in ("FAIL", "SKIP")]
            finding = _skipped(missing) if missing else await _done(check, around)
            results[check.name] = _result(check, discreet(finding, secrets_of(settings)))
    return tuple(results.values())


async def _done(check: Check, around: Surroundings) -> Finding:
    try:
        return await attempt(check.work(around), check.deadline_s)
    except FrontdeskError as error:
        return failed(error.title, error.detail)
    except Failed as stopped:
        cause = stopped.__cause__
        if isinstance(cause, FrontdeskError):
            return failed(cause.title, cause.detail)
        return failed(f"{stopped.what}, at {stopped.at}", UNSHOWN)


def _without_settings(error: SettingsError) -> tuple[Result, ...]:
    wrong = failed(error.title, error.detail)
    first, *others = CHECKS
    nothing = frozenset[str]()
    return (
        _result(first, discreet(wrong, nothing)),
        *(_result(check, _skipped(["settings"])) for check in others),
    )


def _skipped(missing: list[str]) -> Finding:
    return Finding("SKIP", f"needs: {', '.join(missing)}")


def _result(check: Check, finding: Finding) -> Result:
    return Result(check.name, finding.status, finding.evidence, finding.advice)
