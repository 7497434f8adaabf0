"""Limits that every plant has from its first device on: a lost link and lost values are alarms."""

from typing import Final
from uuid import UUID

from domain.condition.alarms import AlarmRule, Priority
from domain.identifiers import new_id
from domain.plant.tags import Connection
from services.alarm_watch import DISK_SHORT, LINK_LOSING, SAMPLES_DROPPED

LINK_LOST: Final = "link_lost"


def link_rule(connection: Connection, *, site_id: UUID) -> AlarmRule:
    """Return the rule that a lost link of this device is an alarm."""
    return AlarmRule(
        new_id(), site_id, Priority.HIGH, LINK_LOST, connection_id=connection.id, on_delay_s=1.0,
        off_delay_s=2.0,
        consequence="Nothing of this device is known: its values are bad and its alarms are blind.",
        likely_cause="The device is off, the cable is out, or its address has changed.",
        response="1 Look at the device and its network port.\n2 Call automation if it does not return.",
        call="Automation", respond_within_s=600.0,
    )  # fmt: skip


def link_loss_rule(connection: Connection, *, site_id: UUID) -> AlarmRule:
    """Return the rule that values lost on the way from this device are an alarm."""
    return AlarmRule(
        new_id(), site_id, Priority.MEDIUM, LINK_LOSING, connection_id=connection.id,
        consequence="Some values of this device are missing; trends and diagnoses have holes.",
        likely_cause="The device refuses some values, its queue is too short, or the network loses messages.",
        response="1 Open Setup, System health: the losses of the link are counted by cause.\n"
        "2 Compare the values of the device with its documentation, or call automation.",
        call="Automation", respond_within_s=3600.0,
    )  # fmt: skip


def loss_rule(*, site_id: UUID) -> AlarmRule:
    """Return the rule that values lost inside the program are an alarm."""
    return AlarmRule(
        new_id(), site_id, Priority.HIGH, SAMPLES_DROPPED,
        consequence="History has a hole where values were dropped.",
        likely_cause="This PC is too slow or its disk is full or locked.",
        response="1 Look at free space and at what else runs on this PC.\n"
        "2 Tell the engineer what the status counts.",
        call="Engineer on call", respond_within_s=3600.0,
    )  # fmt: skip


def disk_rule(*, site_id: UUID) -> AlarmRule:
    """Return the rule that a nearly full disk of this PC is an alarm."""
    return AlarmRule(
        new_id(), site_id, Priority.HIGH, DISK_SHORT, off_delay_s=60.0,
        consequence="When the disk is full nothing more is stored; values wait in memory for some hours.",
        likely_cause="Backups or other programs fill the disk, or values are kept longer than it has room.",
        response="1 Make space: move old backups away, empty the bin.\n"
        "2 Tell the engineer: shorten how long values are kept, or add a disk.",
        call="Engineer on call", respond_within_s=4 * 3600.0,
    )  # fmt: skip


def system_rules(*, site_id: UUID) -> tuple[AlarmRule, ...]:
    """Return the rules about this program itself."""
    return loss_rule(site_id=site_id), disk_rule(site_id=site_id)
