"""Profanity and threats at people, in Korean and English."""

from frontdesk.guardrails.abuse.detector import REACH, find

__all__ = ["REACH", "find"]
