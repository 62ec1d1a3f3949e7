"""The built-in specialist, for desks whose plugins bring none."""

from importlib.resources import files

from frontdesk.contract.parts import Specialist


def specialist() -> Specialist:
    """A specialist for everything hard, as data."""
    return Specialist(
        name="specialist",
        description=(
            "Takes what needs judgement or several steps: complaints, contracts, disputes, "
            "troubleshooting, comparisons, longer texts."
        ),
        prompt=(files(__package__) / "prompts" / "specialist.md").read_text(encoding="utf-8"),
    )
