"""Prompt injection: rules, and a small classifier of our own."""

from frontdesk.guardrails.injection.detector import REACH, find, find_by_rule, find_by_score

__all__ = ["REACH", "find", "find_by_rule", "find_by_score"]
