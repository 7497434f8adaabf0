"""Words: message keys of domain and services become sentences here and nowhere else.

English is the source language; every text goes through ``tr`` with a context for the translator files.
An unknown key reads as plain words made from the key: a missing text must never hide an alarm.
"""

from collections.abc import Mapping
from html import escape
from string import Formatter
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale

from domain.condition.alarms import AlarmState, Overlay, Priority
from domain.errors import ControlRoomError
from domain.plant.assets import MachineState
from domain.plant.quality import Quality, QualityCause, QualityClass
from domain.plant.tags import Feature
from domain.roles import Role


def QT_TRANSLATE_NOOP(context: str, source: str) -> str:
    """Mark a source text for ``lupdate``, which looks for this very name; the text comes back unchanged."""
    return source


def tr(context: str, source: str, /, **parameters: object) -> str:
    """Return the translated source with its {parameters} put in; a missing parameter stays visible."""
    words = QCoreApplication.translate(context, source)
    return words.format_map(_Shown(parameters)) if parameters else words


def tr_n(context: str, one: str, many: str, /, *, count: int, **parameters: object) -> str:
    """Return the translated source for a number of things, {count} and {parameters} put in.

    English has a form for one and a form for many; a translation of ``many`` has as many as its language.
    """
    words = QCoreApplication.translate(context, many, "", _plural_number(count))
    if count == 1 and words == many:
        words = QCoreApplication.translate(context, one)
    return words.format_map(_Shown({"count": QLocale().toString(count)} | parameters))


def _plural_number(count: int) -> int:
    """Return a number of the same plural form that fits where Qt takes 32 bits."""
    return count if count < 2**31 else 10**9 + count % 10**6


