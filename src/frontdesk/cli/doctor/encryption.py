"""The check of the keys that seal what Redis holds."""

from frontdesk.cli.doctor.surroundings import Surroundings
from frontdesk.contract.findings import Finding, failed, passed
from frontdesk.sessions.resealing import BROKEN, IN_CLEAR, Resealing
from frontdesk.sessions.sealing import open_sealing

MOST_KEYS = 1000


async def encryption(around: Surroundings) -> Finding:
    """Whether every key is there that a sample of what is kept needs.

    Raises:
        SettingsError: one of the keys is none.
    """
    sealing = open_sealing(around.settings)
    counted = await Resealing(around.redis, sealing).count(MOST_KEYS)
    missing = counted.keys() - {*sealing.key_ids, IN_CLEAR, BROKEN}
    first = f"seals with {sealing.key_ids[0]}" if sealing.key_ids else "off"
    found = ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))
    said = f"{first}; values by key: {found or 'none'}"
    if missing:
        return failed(
            f"{said}; missing: {' '.join(sorted(missing))}",
            "Add the missing key to FRONTDESK_ENCRYPTION_KEYS, behind the first: what it seals "
            "cannot be read.",
        )
    return passed(said)
