"""The command line: serve, demo, chat, keys, sessions, traces."""

from frontdesk.cli.commands import main

__all__ = ["main"]
