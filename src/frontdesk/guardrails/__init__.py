"""Checks of what comes in, what tools return and what goes out, and what the policy does about
them.
"""
