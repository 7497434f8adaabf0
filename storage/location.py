"""Where the database of a data folder is: files in it, or a server that workstations share."""

import os
from typing import Final

from storage.data_folder import DataFolder
from storage.settings_file import DATABASE_VARIABLE, read_settings

SETTINGS_FILE: Final = "jidoka.toml"
FILES: Final = "sqlite"


def database_address(folder: DataFolder, given: str | None) -> str | None:
    """Return the server's address, None for files: given > environment > the folder's settings file."""
    address = given or os.environ.get(DATABASE_VARIABLE)
    address = address or read_settings(folder.root / SETTINGS_FILE).settings.database
    return None if address in (None, FILES) else address