class _Shown(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def plain(key: str) -> str:
    """Return a key as words: "bearing_outer_race" reads "Bearing outer race"."""
    words = key.rsplit(".", 1)[-1].replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def tip(words: str) -> str:
    """Return words for a tool tip as they are: what a device or a person called "<b>" is no mark-up."""
    if "<" not in words:
        return words
    return f"<qt>{escape(words)}</qt>".replace("\n", "<br>")


def _named(context: str, table: Mapping[str, str], key: str, **parameters: object) -> str:
    source = table.get(key)
    return plain(key) if source is None else tr(context, source, **parameters)


_ALARMS: Final = {
    "value_high": QT_TRANSLATE_NOOP("Alarms", "{label} above limit"),
    "value_low": QT_TRANSLATE_NOOP("Alarms", "{label} below limit"),
    "band_high": QT_TRANSLATE_NOOP("Alarms", "{label} band above limit"),
    "link_lost": QT_TRANSLATE_NOOP("Alarms", "Link to {label} lost, its values are unknown"),
    "link_losing": QT_TRANSLATE_NOOP("Alarms", "Link to {label} loses values"),
    "disk_short": QT_TRANSLATE_NOOP("Alarms", "The disk of this PC is nearly full"),
    "samples_dropped": QT_TRANSLATE_NOOP("Alarms", "Values were dropped, history has a hole"),
}

_DEVICE_ERRORS: Final = {
    "option_wrong": QT_TRANSLATE_NOOP("Errors", "Device '{connection}', setting '{option}': {complaint}."),
    "address_wrong": QT_TRANSLATE_NOOP("Errors", "Value '{tag}', address field '{field}': {complaint}."),
    "device_unreachable": QT_TRANSLATE_NOOP(
        "Errors", "{device} cannot be reached. Check power, cable and address."
    ),
    "device_not_answering": QT_TRANSLATE_NOOP("Errors", "{device} is there but does not answer."),
    "device_not_ready": QT_TRANSLATE_NOOP("Errors", "'{device}' was not ready within {seconds} s."),
    "device_closed": QT_TRANSLATE_NOOP("Errors", "{device} ended the connection."),
    "device_not_connected": QT_TRANSLATE_NOOP("Errors", "{device} is not connected."),
    "unit_not_answering": QT_TRANSLATE_NOOP("Errors", "{device}: unit {unit} does not answer."),
    "unit_left_alone": QT_TRANSLATE_NOOP(
        "Errors", "{device}: unit {unit} answered too late and is left alone for {seconds} s."
    ),
    "nothing_to_read": QT_TRANSLATE_NOOP("Errors", "There is no value to read."),
    "sampling_rate_missing": QT_TRANSLATE_NOOP("Errors", "Value '{tag}': a waveform needs a sampling rate."),
    "period_wrong": QT_TRANSLATE_NOOP("Errors", "Value '{tag}': the period must be above 0 s."),
    "tls_failed": QT_TRANSLATE_NOOP(
        "Errors",
        "{device}: the secured link failed. It takes TLS 1.2 and certificates that both sides trust.",
    ),
    "certificate_own_refused": QT_TRANSLATE_NOOP(
        "Errors", "{device} does not trust our certificate. Have it accepted there, or issued anew."
    ),
    "modbus_garbage": QT_TRANSLATE_NOOP(
        "Errors", "{device} sends what is no Modbus TCP. Check port and kind of the device."
    ),
    "modbus_wrong_unit": QT_TRANSLATE_NOOP("Errors", "Unit {unit} was asked, unit {answered} answered."),
    "modbus_wrong_function": QT_TRANSLATE_NOOP("Errors", "Unit {unit} answered another question."),
    "modbus_wrong_length": QT_TRANSLATE_NOOP("Errors", "The answer is longer or shorter than asked for."),
    "modbus_wrong_echo": QT_TRANSLATE_NOOP("Errors", "The device confirmed something else than was sent."),
    "modbus_checksum": QT_TRANSLATE_NOOP(
        "Errors", "The checksum of an answer of unit {unit} is wrong. Check the line and its termination."
    ),
    "modbus_exception_1": QT_TRANSLATE_NOOP("Errors", "Unit {unit} does not know this function."),
    "modbus_exception_2": QT_TRANSLATE_NOOP("Errors", "Unit {unit} has no such address."),
    "modbus_exception_3": QT_TRANSLATE_NOOP("Errors", "Unit {unit} refuses the quantity or the value."),
    "modbus_exception_4": QT_TRANSLATE_NOOP("Errors", "Unit {unit} failed while answering."),
    "modbus_exception_5": QT_TRANSLATE_NOOP("Errors", "Unit {unit} needs more time."),
    "modbus_exception_6": QT_TRANSLATE_NOOP("Errors", "Unit {unit} is busy."),
    "modbus_exception_8": QT_TRANSLATE_NOOP("Errors", "Unit {unit} found an error in its memory."),
    "modbus_exception_10": QT_TRANSLATE_NOOP("Errors", "The gateway has no path to unit {unit}."),
    "modbus_exception_11": QT_TRANSLATE_NOOP("Errors", "Unit {unit} behind the gateway does not answer."),
    "line_never_silent": QT_TRANSLATE_NOOP(
        "Errors", "{device}: the line never falls silent. Check termination and other masters."
    ),
    "register_text_misfit": QT_TRANSLATE_NOOP(
        "Errors", "Value '{tag}': registers of type string go with text, all others with a number."
    ),
    "waveform_not_scanned": QT_TRANSLATE_NOOP(
        "Errors", "Value '{tag}': a waveform cannot be read from registers."
    ),
    "serial_unplugged": QT_TRANSLATE_NOOP("Errors", "{device} is gone. Is the adapter plugged in?"),
    "serial_unreachable": QT_TRANSLATE_NOOP(
        "Errors", "{device} cannot be opened. Check the adapter and whether another program uses it."
    ),
    "serial_ambiguous": QT_TRANSLATE_NOOP(
        "Errors", "{ports} are all adapters {adapter}. Choose one of these ports."
    ),
    "serial_not_allowed": QT_TRANSLATE_NOOP(
        "Errors", "This account may not use {device}. An administrator can allow it (Linux: group dialout)."
    ),
    "serial_settings": QT_TRANSLATE_NOOP("Errors", "{device} cannot be set so: {reason}."),
    "opcua_refused": QT_TRANSLATE_NOOP("Errors", "{device} answers {status}."),
    "opcua_nonsense": QT_TRANSLATE_NOOP("Errors", "{device} sends what is no valid OPC UA: {reason}."),
    "opcua_heartbeat": QT_TRANSLATE_NOOP(
        "Errors",
        "{device}: the clock of the server has not moved for {seconds} s. It hangs, or the link does.",
    ),
    "opcua_subscription_ended": QT_TRANSLATE_NOOP("Errors", "{device} ended the subscription."),
    "opcua_namespace_missing": QT_TRANSLATE_NOOP(
        "Errors", "Value '{tag}': the server has no namespace '{namespace}'."
    ),
    "opcua_identifier_wrong": QT_TRANSLATE_NOOP(
        "Errors", "Value '{tag}': '{identifier}' is no identifier of type '{id_type}'."
    ),
    "opcua_place_wrong": QT_TRANSLATE_NOOP("Errors", "'{place}' is no place of an OPC UA server."),
    "opcua_write_refused": QT_TRANSLATE_NOOP("Errors", "Value '{tag}': the server refuses it ({status})."),
    "security_not_offered": QT_TRANSLATE_NOOP(
        "Errors", "{device} does not offer {security} {mode}. It is not used with less."
    ),
    "user_certificate_unreadable": QT_TRANSLATE_NOOP(
        "Errors",
        "{device}: the user certificate {file} or its key cannot be read. Check both files and the password.",
    ),
    "mqtt_tls_refused": QT_TRANSLATE_NOOP("Errors", "{device}: the secured link was refused ({reason})."),
    "mqtt_file_unreadable": QT_TRANSLATE_NOOP(
        "Errors", "{device}: a certificate file cannot be read ({reason})."
    ),
    "mqtt_login_refused": QT_TRANSLATE_NOOP("Errors", "{device} does not let us in: {reason}."),
    "mqtt_nothing_to_keep": QT_TRANSLATE_NOOP(
        "Errors",
        "{device} is to keep values while nobody collects, but no value names its time in the payload. "
        "Name it, or set the time of keeping to 0.",
    ),
    "samples_need_waveform": QT_TRANSLATE_NOOP("Errors", "Value '{tag}': samples make a waveform."),
    "folder_unreadable": QT_TRANSLATE_NOOP(
        "Errors", "{folder} cannot be read. Check its name, the network share and who may read it."
    ),
    "file_too_large": QT_TRANSLATE_NOOP("Errors", "{file} is larger than {most_bytes}."),
    "recording_wrong": QT_TRANSLATE_NOOP("Errors", "{file}: {complaint}."),
}
"""What devices, and files in their place, can answer."""

_SET_UP_FILE: Final = {
    "set_up_no_json": QT_TRANSLATE_NOOP(
        "Errors", "The file is no JSON ({problem}). Mend that place or export the set-up anew."
    ),
    "set_up_foreign": QT_TRANSLATE_NOOP(
        "Errors", "This is no set-up file of this program. Choose one that Export wrote."
    ),
    "set_up_version": QT_TRANSLATE_NOOP(
        "Errors",
        "The file has set-up version {found}, this program knows {known}. Update it or export anew.",
    ),
    "set_up_section_unknown": QT_TRANSLATE_NOOP(
        "Errors", "{section}: there is no such section; it takes one of: {allowed}."
    ),
    "set_up_no_list": QT_TRANSLATE_NOOP(
        "Errors", "{section}: is no list of rows in brackets; write it as [...]."
    ),
    "set_up_no_object": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: is no group of fields in braces; write it as {{...}}."
    ),
    "set_up_field_missing": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: missing fields: {fields}; add them."
    ),
    "set_up_field_unknown": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: there is no field '{field}'; correct its name or remove it."
    ),
    "set_up_not_id": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it takes an id such as {example}."
    ),
    "set_up_not_flag": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it takes true or false."
    ),
    "set_up_not_whole": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it takes a whole number."
    ),
    "set_up_not_number": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it takes a number."
    ),
    "set_up_not_text": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it takes a text in quotes."
    ),
    "set_up_not_object": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it takes a group of fields in braces."
    ),
    "set_up_text_too_long": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' has {count} characters; shorten it to {most}."
    ),
    "set_up_choice": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it takes one of: {allowed}."
    ),
    "set_up_too_small": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it must be at least {bound}."
    ),
    "set_up_not_above": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it must be above {bound}."
    ),
    "set_up_too_large": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}; it must be at most {bound}."
    ),
    "set_up_not_below": QT_TRANSLATE_NOOP(
        "Errors",
        "{section}{row}{name}: '{field}' is {given}; it must be below '{other}', which is {bound}.",
    ),
    "set_up_twice": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: '{field}' is {given}, as in row {other}; give each its own."
    ),
    "set_up_reference": QT_TRANSLATE_NOOP(
        "Errors",
        "{section}{row}{name}: '{field}' is {given}, which is not in section {target}; "
        "add it there or correct this.",
    ),
    "set_up_circle": QT_TRANSLATE_NOOP(
        "Errors", "{section}{row}{name}: it lies below itself; give another 'parent_id'."
    ),
    "set_up_unit_misfit": QT_TRANSLATE_NOOP(
        "Errors",
        "{section}{row}{name}: the limit is in {given}, its tag in {unit}; give both in units of one kind.",
    ),
    "set_up_days": QT_TRANSLATE_NOOP(
        "Errors",
        "{section}: 'keeping_days' cannot be: {days} shorter than what it outlives; make it longer or null.",
    ),
    "set_up_zone": QT_TRANSLATE_NOOP(
        "Errors", "{section}: 'zone' is {given}, which is no time zone; write one such as Europe/Berlin."
    ),
}
"""What can be wrong in a set-up file. Sections and fields are named as the file writes them."""

