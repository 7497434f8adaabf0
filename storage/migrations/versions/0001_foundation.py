"""Foundation: identity, plant, condition, change feed, audit.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from domain.errors import MigrationFailed

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("audit", "alarm_journal")


def upgrade() -> None:
    """Make the tables; on SQLite triggers keep audit and journal append-only."""
    op.create_table('alarm_journal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('alarm_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('rule_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('at_us', sa.BigInteger(), nullable=False),
    sa.Column('event', sa.String(length=40), nullable=False),
    sa.Column('state_from', sa.String(length=1), nullable=False),
    sa.Column('state_to', sa.String(length=1), nullable=False),
    sa.Column('overlay_from', sa.String(length=1), nullable=False),
    sa.Column('overlay_to', sa.String(length=1), nullable=False),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('by_name', sa.String(length=200), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarm_journal')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_alarm_journal_alarm_id_at_us', 'alarm_journal', ['alarm_id', 'at_us'], unique=False)
    op.create_index('ix_alarm_journal_at_us', 'alarm_journal', ['at_us'], unique=False)
    op.create_table('assets',
    sa.Column('id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('parent_id', sa.LargeBinary(length=16), nullable=True),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('code', sa.String(length=80), nullable=False),
    sa.Column('sort_order', sa.Integer(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('criticality', sa.String(length=1), nullable=False),
    sa.Column('is_constraint', sa.Boolean(), nullable=False),
    sa.Column('machine_group', sa.String(length=40), nullable=True),
    sa.Column('support', sa.String(length=20), nullable=True),
    sa.Column('rated_power_kw', sa.Double(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('parent_id IS NULL OR parent_id <> id', name=op.f('ck_assets_not_its_own_parent')),
    sa.ForeignKeyConstraint(['parent_id'], ['assets.id'], name=op.f('fk_assets_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assets'))
    )
    op.create_index('ix_assets_parent_id', 'assets', ['parent_id'], unique=False)
    op.create_table('audit',
    sa.Column('workstation', sa.String(length=120), nullable=False),
    sa.Column('sequence', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at_us', sa.BigInteger(), nullable=False),
    sa.Column('user_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('user_name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('aggregate_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('previous', sa.LargeBinary(length=32), nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('workstation', 'sequence', name=op.f('pk_audit'))
    )
    op.create_index('ix_audit_at_us', 'audit', ['at_us'], unique=False)
    op.create_table('audit_heads',
    sa.Column('workstation', sa.String(length=120), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('workstation', name=op.f('pk_audit_heads'))
    )
    op.create_table('changes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('aggregate_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('writer', sa.String(length=200), nullable=False),
    sa.Column('at_us', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_changes')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_changes_at_us', 'changes', ['at_us'], unique=False)
    op.create_table('connections',
    sa.Column('id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('is_enabled', sa.Boolean(), nullable=False),
    sa.Column('is_simulated', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_connections')),
    sa.UniqueConstraint('name', name=op.f('uq_connections_name'))
    )
    op.create_table('counters',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_counters'))
    )
    op.create_table('identity',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('application', sa.String(length=40), nullable=False),
    sa.Column('plant_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('created_us', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('number = 1', name=op.f('ck_identity_single_row')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_identity'))
    )
    op.create_table('settings',
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_settings'))
    )
    op.create_table('users',
    sa.Column('id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('is_enabled', sa.Boolean(), nullable=False),
    sa.Column('is_seeded', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('name', name=op.f('uq_users_name'))
    )
    op.create_table('measurement_points',
    sa.Column('id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('asset_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('technique', sa.String(length=40), nullable=False),
    sa.Column('sort_order', sa.Integer(), nullable=False),
    sa.Column('bearing', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('speed_tag_key', sa.Integer(), nullable=True),
    sa.Column('speed_ratio', sa.Double(), nullable=False),
    sa.Column('state_tag_key', sa.Integer(), nullable=True),
    sa.Column('waveform_tag_key', sa.Integer(), nullable=True),
    sa.Column('envelope_low_hz', sa.Double(), nullable=False),
    sa.Column('envelope_high_hz', sa.Double(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['asset_id'], ['assets.id'], name=op.f('fk_measurement_points_asset_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_measurement_points'))
    )
    op.create_index('ix_measurement_points_asset_id', 'measurement_points', ['asset_id'], unique=False)
    op.create_table('baselines',
    sa.Column('point_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['point_id'], ['measurement_points.id'], name=op.f('fk_baselines_point_id')),
    sa.PrimaryKeyConstraint('point_id', name=op.f('pk_baselines'))
    )
    op.create_table('tags',
    sa.Column('id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('tag_key', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('asset_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('point_id', sa.LargeBinary(length=16), nullable=True),
    sa.Column('connection_id', sa.LargeBinary(length=16), nullable=True),
    sa.Column('address', sa.JSON(), nullable=False),
    sa.Column('period_s', sa.Double(), nullable=False),
    sa.Column('dtype', sa.String(length=20), nullable=False),
    sa.Column('scaling_factor', sa.Double(), nullable=False),
    sa.Column('scaling_offset', sa.Double(), nullable=False),
    sa.Column('digits', sa.Integer(), nullable=False),
    sa.Column('low', sa.Double(), nullable=True),
    sa.Column('high', sa.Double(), nullable=True),
    sa.Column('normal_low', sa.Double(), nullable=True),
    sa.Column('normal_high', sa.Double(), nullable=True),
    sa.Column('feature', sa.String(length=40), nullable=True),
    sa.Column('sampling_rate_hz', sa.Double(), nullable=True),
    sa.Column('capture', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('is_writable', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('period_s > 0', name=op.f('ck_tags_positive_period')),
    sa.CheckConstraint('tag_key > 0', name=op.f('ck_tags_positive_key')),
    sa.ForeignKeyConstraint(['asset_id'], ['assets.id'], name=op.f('fk_tags_asset_id')),
    sa.ForeignKeyConstraint(['connection_id'], ['connections.id'], name=op.f('fk_tags_connection_id')),
    sa.ForeignKeyConstraint(['point_id'], ['measurement_points.id'], name=op.f('fk_tags_point_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tags')),
    sa.UniqueConstraint('name', name=op.f('uq_tags_name')),
    sa.UniqueConstraint('tag_key', name=op.f('uq_tags_tag_key'))
    )
    op.create_table('alarm_rules',
    sa.Column('id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('asset_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('message_key', sa.String(length=120), nullable=False),
    sa.Column('tag_key', sa.Integer(), nullable=True),
    sa.Column('connection_id', sa.LargeBinary(length=16), nullable=True),
    sa.Column('limit_value', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('on_delay_s', sa.Double(), nullable=False),
    sa.Column('off_delay_s', sa.Double(), nullable=False),
    sa.Column('deadband', sa.Double(), nullable=False),
    sa.Column('latching', sa.Boolean(), nullable=False),
    sa.Column('only_running', sa.Boolean(), nullable=False),
    sa.Column('consequence', sa.Text(), nullable=False),
    sa.Column('likely_cause', sa.Text(), nullable=False),
    sa.Column('response', sa.Text(), nullable=False),
    sa.Column('call_kind', sa.String(length=200), nullable=False),
    sa.Column('respond_within_s', sa.Double(), nullable=True),
    sa.Column('is_enabled', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('priority BETWEEN 1 AND 4', name=op.f('ck_alarm_rules_known_priority')),
    sa.ForeignKeyConstraint(['asset_id'], ['assets.id'], name=op.f('fk_alarm_rules_asset_id')),
    sa.ForeignKeyConstraint(['connection_id'], ['connections.id'], name=op.f('fk_alarm_rules_connection_id')),
    sa.ForeignKeyConstraint(['tag_key'], ['tags.tag_key'], name=op.f('fk_alarm_rules_tag_key')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarm_rules'))
    )
    op.create_table('tag_revisions',
    sa.Column('tag_key', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('dtype', sa.String(length=20), nullable=False),
    sa.Column('address', sa.JSON(), nullable=False),
    sa.Column('scaling_factor', sa.Double(), nullable=False),
    sa.Column('scaling_offset', sa.Double(), nullable=False),
    sa.Column('opened_us', sa.BigInteger(), nullable=False),
    sa.Column('opened_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['tag_key'], ['tags.tag_key'], name=op.f('fk_tag_revisions_tag_key')),
    sa.PrimaryKeyConstraint('tag_key', 'revision', name=op.f('pk_tag_revisions'))
    )
    op.create_table('alarms',
    sa.Column('id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('rule_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('state', sa.String(length=1), nullable=False),
    sa.Column('overlay', sa.String(length=1), nullable=False),
    sa.Column('overlay_until_us', sa.BigInteger(), nullable=True),
    sa.Column('overlay_reason', sa.Text(), nullable=False),
    sa.Column('raised_us', sa.BigInteger(), nullable=True),
    sa.Column('returned_us', sa.BigInteger(), nullable=True),
    sa.Column('acknowledged_us', sa.BigInteger(), nullable=True),
    sa.Column('acknowledged_by', sa.String(length=200), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('waveform_id', sa.LargeBinary(length=16), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_us', sa.BigInteger(), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint("overlay IN ('', 'G', 'H', 'I')", name=op.f('ck_alarms_known_overlay')),
    sa.CheckConstraint("state IN ('A', 'B', 'C', 'D', 'E', 'F')", name=op.f('ck_alarms_known_state')),
    sa.ForeignKeyConstraint(['rule_id'], ['alarm_rules.id'], name=op.f('fk_alarms_rule_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarms')),
    sa.UniqueConstraint('rule_id', name=op.f('uq_alarms_rule_id'))
    )
    op.create_index('ix_alarms_state', 'alarms', ['state'], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for table in _APPEND_ONLY:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )


def downgrade() -> None:
    """Refuse: a backup is the way back."""
    raise MigrationFailed("the foundation cannot be taken away; restore a backup instead")
