"""Where the database of a data folder is: files in it, or a server that workstations share."""

import os
from typing import Final

from storage.data_folder import DataFolder
from storage.settings_file import read_settings

SETTINGS_FILE: Final = "jidoka.toml"
VARIABLE: Final = "JIDOKA_DATABASE"
FILES: Final = "sqlite"


def database_address(folder: DataFolder, given: str | None) -> str | None:
    """Return the server's address, None for files: given > environment > the folder's settings file."""
    address = given or os.environ.get(VARIABLE)
    address = address or read_settings(folder.root / SETTINGS_FILE).settings.database
    return None if address in (None, FILES) else address
