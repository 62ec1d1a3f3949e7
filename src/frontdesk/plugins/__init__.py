"""Finding and running plugins: entry points, files of a folder, and what a caller adds."""

from frontdesk.plugins.loading import Loaded, load_plugins
from frontdesk.plugins.sources import GROUP, Source

__all__ = ["GROUP", "Loaded", "Source", "load_plugins"]
