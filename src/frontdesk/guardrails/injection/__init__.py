"""Prompt injection: rules, and a small classifier of our own."""

from frontdesk.guardrails.injection.classifier import KOREAN, OTHERS, Limits
from frontdesk.guardrails.injection.detector import REACH, find, find_by_rule, find_by_score

__all__ = ["KOREAN", "OTHERS", "REACH", "Limits", "find", "find_by_rule", "find_by_score"]
