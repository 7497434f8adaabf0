"""Readings that could not be taken, with their reason; acts on one thing are found without reading the log.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

from domain.errors import MigrationFailed

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table and an index."""
    op.create_table(
        "missed_readings",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("tag_key", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("missed_us", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["tag_key"], ["tags.tag_key"], name=op.f("fk_missed_readings_tag_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_readings")),
    )
    op.create_index("ix_missed_readings_tag_key_missed_us", "missed_readings", ["tag_key", "missed_us"])
    op.create_index("ix_audit_aggregate_id", "audit", ["aggregate_id"])


def downgrade() -> None:
    """Refuse: a backup is the way back."""
    raise MigrationFailed("this schema cannot be taken back; restore the backup made before the upgrade")
