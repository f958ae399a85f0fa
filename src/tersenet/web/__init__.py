"""Pages to see and to play with: the browser's engine, and the pages that use it."""

from tersenet.web.kinds_table import kinds_table
from tersenet.web.network_json import network_json

__all__ = ["kinds_table", "network_json"]