_ERRORS: Final = {
    "unit_unknown": QT_TRANSLATE_NOOP(
        "Errors", "The unit '{code}' is not in the unit list. Choose one from it."
    ),
    "unit_dimension": QT_TRANSLATE_NOOP("Errors", "'{source}' cannot be converted to '{target}'."),
    "reading_implausible": QT_TRANSLATE_NOOP("Errors", "This cannot be right: {tag} has a narrower range."),
    "tag_not_manual": QT_TRANSLATE_NOOP("Errors", "{tag} is not read by hand; a device gives it."),
    "time_in_future": QT_TRANSLATE_NOOP("Errors", "The time lies in the future."),
    "text_missing": QT_TRANSLATE_NOOP("Errors", "Say in a few words what you noticed."),
    "reason_missing": QT_TRANSLATE_NOOP("Errors", "Say in a few words why it is corrected."),
    "miss_note_missing": QT_TRANSLATE_NOOP("Errors", "Say in a few words why it could not be measured."),
    "point_elsewhere": QT_TRANSLATE_NOOP("Errors", "This measurement point is at another machine."),
    "alarm_transition": QT_TRANSLATE_NOOP(
        "Errors", "The alarm changed meanwhile. Look at its present state and try again if it still needs it."
    ),
    "not_permitted": QT_TRANSLATE_NOOP("Errors", "Your role may not do this. Allowed: {roles}."),
    "row_gone": QT_TRANSLATE_NOOP("Errors", "This is no longer in the plant."),
    "storage_failed": QT_TRANSLATE_NOOP(
        "Errors", "The database did not answer. Live values go on; the change was not saved."
    ),
    "database_unreachable": QT_TRANSLATE_NOOP(
        "Errors",
        "No answer from {place}. Lists show what was known before; nothing can be saved meanwhile.",
    ),
    "disk_error": QT_TRANSLATE_NOOP("Errors", "The disk does not take data. Free space or check the disk."),
    "Conflict": QT_TRANSLATE_NOOP("Errors", "{by} was faster. Your change was not saved; look again."),
    "conflict": QT_TRANSLATE_NOOP("Errors", "{by} was faster. Your change was not saved; look again."),
    "NotPermitted": QT_TRANSLATE_NOOP("Errors", "Your role may not do this. Allowed: {roles}."),
    "ConnectionLost": QT_TRANSLATE_NOOP("Errors", "The link to the device is closed or refused."),
    "DeviceTimeout": QT_TRANSLATE_NOOP("Errors", "The device is connected but does not answer."),
    "NotFound": QT_TRANSLATE_NOOP("Errors", "This is no longer in the plant."),
    "still_used": QT_TRANSLATE_NOOP(
        "Errors", "Still needed by {what}: {count}. Remove or change those first; nothing was removed."
    ),
    "asset_not_empty": QT_TRANSLATE_NOOP(
        "Errors", "'{name}' is not empty. Remove or move the machines below it first."
    ),
    "point_not_empty": QT_TRANSLATE_NOOP(
        "Errors", "Devices still bring values to '{name}': {count}. Remove those values first."
    ),
    "code_taken": QT_TRANSLATE_NOOP("Errors", "The code '{code}' is taken. Choose another one."),
    "zone_unknown": QT_TRANSLATE_NOOP("Errors", "There is no time zone '{zone}'."),
    "point_name_taken": QT_TRANSLATE_NOOP(
        "Errors", "The machine has a point called '{name}' already. Choose another name."
    ),
    "link_name_taken": QT_TRANSLATE_NOOP(
        "Errors", "There is a device called '{name}' already. Choose another name."
    ),
    "values_incomplete": QT_TRANSLATE_NOOP(
        "Errors", "Values that still lack something: {count}. Complete them."
    ),
    "bearing_known": QT_TRANSLATE_NOOP(
        "Errors", "The catalogue holds {name} with exactly these figures already."
    ),
    "bearing_impossible": QT_TRANSLATE_NOOP("Errors", "No bearing has such figures. Correct: {fields}."),
    "days_wrong": QT_TRANSLATE_NOOP(
        "Errors", "These days cannot be. What is rougher, or evidence, stays at least as long: {days}."
    ),
    "table_empty": QT_TRANSLATE_NOOP("Errors", "The file holds no rows."),
    "columns_missing": QT_TRANSLATE_NOOP(
        "Errors", "The first row of the file must name its columns. Not found: {missing}."
    ),
    "AlreadyRunning": QT_TRANSLATE_NOOP("Errors", "Another window already works in this data folder."),
    "cancelled": QT_TRANSLATE_NOOP("Errors", "Ended on request. Nothing was changed."),
    "disk_full": QT_TRANSLATE_NOOP("Errors", "The disk is full. What was saved before is intact."),
    "database_busy": QT_TRANSLATE_NOOP(
        "Errors", "Another program holds the database. Nothing was saved; try again."
    ),
    "backup_failed": QT_TRANSLATE_NOOP(
        "Errors", "The copy to {target} failed: {problem}. The plant goes on; choose another folder."
    ),
    "backup_no_room": QT_TRANSLATE_NOOP(
        "Errors",
        "Too little room: the copy needs {needed_bytes} and {spare_bytes} to spare, {free_bytes} are free. "
        "Make room or choose another folder.",
    ),
    "backup_place_live": QT_TRANSLATE_NOOP(
        "Errors",
        "{place} lies among the live data: a failing disk would take the copies along. "
        "Choose another folder.",
    ),
    "backup_place_unwritable": QT_TRANSLATE_NOOP(
        "Errors", "{place} cannot be written: {problem}. Choose another folder."
    ),
    "backup_missing": QT_TRANSLATE_NOOP("Errors", "This copy is not there any more."),
    "backup_incomplete": QT_TRANSLATE_NOOP(
        "Errors", "{backup} is not a complete copy: it does not say what it holds. Make another one."
    ),
    "backup_changed": QT_TRANSLATE_NOOP(
        "Errors",
        "{backup} is damaged: {file} is missing or was changed. Do not rely on it; make another one.",
    ),
    "backup_unreadable": QT_TRANSLATE_NOOP(
        "Errors",
        "{backup}: of {file}, {count} pieces cannot be read. Do not rely on its history; make another one.",
    ),
    "backup_misfit": QT_TRANSLATE_NOOP("Errors", "The copy does not hold what it says. Make another one."),
    "database_damaged": QT_TRANSLATE_NOOP("Errors", "{file} is damaged."),
    "schema_newer": QT_TRANSLATE_NOOP(
        "Errors", "A newer version of the program made this copy. Update this PC first."
    ),
    "restore_to_server": QT_TRANSLATE_NOOP(
        "Errors",
        "This plant lies on a server. Restore the copy into an empty folder, look at it, then bring it to an "
        "empty database with: jidoka migrate --to",
    ),
    "collected_since": QT_TRANSLATE_NOOP(
        "Errors", "Values were collected since ({count}), so the plant can no longer be taken back."
    ),
    "plant_not_empty": QT_TRANSLATE_NOOP(
        "Errors", "A plant is set up here already. A file is imported into an empty data folder only."
    ),
    "file_unwritable": QT_TRANSLATE_NOOP("Errors", "{path} cannot be written: {problem}."),
    "file_unreadable": QT_TRANSLATE_NOOP("Errors", "{path} cannot be read: {problem}."),
    "certificate_swapped": QT_TRANSLATE_NOOP(
        "Errors", "The file was changed since you looked at it. Choose it again and compare anew."
    ),
    "certificate_gone": QT_TRANSLATE_NOOP("Errors", "This certificate is not there any more."),
    "certificate_unreadable": QT_TRANSLATE_NOOP(
        "Errors", "{file} is no certificate. Choose a file in DER or PEM format."
    ),
    "internal_fault": QT_TRANSLATE_NOOP(
        "Errors", "Something went wrong inside the program. Details are in the log."
    ),
    "shared_memory_full": QT_TRANSLATE_NOOP(
        "Errors",
        "Shared memory has {free_bytes} free, {needed_bytes} are needed. Close other programs or enlarge it.",
    ),
    "shared_memory_refused": QT_TRANSLATE_NOOP(
        "Errors", "The system gives no shared memory of {needed_bytes}: {reason}."
    ),
    **_DEVICE_ERRORS,
    **_SET_UP_FILE,
}

