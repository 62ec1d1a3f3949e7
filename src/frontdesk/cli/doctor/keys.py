"""The check of the API keys, and of the address that is served."""

from frontdesk.cli.doctor.surroundings import Surroundings
from frontdesk.contract.errors import SettingsError
from frontdesk.contract.findings import Finding, failed, passed, warned
from frontdesk.server.api_keys import SCOPES, ApiKeys
from frontdesk.server.identity import open_identity


async def api_keys(around: Surroundings) -> Finding:
    """How many there are, whether one may do everything, and who could chat without any."""
    keys, host = ApiKeys(around.redis), around.settings.host
    listed = [key for key in await keys.list() if not keys.ended(key)]
    said = f"{len(listed)} {'key' if len(listed) == 1 else 'keys'}, listens on {host}"
    if around.settings.jwt_issuer:
        said += f", takes tokens of {around.settings.jwt_issuer}"
    try:
        async with open_identity(around.settings, around.redis):
            pass
    except SettingsError as error:
        return failed(said, error.detail)
    mighty = [key.id for key in listed if key.user is None and key.scopes == SCOPES]
    if mighty:
        return warned(
            f"{said}; every scope and no user of its own: {', '.join(mighty)}",
            f"Make narrower keys, then: frontdesk key revoke {mighty[0]}",
        )
    return passed(said)
