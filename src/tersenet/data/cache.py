"""Where fetched and drawn data sets are kept between uses, and what `~` means in a path."""

from __future__ import annotations

from pathlib import Path

from tersenet._errors import TersenetError


def find_cache_dir() -> Path:
    """The user's cache folder for data sets, by the platform's own rules (on Linux `~/.cache/tersenet`).

    It need not exist. On Linux, XDG_CACHE_HOME moves it.

    >>> find_cache_dir().name
    'tersenet'
    """
    import platformdirs

    return platformdirs.user_cache_path("tersenet", appauthor=False)


def expand_home(path: str | Path, where: str) -> Path:
    """`path` with a leading `~` or `~user` replaced by that home folder; `where` names the setting in an error.

    Raises TersenetError where there is no such user.

    >>> expand_home("digits/~", "--data").as_posix()
    'digits/~'
    >>> expand_home("~nobody-of-this-name/digits", "TERSENET_DATA")
    Traceback (most recent call last):
    tersenet._errors.TersenetError: This path begins with the home folder of an unknown user.
      got:      ~nobody-of-this-name/digits
      where:    TERSENET_DATA
      hint:     write the full path; for a folder whose name begins with ~, put ./ before it
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise TersenetError(
            "This path begins with the home folder of an unknown user.",
            got=path,
            where=where,
            hint="write the full path; for a folder whose name begins with ~, put ./ before it",
        ) from None
