"""The moderation endpoint: flags what the text says in markers, such as `[flagged:violence]`."""

import re
from typing import Any

PATH = "/v1/moderations"
CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit"),
    *("illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)


def judged(text: str, model: str) -> dict[str, Any]:
    """The endpoint's answer about a text."""
    named = set(re.findall(r"\[flagged:([\w/-]+)\]", text))
    flagged = {name: name in named for name in CATEGORIES}
    result = {
        "flagged": any(flagged.values()),
        "categories": flagged,
        "category_scores": {name: float(found) for name, found in flagged.items()},
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }
    return {"id": "modr-fake", "model": model, "results": [result]}
