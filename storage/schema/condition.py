"""Tables of condition: alarm rules and their present rows, the journal, baselines, what people report."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from storage.schema.columns import METADATA, Id, RowNumber, version_columns

alarm_rules = Table(
    "alarm_rules",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("asset_id", Id, ForeignKey("assets.id"), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("message_key", String(120), nullable=False),
    Column("tag_key", Integer, ForeignKey("tags.tag_key"), nullable=True),
    Column("connection_id", Id, ForeignKey("connections.id"), nullable=True),
    Column("limit_value", JSON(none_as_null=True), nullable=True),
    Column("on_delay_s", Double, nullable=False),
    Column("off_delay_s", Double, nullable=False),
    Column("deadband", Double, nullable=False),
    Column("latching", Boolean, nullable=False),
    Column("only_running", Boolean, nullable=False),
    Column("consequence", Text, nullable=False),
    Column("likely_cause", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("call_kind", String(200), nullable=False),
    Column("respond_within_s", Double, nullable=True),
    Column("is_enabled", Boolean, nullable=False),
    *version_columns(),
    CheckConstraint("priority BETWEEN 1 AND 4", name="known_priority"),
)

alarms = Table(
    "alarms",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("rule_id", Id, ForeignKey("alarm_rules.id"), nullable=False, unique=True),
    Column("state", String(1), nullable=False),
    Column("overlay", String(1), nullable=False),
    Column("overlay_until_us", BigInteger, nullable=True),
    Column("overlay_reason", Text, nullable=False),
    Column("raised_us", BigInteger, nullable=True),
    Column("returned_us", BigInteger, nullable=True),
    Column("acknowledged_us", BigInteger, nullable=True),
    Column("acknowledged_by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("value", Double, nullable=True),
    Column("waveform_id", Id, nullable=True),
    *version_columns(),
    CheckConstraint("state IN ('A', 'B', 'C', 'D', 'E', 'F')", name="known_state"),
    CheckConstraint("overlay IN ('', 'G', 'H', 'I')", name="known_overlay"),
    Index("ix_alarms_state", "state"),
)

alarm_journal = Table(
    "alarm_journal",
    METADATA,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("alarm_id", Id, nullable=False),
    Column("rule_id", Id, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("event", String(40), nullable=False),
    Column("state_from", String(1), nullable=False),
    Column("state_to", String(1), nullable=False),
    Column("overlay_from", String(1), nullable=False),
    Column("overlay_to", String(1), nullable=False),
    Column("value", Double, nullable=True),
    Column("by_name", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_alarm_journal_at_us", "at_us"),
    Index("ix_alarm_journal_alarm_id_at_us", "alarm_id", "at_us"),
    sqlite_autoincrement=True,
)

baselines = Table(
    "baselines",
    METADATA,
    Column("point_id", Id, ForeignKey("measurement_points.id"), primary_key=True),
    Column("body", JSON, nullable=False),
    *version_columns(),
)

observations = Table(
    "observations",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("asset_id", Id, ForeignKey("assets.id"), nullable=False),
    Column("point_id", Id, ForeignKey("measurement_points.id"), nullable=True),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("observed_us", BigInteger, nullable=False),
    Column("author", String(200), nullable=False),
    *version_columns(),
    Index("ix_observations_asset_id_observed_us", "asset_id", "observed_us"),
)

manual_readings = Table(
    "manual_readings",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("tag_key", Integer, ForeignKey("tags.tag_key"), nullable=False),
    Column("value", Double, nullable=False),
    Column("taken_us", BigInteger, nullable=False),
    Column("author", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("recorded_us", BigInteger, nullable=True),
    *version_columns(),
    Index("ix_manual_readings_tag_key_taken_us", "tag_key", "taken_us"),
    Index("ix_manual_readings_recorded_us", "recorded_us"),
)

missed_readings = Table(
    "missed_readings",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("tag_key", Integer, ForeignKey("tags.tag_key"), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("missed_us", BigInteger, nullable=False),
    Column("author", String(200), nullable=False),
    Column("note", Text, nullable=False),
    *version_columns(),
    Index("ix_missed_readings_tag_key_missed_us", "tag_key", "missed_us"),
)