_CERTIFICATES: Final = {
    "certificate_no_trust": QT_TRANSLATE_NOOP("Certificates", "no server is trusted yet"),
    "certificate_unknown": QT_TRANSLATE_NOOP("Certificates", "not among the trusted ones"),
    "certificate_distrusted": QT_TRANSLATE_NOOP("Certificates", "trust was taken away here"),
    "certificate_expired": QT_TRANSLATE_NOOP("Certificates", "no longer valid"),
    "certificate_not_yet_valid": QT_TRANSLATE_NOOP("Certificates", "not valid yet"),
    "certificate_revoked": QT_TRANSLATE_NOOP("Certificates", "revoked by its issuer"),
    "certificate_uri": QT_TRANSLATE_NOOP("Certificates", "made for another application"),
    "certificate_host": QT_TRANSLATE_NOOP("Certificates", "made for another host"),
}
"""Why a server's certificate was refused."""

_REFUSALS: Final = {
    "health_no_baseline": QT_TRANSLATE_NOOP("Refusals", "no baseline yet"),
    "health_not_running": QT_TRANSLATE_NOOP("Refusals", "machine not running"),
    "health_no_state": QT_TRANSLATE_NOOP("Refusals", "machine state unknown"),
    "zone_no_group": QT_TRANSLATE_NOOP("Refusals", "machine group not declared"),
    "zone_no_support": QT_TRANSLATE_NOOP("Refusals", "support not declared"),
    "zone_no_row": QT_TRANSLATE_NOOP("Refusals", "the standard has no row for it"),
    "baseline_too_short": QT_TRANSLATE_NOOP("Refusals", "still learning what is normal"),
    "baseline_no_spectra": QT_TRANSLATE_NOOP("Refusals", "no spectra yet"),
    "zone_no_value": QT_TRANSLATE_NOOP("Refusals", "no trustworthy velocity"),
    "zone_speed_out_of_scope": QT_TRANSLATE_NOOP("Refusals", "shaft speed outside the standard's scope"),
    "evidence_not_running": QT_TRANSLATE_NOOP("Refusals", "machine not running"),
    "evidence_no_bearing": QT_TRANSLATE_NOOP("Refusals", "bearing geometry not declared"),
    "evidence_no_speed": QT_TRANSLATE_NOOP("Refusals", "shaft speed unknown"),
    "evidence_no_spectrum": QT_TRANSLATE_NOOP("Refusals", "no envelope spectrum yet"),
    "evidence_bad_spectrum": QT_TRANSLATE_NOOP("Refusals", "the spectrum holds bad values"),
    "evidence_too_coarse": QT_TRANSLATE_NOOP("Refusals", "spectrum too coarse for this shaft speed"),
    "diagnosis_too_short": QT_TRANSLATE_NOOP("Refusals", "record too short for a diagnosis"),
}

