"""OpenAI's own protocols, on the same turn: what unmodified clients of OpenAI speak."""
