"""Sparkplug B payloads: the messages of the specification 3.0 (section 6.4), built from its field numbers.

Alone imports protobuf. A text that is no UTF-8 leaves its parser as bytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError as ProtobufDecodeError

from domain.errors import DecodeError
from domain.instants import MICROSECONDS_PER_SECOND
from domain.texts import clean_text

_F = descriptor_pb2.FieldDescriptorProto
_PACKAGE: Final = "sparkplug_b"
_FIELDS: Final[Mapping[str, tuple[tuple[str, int, int, str], ...]]] = {
    "PropertyValue": (
        ("type", 1, _F.TYPE_UINT32, ""),
        ("is_null", 2, _F.TYPE_BOOL, ""),
        ("int_value", 3, _F.TYPE_UINT32, ""),
        ("long_value", 4, _F.TYPE_UINT64, ""),
        ("string_value", 8, _F.TYPE_STRING, ""),
    ),
    "PropertySet": (
        ("keys", 1, _F.TYPE_STRING, "*"),
        ("values", 2, _F.TYPE_MESSAGE, "*PropertyValue"),
    ),
    "Metric": (
        ("name", 1, _F.TYPE_STRING, ""),
        ("alias", 2, _F.TYPE_UINT64, ""),
        ("timestamp", 3, _F.TYPE_UINT64, ""),
        ("datatype", 4, _F.TYPE_UINT32, ""),
        ("is_historical", 5, _F.TYPE_BOOL, ""),
        ("is_transient", 6, _F.TYPE_BOOL, ""),
        ("is_null", 7, _F.TYPE_BOOL, ""),
        ("properties", 9, _F.TYPE_MESSAGE, "PropertySet"),
        ("int_value", 10, _F.TYPE_UINT32, ""),
        ("long_value", 11, _F.TYPE_UINT64, ""),
        ("float_value", 12, _F.TYPE_FLOAT, ""),
        ("double_value", 13, _F.TYPE_DOUBLE, ""),
        ("boolean_value", 14, _F.TYPE_BOOL, ""),
        ("string_value", 15, _F.TYPE_STRING, ""),
        ("bytes_value", 16, _F.TYPE_BYTES, ""),
    ),
    "Payload": (
        ("timestamp", 1, _F.TYPE_UINT64, ""),
        ("metrics", 2, _F.TYPE_MESSAGE, "*Metric"),
        ("seq", 3, _F.TYPE_UINT64, ""),
        ("uuid", 4, _F.TYPE_STRING, ""),
        ("body", 5, _F.TYPE_BYTES, ""),
    ),
}
"""Message -> (field, number, type, "*" if repeated and the name of a message); no data sets, no templates."""

_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED_BITS: Final = {5: 8, 6: 16, 7: 32, 8: 64, 13: 64}
_FLOATS: Final = frozenset({9, 10})
_BOOLEAN: Final = 11
_TEXTS: Final = frozenset({12, 14, 15})
_ARRAYS: Final = {
    22: "<i1", 23: "<i2", 24: "<i4", 25: "<i8", 26: "<u1", 27: "<u2", 28: "<u4", 29: "<u8",
    32: "<f4", 33: "<f8",
}  # fmt: skip
DATATYPES: Final[Mapping[int, str]] = {
    1: "Int8", 2: "Int16", 3: "Int32", 4: "Int64", 5: "UInt8", 6: "UInt16", 7: "UInt32", 8: "UInt64",
    9: "Float", 10: "Double", 11: "Boolean", 12: "String", 13: "DateTime", 14: "Text", 15: "UUID",
    22: "Int8Array", 23: "Int16Array", 24: "Int32Array", 25: "Int64Array", 26: "UInt8Array",
    27: "UInt16Array", 28: "UInt32Array", 29: "UInt64Array", 32: "FloatArray", 33: "DoubleArray",
}  # fmt: skip
_QUALITY_PROPERTY: Final = "Quality"
_UNIT_PROPERTY: Final = "engUnit"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a payload. ``name`` is "" where only an alias was sent, ``datatype`` 0 where none was.

    ``device_quality`` is 192 good, 500 stale, 0 bad, None when the device does not tell.
    """

    name: str
    alias: int | None
    datatype: int
    time_us: int | None
    is_historical: bool
    is_null: bool
    field: str
    raw: Any
    device_quality: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """A decoded message."""

    seq: int | None
    metrics: tuple[Metric, ...]
    time_us: int | None = None


