"""A Sparkplug B payload made by an independent program.

Source: pysparkplug 0.6.1 (MIT), whose classes protoc made from the sparkplug_b.proto of Eclipse Tahu, the
reference implementation; made once outside this repository.
"""

import contextlib

import numpy as np
import pytest

from acquisition.drivers.mqtt.sparkplug_payload import parse_payload, value_of
from domain.errors import DecodeError

BODY = bytes.fromhex(
    "08fbd095ffbc31120e0a04696e7438200150fbffffff0f120f0a05696e743136100c200250d4fd03120f0a05696e74333220"
    "035090ddfbff0f12140a05696e743634200458809ce8afedffffffff01120c0a0575696e7438200550fa01120e0a0675696e"
    "743136200650e8fb0312100a0675696e74333220075080d0acf30e12150a0675696e74363420085881808080808080808001"
    "120e0a05666c6f61742009650000c03f12130a06646f75626c65200a6900000000000002c0120d0a07626f6f6c65616e200b"
    "700112130a06737472696e67200c7a0746c3bc6c6c657212130a086461746574696d65200d5880d095ffbc3112160a047061"
    "7374188080babbc82e20092801650000003f120a0a046e756c6c2009380112360a097769746820756e697420094a220a0765"
    "6e67556e69740a075175616c6974791207080c42036261721205080318f403650000404012170a0477617665202082010c00"
    "00803f00000040000040c01807"
)
EXPECTED = {
    "int8": -5, "int16": -300, "int32": -70000, "int64": -5_000_000_000, "uint8": 250, "uint16": 65000,
    "uint32": 4_000_000_000, "uint64": 2**63 + 1, "float": 1.5, "double": -2.25, "boolean": True,
    "string": "Füller", "datetime": 1_700_000_000_000, "past": 0.5, "with unit": 3.0,
}  # fmt: skip


def test_every_type_of_metric_reads_as_it_was_written() -> None:
    """ACQ-1, ACQ-2."""
    payload = parse_payload(BODY)
    assert (payload.seq, payload.time_us) == (7, 1_700_000_000_123_000)
    metrics = {metric.name: metric for metric in payload.metrics}
    assert {name: value_of(metrics[name], metrics[name].datatype) for name in EXPECTED} == EXPECTED
    wave = value_of(metrics["wave"], metrics["wave"].datatype)
    assert isinstance(wave, np.ndarray)
    assert wave.tolist() == [1.0, 2.0, -3.0]
    assert metrics["int16"].alias == 12
    assert metrics["null"].is_null
    assert (metrics["past"].is_historical, metrics["past"].time_us) == (True, 1_600_000_000_000_000)
    assert (metrics["with unit"].unit, metrics["with unit"].device_quality) == ("bar", 500)


@pytest.mark.parametrize("cut", range(1, len(BODY), 7))
def test_a_truncated_payload_is_refused_or_shorter_but_never_crashes(cut: int) -> None:
    with contextlib.suppress(DecodeError):
        assert len(parse_payload(BODY[:cut]).metrics) <= len(EXPECTED) + 2
