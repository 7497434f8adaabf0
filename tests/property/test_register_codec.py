"""Register codec: what is encoded decodes to the same, for every type and order."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import ModbusAddress, ModbusTable, Order, RegisterType
from acquisition.drivers.modbus.register_codec import BlockDecoder, decode_value, encode_value, in_every_order
from domain.errors import DecodeError

INTEGERS = {
    RegisterType.INT16: (-(2**15), 2**15 - 1),
    RegisterType.UINT16: (0, 2**16 - 1),
    RegisterType.INT32: (-(2**31), 2**31 - 1),
    RegisterType.UINT32: (0, 2**32 - 1),
    RegisterType.INT64: (-(2**63), 2**63 - 1),
    RegisterType.UINT64: (0, 2**64 - 1),
}
orders = st.sampled_from(Order)


@st.composite
def placed_values(draw: st.DrawFn) -> tuple[ModbusAddress, bool | int | float]:
    kind = draw(st.sampled_from([each for each in RegisterType if each is not RegisterType.STRING]))
    bit = draw(st.integers(0, 15))
    bits = draw(st.none() | st.integers(1, 16 - bit)) if kind is RegisterType.UINT16 else None
    value: bool | int | float
    if bits is not None:
        value = draw(st.integers(0, 2**bits - 1))
    elif kind in INTEGERS:
        value = draw(st.integers(*INTEGERS[kind]))
    elif kind is RegisterType.BOOL:
        value = draw(st.booleans())
    else:
        value = draw(st.floats(width=32 if kind is RegisterType.FLOAT32 else 64))
    address = ModbusAddress(
        0, type=kind, bit=bit, bits=bits, word_order=draw(orders), byte_order=draw(orders)
    )
    return address, value


@given(placed_values())
def test_every_type_and_order_round_trips(placed: tuple[ModbusAddress, bool | int | float]) -> None:
    address, value = placed
    registers = encode_value(value, address)
    assert len(registers) == address.count
    np.testing.assert_equal(decode_value(registers, address), value)


@given(st.lists(placed_values(), min_size=1, max_size=20))
def test_a_block_decodes_like_its_single_values(
    placed: list[tuple[ModbusAddress, bool | int | float]],
) -> None:
    addresses, words = [], []
    for address, value in placed:
        addresses.append(replace(address, offset=len(words) + 7))
        words.extend(encode_value(value, address).tolist())
    decoded = BlockDecoder(addresses, first=7).decode(np.array(words, dtype=np.uint16))
    np.testing.assert_equal(decoded, np.array([float(value) for _, value in placed]))


@given(placed_values(), st.sampled_from([None, ">u2", "<u2"]))
def test_one_of_the_four_orders_is_the_true_one(
    placed: tuple[ModbusAddress, bool | int | float], dtype: str | None
) -> None:
    """ACQ-2: the set-up shows all four beside each other."""
    address, value = placed
    trials = in_every_order(encode_value(value, address).astype(dtype or np.uint16), address)
    assert len({(trial.word_order, trial.byte_order) for trial in trials}) == 4
    (true,) = [t for t in trials if (t.word_order, t.byte_order) == (address.word_order, address.byte_order)]
    np.testing.assert_equal(true.value, value)


def test_the_four_orders_of_a_float_as_a_person_sees_them() -> None:
    registers = np.array([0xE979, 0x42F6], dtype=np.uint16)
    trials = in_every_order(registers, ModbusAddress(0, type=RegisterType.FLOAT32))
    octets = ["E97942F6", "79E9F642", "42F6E979", "F64279E9"]
    assert [trial.value for trial in trials] == [struct.unpack(">f", bytes.fromhex(o))[0] for o in octets]
    assert trials[2].value == pytest.approx(123.456)


def test_an_order_in_which_there_is_no_text_says_so() -> None:
    address = ModbusAddress(0, type=RegisterType.STRING, length=1)
    registers = encode_value("ü", address)
    assert [trial.value for trial in in_every_order(registers, address)] == ["ü", None, "ü", None]
    with pytest.raises(DecodeError, match="needs 1 registers, got 2"):
        in_every_order(np.zeros(2, dtype=np.uint16), address)


@given(st.text(st.characters(exclude_characters="\x00"), max_size=20), orders)
def test_text_round_trips_without_its_padding(text: str, byte_order: Order) -> None:
    text = text.rstrip(" ")
    address = ModbusAddress(0, type=RegisterType.STRING, length=40, byte_order=byte_order)
    assert decode_value(encode_value(text, address), address) == text


@given(st.binary(min_size=7, max_size=7), orders)
def test_a_text_ends_at_its_first_nul(rest: bytes, byte_order: Order) -> None:
    """ACQ-1: behind it lies what was there before; databases refuse NUL in a text."""
    octets = b"ABC \x00" + rest
    words = np.frombuffer(octets, ">u2" if byte_order is Order.BIG else "<u2").astype(np.uint16)
    address = ModbusAddress(0, type=RegisterType.STRING, length=6, byte_order=byte_order)
    assert decode_value(words, address) == "ABC"


def test_a_text_with_nul_is_not_written() -> None:
    with pytest.raises(DecodeError, match="NUL"):
        encode_value("ABC\x00XYZ", ModbusAddress(0, type=RegisterType.STRING, length=6))


@pytest.mark.parametrize(
    ("word_order", "byte_order", "octets"),
    [
        (Order.BIG, Order.BIG, "42F6E979"),
        (Order.LITTLE, Order.BIG, "E97942F6"),
        (Order.BIG, Order.LITTLE, "F64279E9"),
        (Order.LITTLE, Order.LITTLE, "79E9F642"),
    ],
)
def test_the_four_orders_of_a_float_are_those_of_the_field(
    word_order: Order, byte_order: Order, octets: str
) -> None:
    address = ModbusAddress(0, type=RegisterType.FLOAT32, word_order=word_order, byte_order=byte_order)
    registers = np.array(struct.unpack(">2H", bytes.fromhex(octets)), dtype=np.uint16)
    assert decode_value(registers, address) == pytest.approx(123.456)


def test_bits_of_the_bit_tables_are_numbers() -> None:
    addresses = [ModbusAddress(offset, ModbusTable.COIL, RegisterType.BOOL) for offset in (3, 5)]
    assert BlockDecoder(addresses, first=3).decode(np.array([1, 0, 0], dtype=np.uint16)).tolist() == [
        1.0,
        0.0,
    ]


def test_neighbours_in_one_register_stay_apart() -> None:
    fields = [ModbusAddress(0, bit=bit, bits=bits) for bit, bits in ((0, 3), (3, 5), (8, 8))]
    assert BlockDecoder(fields, first=0).decode(np.array([0xAB4D], dtype=np.uint16)).tolist() == [5, 9, 0xAB]


@pytest.mark.parametrize("value", [8, -1, 0.5, float("nan"), "on"])
def test_what_does_not_fit_a_field_is_refused(value: float | str) -> None:
    with pytest.raises(DecodeError):
        encode_value(value, ModbusAddress(0, bit=4, bits=3))


@pytest.mark.parametrize("value", [70000, -1, 1.5, float("nan"), float("inf"), "twelve"])
def test_what_does_not_fit_is_refused(value: float | str) -> None:
    with pytest.raises(DecodeError):
        encode_value(value, ModbusAddress(0))