_CONNECTIONS: Final = {
    "connecting": QT_TRANSLATE_NOOP("Connections", "connecting"),
    "connected": QT_TRANSLATE_NOOP("Connections", "connected"),
    "not_answering": QT_TRANSLATE_NOOP("Connections", "not answering"),
    "disconnected": QT_TRANSLATE_NOOP("Connections", "disconnected"),
    "refused": QT_TRANSLATE_NOOP("Connections", "refused"),
    "disabled": QT_TRANSLATE_NOOP("Connections", "switched off"),
}

_MACHINE: Final = {
    MachineState.UNKNOWN: QT_TRANSLATE_NOOP("Machine", "UNKNOWN"),
    MachineState.RUN: QT_TRANSLATE_NOOP("Machine", "RUN"),
    MachineState.STOP: QT_TRANSLATE_NOOP("Machine", "STOP"),
    MachineState.BLOCKED: QT_TRANSLATE_NOOP("Machine", "BLOCKED"),
    MachineState.STARVED: QT_TRANSLATE_NOOP("Machine", "STARVED"),
    MachineState.CHANGE: QT_TRANSLATE_NOOP("Machine", "CHANGE"),
    MachineState.FAULT: QT_TRANSLATE_NOOP("Machine", "FAULT"),
}

_FEATURES: Final = {
    Feature.VELOCITY_RMS: QT_TRANSLATE_NOOP("Features", "Vibration"),
    Feature.ACCELERATION_RMS: QT_TRANSLATE_NOOP("Features", "Acceleration"),
    Feature.ACCELERATION_PEAK: QT_TRANSLATE_NOOP("Features", "Peak"),
    Feature.CREST_FACTOR: QT_TRANSLATE_NOOP("Features", "Crest factor"),
    Feature.KURTOSIS: QT_TRANSLATE_NOOP("Features", "Kurtosis"),
    Feature.ENVELOPE_RMS: QT_TRANSLATE_NOOP("Features", "Envelope"),
    Feature.BEARING_BAND: QT_TRANSLATE_NOOP("Features", "Bearing band"),
    Feature.GEAR_BAND: QT_TRANSLATE_NOOP("Features", "Gear band"),
    Feature.OUTER_RACE: QT_TRANSLATE_NOOP("Features", "Outer race"),
    Feature.INNER_RACE: QT_TRANSLATE_NOOP("Features", "Inner race"),
    Feature.ROLLING_ELEMENT: QT_TRANSLATE_NOOP("Features", "Rolling element"),
    Feature.CAGE: QT_TRANSLATE_NOOP("Features", "Cage"),
    Feature.ORDER_1X: QT_TRANSLATE_NOOP("Features", "1\u00d7 order"),
    Feature.ORDER_2X: QT_TRANSLATE_NOOP("Features", "2\u00d7 order"),
    Feature.HEALTH: QT_TRANSLATE_NOOP("Features", "Health"),
}

