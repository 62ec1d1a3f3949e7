"""Handlers: what sees a message before any model."""
