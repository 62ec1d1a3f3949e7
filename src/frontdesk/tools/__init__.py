"""Tools: how they are called, offered to the models and tried before the models."""
