"""The contract test kit: whether a plugin keeps what a desk expects of it."""

from frontdesk.testing.kit.examination import check_plugin

__all__ = ["check_plugin"]