def parse_payload(body: bytes) -> Payload:
    """Return the content of a message; DecodeError for anything that is not one."""
    message = _message_class("Payload")()
    try:
        message.ParseFromString(body)
    except (ProtobufDecodeError, ValueError) as garbage:
        raise DecodeError(f"not a Sparkplug payload: {garbage}") from garbage
    time_us = _microseconds(message) if message.HasField("timestamp") else None
    metrics = tuple(_metric(each, time_us) for each in message.metrics)
    return Payload(message.seq if message.HasField("seq") else None, metrics, time_us)


def make_payload(
    metrics: Iterable[Mapping[str, object]], *, seq: int | None = None, time_ms: int | None = None
) -> bytes:
    """Return a message of metrics given as field -> value (commands; edge nodes of tests)."""
    message = _message_class("Payload")()
    if seq is not None:
        message.seq = seq
    if time_ms is not None:
        message.timestamp = time_ms
    for fields in metrics:
        metric = message.metrics.add()
        for name, value in fields.items():
            if name == "properties":
                _set_properties(metric.properties, value)
            else:
                setattr(metric, name, value)
    body: bytes = message.SerializeToString()
    return body


def value_of(metric: Metric, datatype: int) -> object:
    """Return the value by its data type: number, bool, text or array; DecodeError when they do not fit."""
    raw, field = metric.raw, metric.field
    if datatype in _SIGNED_BITS and field in ("int_value", "long_value"):
        return _signed(raw, _SIGNED_BITS[datatype])
    if datatype in _UNSIGNED_BITS and field in ("int_value", "long_value"):
        return raw & (1 << _UNSIGNED_BITS[datatype]) - 1
    if datatype in _FLOATS and field in ("float_value", "double_value"):
        return float(raw)
    if datatype == _BOOLEAN and field == "boolean_value":
        return bool(raw)
    if datatype in _TEXTS and field == "string_value":
        return clean_text(raw)
    if datatype in _ARRAYS and field == "bytes_value" and not len(raw) % np.dtype(_ARRAYS[datatype]).itemsize:
        return np.frombuffer(raw, dtype=_ARRAYS[datatype])
    raise DecodeError(
        f"metric '{metric.name}': data type {datatype} does not fit its {field or 'absent value'}"
    )


def encoded_array(samples: "np.ndarray[Any, Any]", datatype: int) -> bytes:
    """Return an array as the bytes of its data type."""
    return samples.astype(_ARRAYS[datatype]).tobytes()


def _signed(raw: int, bits: int) -> int:
    """Return a two's complement number; senders extend the sign or do not."""
    raw &= (1 << bits) - 1
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def _metric(message: Any, payload_time_us: int | None) -> Metric:
    field = message.WhichOneof("value") or ""
    known = _properties(message.properties) if message.HasField("properties") else {}
    quality, unit = known.get(_QUALITY_PROPERTY), known.get(_UNIT_PROPERTY, "")
    return Metric(
        name=clean_text(message.name),
        alias=message.alias if message.HasField("alias") else None,
        datatype=message.datatype,
        time_us=_microseconds(message) if message.HasField("timestamp") else payload_time_us,
        is_historical=message.is_historical,
        is_null=message.is_null,
        field=field,
        raw=getattr(message, field) if field else None,
        device_quality=quality if isinstance(quality, int) else None,
        unit=clean_text(unit) if isinstance(unit, (str, bytes)) else "",
    )


def _properties(message: Any) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    for name, content in zip(message.keys, message.values, strict=False):
        if content.is_null:
            continue
        field = content.WhichOneof("value")
        if field is not None:
            found[name] = getattr(content, field)
    return found


def _set_properties(message: Any, content: object) -> None:
    assert isinstance(content, Mapping)
    for name, value in content.items():
        message.keys.append(name)
        added = message.values.add()
        if isinstance(value, str):
            added.type, added.string_value = 12, value
        else:
            added.type, added.int_value = 3, value


def _microseconds(message: Any) -> int | None:
    """Return the time stamp (milliseconds since 1970); None for what no clock can show."""
    instant_us = int(message.timestamp) * (MICROSECONDS_PER_SECOND // 1000)
    return instant_us if instant_us < 2**62 else 0


@cache
def _message_class(name: str) -> Any:
    """Return the class of a message; made once, when the first payload comes."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto2")
    for message, fields in _FIELDS.items():
        described = file.message_type.add(name=message)
        if any(field.endswith("_value") for field, *_ in fields):
            described.oneof_decl.add(name="value")
        for field, number, kind, detail in fields:
            added = described.field.add(name=field, number=number, type=kind)
            added.label = _F.LABEL_REPEATED if detail.startswith("*") else _F.LABEL_OPTIONAL
            if kind == _F.TYPE_MESSAGE:
                added.type_name = f".{_PACKAGE}.{detail.lstrip('*')}"
            if field.endswith("_value"):
                added.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
