"""Trains the classifier of injection; no part of the package."""
