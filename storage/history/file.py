"""The history database file: its tables, its version, and what is done with a damaged one."""

import json
import sqlite3
from pathlib import Path

from domain.errors import DatabaseDamaged, MigrationFailed
from storage.data_folder import DataFolder
from storage.database import connect
from storage.failures import storage_error
from storage.history.tail import TailRow
from storage.set_aside import set_aside
from storage.sql import HistoryOpening, SqlConnection, immediate, put_besides

APPLICATION_ID = 0x4A494448
"""``PRAGMA application_id``: "JIDH"."""
VERSION = 4
_INSERT_TAIL = "INSERT INTO tail (id, committed_us, samples, body) VALUES (?, ?, ?, ?)"
STEP_S = (60, 3600)

_OPEN_PARTS = "CREATE INDEX ix_chunk_open ON chunk (tag_key) WHERE is_part = 1;"
"""Without it every trend walks all chunks that a tag ever had, to find those of the present hour."""

_RAW_STATUS = (
    "CREATE TABLE raw_status (tag_key INTEGER NOT NULL, time_us INTEGER NOT NULL, code INTEGER NOT NULL, "
    "PRIMARY KEY (tag_key, time_us)) WITHOUT ROWID;"
)

_SINCE = {
    1: "CREATE TABLE text (number INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);",
    2: _OPEN_PARTS,
    3: _RAW_STATUS,
}
"""What the version after each one added."""

_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE text (number INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
CREATE TABLE layout (id INTEGER PRIMARY KEY, keys BLOB NOT NULL);
CREATE TABLE tail (
    id INTEGER PRIMARY KEY, committed_us INTEGER NOT NULL, samples INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY, tag_key INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
    is_part INTEGER NOT NULL, revision INTEGER NOT NULL, samples INTEGER NOT NULL, code INTEGER NOT NULL,
    period_us INTEGER NOT NULL, minimum REAL, maximum REAL, mean REAL, good INTEGER NOT NULL,
    quality INTEGER NOT NULL, sequence_first INTEGER NOT NULL, sequence_step INTEGER NOT NULL,
    delay_low_us INTEGER NOT NULL, delay_high_us INTEGER NOT NULL,
    last_value REAL, last_quality INTEGER NOT NULL,
    value_body BLOB NOT NULL, quality_body BLOB, time_body BLOB, sequence_body BLOB
);
CREATE INDEX ix_chunk_tag ON chunk (tag_key, first_us, last_us);
CREATE INDEX ix_chunk_part ON chunk (first_us, tag_key) WHERE is_part = 1;
{_OPEN_PARTS}
{_RAW_STATUS}
CREATE TABLE level (
    tag_key INTEGER NOT NULL, step_s INTEGER NOT NULL, start_us INTEGER NOT NULL, span_s INTEGER NOT NULL,
    revision INTEGER NOT NULL, buckets INTEGER NOT NULL, code INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tag_key, step_s, start_us, span_s, revision)
);
CREATE INDEX ix_level_hours ON level (start_us) WHERE span_s = 3600;
CREATE TABLE gap (
    tag_key INTEGER NOT NULL, end_us INTEGER NOT NULL, start_us INTEGER NOT NULL, cause INTEGER NOT NULL,
    PRIMARY KEY (tag_key, end_us, start_us)
) WITHOUT ROWID;
"""


class HistoryFile:
    """The history in a SQLite file of its own. Implements ``storage.sql.HistoryBase``."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self.place = folder.history_db

    def writer(self, *, now_us: int) -> tuple[sqlite3.Connection, HistoryOpening]:
        """Open or make the file; a damaged, foreign or emptied one goes to quarantine first.

        Losing samples must not stop the plant: a new file is begun, and the report says what was set aside.
        MigrationFailed refuses a file of a newer program.
        """
        path, marker = self.place, self._folder.history_marker
        problem = _problem(path, was_known=marker.exists())
        moved = set_aside(path, self._folder.quarantine, now_us=now_us) if problem else ()
        try:
            connection = _prepared(path)
        except sqlite3.Error as error:
            raise storage_error(error, path) from error
        marker.write_text(json.dumps({"version": VERSION}), encoding="ascii")
        return connection, HistoryOpening(problem, moved)

    def reader(self) -> sqlite3.Connection:
        """Open the file without any right to change it."""
        connection = connect(self.place, mode="ro")
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA cache_size=-16000")
        return connection

    @property
    def waiting_samples(self) -> int:
        """Nothing waits: what is put is there."""
        return 0

    def catch_up(self, connection: SqlConnection) -> int:
        return 0

    def close(self) -> None:
        """Connections are closed by whoever opened them."""

    def put_tail(self, connection: SqlConnection, row: TailRow) -> None:
        """Write the row, with what it brings besides samples in the same transaction."""
        values = (row.sequence, row.committed_us, row.samples, row.body)
        if row.is_bare:
            connection.execute(_INSERT_TAIL, values)
            return
        with immediate(connection):
            put_besides(connection, row)
            connection.execute(_INSERT_TAIL, values)


def _problem(path: Path, *, was_known: bool) -> str:
    if not path.exists():
        return "missing" if was_known else ""
    if path.stat().st_size == 0:
        return "empty" if was_known else ""
    try:
        connection = connect(path, mode="rw")
        try:
            return _examined(connection, path)
        finally:
            connection.close()
    except sqlite3.Error as error:
        told = storage_error(error, path)
        if isinstance(told, DatabaseDamaged):
            return f"damaged: {error}"
        raise told from error


def _examined(connection: sqlite3.Connection, path: Path) -> str:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return "foreign"
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise MigrationFailed(
            f"{path} has version {version}, this program knows {VERSION}: a newer program wrote it",
            key="schema_newer",
            found=version,
            known=VERSION,
        )
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return "" if {"tail", "chunk", "level", "gap"} <= tables else "incomplete"


def _prepared(path: Path) -> sqlite3.Connection:
    connection = connect(path, mode="rwc")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
    elif version < VERSION:
        added = "".join(_SINCE[each] for each in range(version, VERSION))
        connection.executescript(f"BEGIN IMMEDIATE;{added}PRAGMA user_version={VERSION};COMMIT;")
    return connection
