"""The settings of a deployment, read once from the environment and `.env`; nothing else reads the
environment.
"""

from frontdesk.config.secrets import data_dir, load_encryption_keys, load_secret
from frontdesk.config.settings import (
    Settings,
    expanded,
    load_plugin_settings,
    load_settings,
    variables,
)

__all__ = [
    "Settings",
    "data_dir",
    "expanded",
    "load_encryption_keys",
    "load_plugin_settings",
    "load_secret",
    "load_settings",
    "variables",
]
