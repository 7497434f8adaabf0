"""Register codec: what is encoded decodes to the same, for every type and order."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import ModbusAddress, ModbusTable, Order, RegisterType
from acquisition.register_codec import BlockDecoder, decode_value, encode_value
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
    value: bool | int | float
    if kind in INTEGERS:
        value = draw(st.integers(*INTEGERS[kind]))
    elif kind is RegisterType.BOOL:
        value = draw(st.booleans())
    else:
        value = draw(st.floats(width=32 if kind is RegisterType.FLOAT32 else 64))
    address = ModbusAddress(
        0, type=kind, bit=draw(st.integers(0, 15)), word_order=draw(orders), byte_order=draw(orders)
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
        addresses.append(
            ModbusAddress(
                len(words) + 7,
                type=address.type,
                bit=address.bit,
                word_order=address.word_order,
                byte_order=address.byte_order,
            )
        )
        words.extend(encode_value(value, address).tolist())
    decoded = BlockDecoder(addresses, first=7).decode(np.array(words, dtype=np.uint16))
    np.testing.assert_equal(decoded, np.array([float(value) for _, value in placed]))


@given(st.text(max_size=20), orders)
def test_text_round_trips_without_its_padding(text: str, byte_order: Order) -> None:
    text = text.rstrip("\x00 ")
    address = ModbusAddress(0, type=RegisterType.STRING, length=40, byte_order=byte_order)
    assert decode_value(encode_value(text, address), address) == text


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


@pytest.mark.parametrize("value", [70000, -1, 1.5, "twelve"])
def test_what_does_not_fit_is_refused(value: float | str) -> None:
    with pytest.raises(DecodeError):
        encode_value(value, ModbusAddress(0))
