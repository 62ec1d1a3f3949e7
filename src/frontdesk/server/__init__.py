"""The desk over HTTP: who is calling, what they ask, answers as JSON or server-sent events."""
