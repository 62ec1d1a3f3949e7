"""What every part of frontdesk speaks: messages, events, turns, parts, tools, guardrails, errors,
keys.
"""
