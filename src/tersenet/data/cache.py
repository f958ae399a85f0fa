"""Where fetched and drawn data sets are kept between uses."""

from __future__ import annotations

from pathlib import Path


def find_cache_dir() -> Path:
    """The user's cache folder for data sets, by the platform's own rules (on Linux `~/.cache/tersenet`).

    It need not exist. On Linux, XDG_CACHE_HOME moves it.

    >>> find_cache_dir().name
    'tersenet'
    """
    import platformdirs

    return platformdirs.user_cache_path("tersenet", appauthor=False)
