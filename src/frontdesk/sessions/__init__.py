"""Sessions: what a conversation remembers, who runs its turns, and what its readers see."""
