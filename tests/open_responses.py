"""`python -m tests.open_responses`: a server for the compliance suite of Open Responses, whose
models answer what that suite asks; it checks the protocol and not a model's wit.

The first line that it prints is the address, the second a key. docs/openai-responses.md says how
the suite is run.
"""

import asyncio
import tempfile
from pathlib import Path

from tests.openai_callers import front_of

from frontdesk.assembly import open_desk
from frontdesk.config import load_settings
from frontdesk.testing import Reply, fake_openai, text, tool_call
from frontdesk.testing.fake_openai.questions import Question
from frontdesk.tracing.logs import set_up_logs

ANSWERS = {
    "Say hello in exactly 3 words.": text("Hello, dear friend."),
    "Count from 1 to 5.": text("1, ", "2, ", "3, ", "4, ", "5."),
    "Repeat only the number.": text("Four."),
    "Say hello.": text("Ahoy, matey!"),
    "What is my name?": text("Your name is Alice."),
}


def answer(question: Question) -> Reply:
    """What a sensible model would say."""
    if "get_weather" in question.tools and "weather" in question.text:
        return tool_call("get_weather", {"location": "San Francisco, CA"})
    return ANSWERS.get(question.text, text("I see a red heart."))


async def serve() -> None:
    """Serves until it is cancelled."""
    with tempfile.TemporaryDirectory() as folder:
        async with fake_openai(mind=answer) as upstream:
            place = {"data_dir": Path(folder), "redis_url": None, "plugins_dir": None}
            settings = load_settings(openai_base_url=upstream.base_url, **place)
            set_up_logs(settings)  # to the other output
            async with open_desk(settings) as desk, front_of(desk, settings) as front:
                print(f"{front.base_url}\n{front.ann_key}", flush=True)  # noqa: T201  # its output
                await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
