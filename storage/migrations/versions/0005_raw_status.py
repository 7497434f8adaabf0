"""The raw status of devices beside values that are not good, on PostgreSQL; SQLite keeps history in files.

Revision ID: 0005
"""

from alembic import op

from domain.errors import MigrationFailed

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table to the schema ``history``."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE history.raw_status (tag_key INTEGER NOT NULL, time_us BIGINT NOT NULL, "
            "code BIGINT NOT NULL, PRIMARY KEY (tag_key, time_us))"
        )


def downgrade() -> None:
    """Refuse: a backup is the way back."""
    raise MigrationFailed("this schema cannot be taken back; restore the backup made before the upgrade")
