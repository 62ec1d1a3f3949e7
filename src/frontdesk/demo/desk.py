"""What the demo desk has beside the shop's plugin: its curated answers and its documents."""

from pathlib import Path

from frontdesk.config import Settings

FILES = Path(__file__).parent


def equipped(settings: Settings) -> Settings:
    """The settings with the demo's curated answers and documents, where they name none of their
    own.
    """
    return settings.model_copy(
        update={
            "faq": settings.faq or FILES / "faq.md",
            "knowledge_dir": settings.knowledge_dir or FILES / "knowledge",
        }
    )