_STATES: Final = {
    AlarmState.NORMAL: QT_TRANSLATE_NOOP("Alarms", "NORMAL"),
    AlarmState.UNACKNOWLEDGED: QT_TRANSLATE_NOOP("Alarms", "UNACK"),
    AlarmState.ACKNOWLEDGED: QT_TRANSLATE_NOOP("Alarms", "ACK"),
    AlarmState.RETURNED: QT_TRANSLATE_NOOP("Alarms", "CLEARED · UNACK"),
    AlarmState.LATCHED_UNACKNOWLEDGED: QT_TRANSLATE_NOOP("Alarms", "UNACK · LATCHED"),
    AlarmState.LATCHED_ACKNOWLEDGED: QT_TRANSLATE_NOOP("Alarms", "ACK · LATCHED"),
}

_OVERLAYS: Final = {
    Overlay.SHELVED: QT_TRANSLATE_NOOP("Alarms", "SHELVED"),
    Overlay.SUPPRESSED: QT_TRANSLATE_NOOP("Alarms", "SUPPRESSED"),
    Overlay.OUT_OF_SERVICE: QT_TRANSLATE_NOOP("Alarms", "OUT OF SERVICE"),
}

_PRIORITIES: Final = {
    Priority.CRITICAL: QT_TRANSLATE_NOOP("Alarms", "Critical"),
    Priority.HIGH: QT_TRANSLATE_NOOP("Alarms", "High"),
    Priority.MEDIUM: QT_TRANSLATE_NOOP("Alarms", "Medium"),
    Priority.LOW: QT_TRANSLATE_NOOP("Alarms", "Low"),
}

