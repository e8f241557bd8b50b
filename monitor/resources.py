"""Where the files that travel with the product lie.

In a checkout (and an editable install) seeds, models and feeds.yaml stand beside the
package; in an installed wheel they lie in the package's own data folder. Nothing is
ever written to either.
"""

from __future__ import annotations

from pathlib import Path

from monitor.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE.parent, _PACKAGE / "_data")


def path(name: str) -> Path:
    """The shipped file or folder `name`, such as `seeds/taxonomy.yaml`.

    A folder beside the package counts only when it is the product's own checkout,
    so that an unrelated `models/` in somebody's site-packages is never taken for ours.
    Raises: ConfigError when the installation lacks it.
    """
    for place in _PLACES:
        if place == _PACKAGE.parent and not (place / "pyproject.toml").is_file():
            continue
        found = place / name
        if found.exists():
            return found
    raise ConfigError(f"the installation lacks {name}: install monitor again")


def in_package(name: str) -> Path:
    """A file inside the package: templates, static files, catalogues, migrations."""
    return _PACKAGE / name
