"""`python -m frontdesk.testing.fake_openai`: the fake alone, for servers in other processes."""

import argparse
import asyncio

from frontdesk.testing.fake_openai.server import fake_openai


async def serve(port: int, first_token_s: float, token_s: float) -> None:
    """Serves until it is cancelled; the first line it prints is its base URL."""
    async with fake_openai(port=port, keep=0, first_token_s=first_token_s, token_s=token_s) as fake:
        print(fake.base_url, flush=True)  # noqa: T201  # the output of a command
        await asyncio.Event().wait()


def main() -> None:
    """Reads the options and serves until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m frontdesk.testing.fake_openai",
        description="A fake OpenAI on loopback. Set OPENAI_BASE_URL to the address it prints.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--first-token-s", type=float, default=0.0, help="seconds before the first")
    parser.add_argument("--token-s", type=float, default=0.0, help="seconds before each other word")
    options = parser.parse_args()
    try:
        asyncio.run(serve(options.port, options.first_token_s, options.token_s))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
