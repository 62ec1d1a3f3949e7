"""frontdesk: the multi-user front of agents built on the OpenAI Agents SDK."""

__version__ = "0.1.0"
