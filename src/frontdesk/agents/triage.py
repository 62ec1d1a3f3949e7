"""The built-in triage agent: it answers first, cheaply, and hands over what needs more."""

from importlib.resources import files

from frontdesk.contract.parts import Specialist


def triage() -> Specialist:
    """Triage as data; a plugin may bring another one."""
    return Specialist(
        name="triage",
        description="Answers first and hands over what needs a specialist.",
        prompt=(files(__package__) / "prompts" / "triage.md").read_text(encoding="utf-8"),
        tier="cheap",
    )
