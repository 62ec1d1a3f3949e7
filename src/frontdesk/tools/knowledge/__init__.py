"""Knowledge: a tool that searches folders of documents and quotes its sources."""

from frontdesk.tools.knowledge.search import knowledge

__all__ = ["knowledge"]