_CAUSES: Final = {
    QualityCause.COMMUNICATION_LOST: QT_TRANSLATE_NOOP("Quality", "link lost"),
    QualityCause.STALE: QT_TRANSLATE_NOOP("Quality", "no new value"),
    QualityCause.FROZEN: QT_TRANSLATE_NOOP("Quality", "value does not move"),
    QualityCause.OUT_OF_RANGE: QT_TRANSLATE_NOOP("Quality", "outside the plausible range"),
    QualityCause.DECODE: QT_TRANSLATE_NOOP("Quality", "not readable as declared"),
    QualityCause.DEVICE_SAYS_BAD: QT_TRANSLATE_NOOP("Quality", "the device calls it bad"),
    QualityCause.CLOCK_SUSPECT: QT_TRANSLATE_NOOP("Quality", "time of the device is doubtful"),
    QualityCause.CLIPPED: QT_TRANSLATE_NOOP("Quality", "sensor at the end of its range"),
    QualityCause.NOT_CONFIGURED: QT_TRANSLATE_NOOP("Quality", "never seen"),
    QualityCause.UNSIGNED: QT_TRANSLATE_NOOP("Quality", "connection not signed"),
    QualityCause.CORRECTED: QT_TRANSLATE_NOOP("Quality", "corrected afterwards"),
}


