"""Schema versions of the plant database. Alembic is loaded only when the stored revision is not the head."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from domain.errors import MigrationFailed

HEAD = "0005"
"""Revision this program reads and writes; a test holds it equal to the newest file in ``versions``."""

_VERSIONS = Path(__file__).parent / "versions"


def stored_revision(connection: Connection) -> str | None:
    """Return the revision the database was brought to, None for one without any."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer(revision: str | None) -> None:
    """Raise MigrationFailed for a revision that this program does not know: a newer program wrote it."""
    if revision is None or revision == HEAD or any(_VERSIONS.glob(f"{revision}_*.py")):
        return
    raise MigrationFailed(
        f"the plant database has schema version {revision}, this program knows {HEAD}: "
        "a newer program wrote it; start that one, or restore a backup made before the upgrade",
        key="schema_newer",
        found=revision,
        known=HEAD,
    )


def upgrade(connection: Connection) -> None:
    """Bring the schema to ``HEAD`` in the caller's transaction; MigrationFailed leaves it to roll back."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except Exception as error:
        raise MigrationFailed(
            f"the plant database could not be brought to schema {HEAD} ({error}); it was left as it was",
            key="migration_failed",
            known=HEAD,
        ) from error
