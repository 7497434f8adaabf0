"""Acquisition at plant scale: reports by people, bearing types, files taken, drafts, leases; keeping per tag.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

from domain.errors import MigrationFailed

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns with their defaults, then the new tables."""
    op.add_column("measurement_points", sa.Column("sensor", sa.String(120), nullable=False, server_default=""))
    op.add_column("tags", sa.Column("frozen_after_s", sa.Double(), nullable=True))
    op.add_column("tags", sa.Column("raw_days", sa.Double(), nullable=True))
    op.add_column("tags", sa.Column("deadband", sa.Double(), nullable=False, server_default="0"))
    op.create_table(
        "observations",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("asset_id", sa.LargeBinary(16), nullable=False),
        sa.Column("point_id", sa.LargeBinary(16), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        *_version_columns(),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_observations_asset_id")),
        sa.ForeignKeyConstraint(["point_id"], ["measurement_points.id"], name=op.f("fk_observations_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
    )
    op.create_index("ix_observations_asset_id_observed_us", "observations", ["asset_id", "observed_us"])
    op.create_table(
        "manual_readings",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("tag_key", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("taken_us", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=True),
        *_version_columns(),
        sa.ForeignKeyConstraint(["tag_key"], ["tags.tag_key"], name=op.f("fk_manual_readings_tag_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manual_readings")),
    )
    op.create_index("ix_manual_readings_tag_key_taken_us", "manual_readings", ["tag_key", "taken_us"])
    op.create_index("ix_manual_readings_recorded_us", "manual_readings", ["recorded_us"])
    op.create_table(
        "bearing_types",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("maker", sa.String(80), nullable=False),
        sa.Column("designation", sa.String(80), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("elements", sa.Integer(), nullable=False),
        sa.Column("element_diameter_mm", sa.Double(), nullable=False),
        sa.Column("pitch_diameter_mm", sa.Double(), nullable=False),
        sa.Column("contact_angle_deg", sa.Double(), nullable=False),
        sa.Column("slip_tolerance", sa.Double(), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        *_version_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bearing_types")),
        sa.UniqueConstraint(
            "maker", "designation", "edition", name=op.f("uq_bearing_types_maker_designation_edition")
        ),
    )
    op.create_table(
        "taken_files",
        sa.Column("connection_id", sa.LargeBinary(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("taken_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_taken_files_connection_id")),
        sa.PrimaryKeyConstraint("connection_id", "digest", name=op.f("pk_taken_files")),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        *_version_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("epoch > 0", name=op.f("ck_leases_positive_epoch")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )


def downgrade() -> None:
    """Refuse: a backup is the way back."""
    raise MigrationFailed("this schema cannot be taken back; restore the backup made before the upgrade")


def _version_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
    )