def alarm_message(key: str, *, label: str, **parameters: object) -> str:
    """Return thing plus deviation, such as "Outer race above limit"; ``label`` names the thing."""
    if key in _ALARMS:
        return tr("Alarms", _ALARMS[key], label=label, **parameters)
    words = plain(key)
    return f"{label}: {words[:1].lower()}{words[1:]}" if label else words


def error_words(error: BaseException) -> str:
    """Return what to tell the operator; an error that is not ours never shows its raw text."""
    if not isinstance(error, ControlRoomError):
        return tr("Errors", "Something went wrong inside the program. Details are in the log.")
    return problem_words(error.key, error.parameters, detail=str(error))


def problem_words(key: str, parameters: Mapping[str, object], *, detail: str) -> str:
    """Return the words of an error; ``detail`` where the key has none or a value they need is missing."""
    if key in _CERTIFICATES:
        reason = certificate_reason(key)
        return tr("Errors", "The certificate of the server was refused: {reason}.", reason=reason)
    source = _ERRORS.get(key)
    if source is None or any(name not in parameters for _, name, _, _ in Formatter().parse(source) if name):
        return detail
    return tr("Errors", source, **{name: _worded(name, value) for name, value in parameters.items()})


def _worded(name: str, value: object) -> object:
    """Return a list of names as one text, bytes as a size, the row of a file in a sentence."""
    if name == "row":
        return tr("Errors", ", row {row}", row=value) if value else ""
    if name.endswith("_bytes") and isinstance(value, int):
        return data_size(value)
    if isinstance(value, list | tuple):
        return ", ".join(plain(str(each)).lower() for each in value)
    return value


def data_size(size_bytes: int) -> str:
    """Return an amount of data, such as "4.2 MB" or "1.3 GB", in the decimal sign of the place."""
    power, symbol = next(
        ((power, symbol) for power, symbol in ((9, "GB"), (6, "MB")) if size_bytes >= 10**power), (3, "kB")
    )
    amount = QLocale().toString(size_bytes / 10**power, ord("f"), 0 if power == 3 else 1)
    return f"{amount} {symbol}"


def certificate_reason(key: str) -> str:
    """Return why a certificate was refused; empty for no reason."""
    return _named("Certificates", _CERTIFICATES, key) if key else ""


def refusal(key: str) -> str:
    """Return the calm reason why a figure is not given."""
    return plain(key).lower() if key not in _REFUSALS else _named("Refusals", _REFUSALS, key)


def connection_state(state: str) -> str:
    """Return the word of a link state."""
    return _named("Connections", _CONNECTIONS, state)


def machine_state(state: MachineState) -> str:
    """Return the word beside a machine's box."""
    return tr("Machine", _MACHINE[state])


def feature_name(feature: Feature) -> str:
    """Return the name of a figure of a measurement point."""
    return tr("Features", _FEATURES[feature])


def alarm_state(state: AlarmState, overlay: Overlay = Overlay.NONE) -> str:
    """Return the state word of an alarm row; an overlay speaks first."""
    if overlay is not Overlay.NONE:
        return tr("Alarms", _OVERLAYS[overlay])
    return tr("Alarms", _STATES[state])


def priority_name(priority: Priority) -> str:
    """Return "Critical", "High", "Medium" or "Low"."""
    return tr("Alarms", _PRIORITIES[priority])


def role_name(role: Role) -> str:
    """Return the name of a role."""
    return tr("Roles", plain(role.value))


def quality_words(quality: Quality) -> str:
    """Return why a value is not plainly good; empty for good."""
    if quality.cause is QualityCause.NONE:
        return "" if quality.grade is QualityClass.GOOD else tr("Quality", "not trustworthy")
    return tr("Quality", _CAUSES[quality.cause])
