"""Triage and the specialists: who they are, how they hand over, and the models that they ask."""
