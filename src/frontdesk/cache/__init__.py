"""Answers worth keeping: the rung before the first model."""
