"""Prompt injection: rules, and a small classifier of our own."""

from frontdesk.guardrails.injection.detector import REACH, find, finder

__all__ = ["REACH", "find", "finder"]
