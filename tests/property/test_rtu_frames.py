"""RTU frames: checksums, and answers found wherever they were cut and whatever stood before them."""

from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import ModbusTable
from acquisition.drivers.modbus.rtu_frames import crc16, find_rtu_answer, is_frame, rtu_frame
from acquisition.drivers.modbus.validation import Question, loop_back_question, read_question
from tests.protocol.rtu_slave import crc

units = st.integers(1, 247)


@st.composite
def answered(draw: st.DrawFn) -> tuple[Question, bytes]:
    table = draw(st.sampled_from(ModbusTable))
    question = read_question(
        table, draw(units), first=draw(st.integers(0, 999)), count=draw(st.integers(1, 125))
    )
    octets = question.answer_octets - 1
    data = bytes([octets]) + draw(st.binary(min_size=octets, max_size=octets))
    frame = bytes([question.unit, question.function]) + data
    return question, frame + crc(frame)


@given(st.binary(min_size=2, max_size=256))
def test_the_checksum_is_that_of_the_specification(octets: bytes) -> None:
    assert crc16(octets).to_bytes(2, "little") == crc(octets)


def test_a_request_is_the_frame_that_others_publish() -> None:
    """Ten registers of unit 1, as in the manuals of many devices."""
    assert rtu_frame(read_question(ModbusTable.HOLDING, 1, first=0, count=10)).hex() == "01030000000ac5cd"


@given(answered(), st.binary(max_size=12), st.binary(max_size=6))
def test_an_answer_is_found_between_noise(pair: tuple[Question, bytes], noise: bytes, more: bytes) -> None:
    """F18."""
    question, frame = pair
    found = find_rtu_answer(noise + frame + more, question)
    assert found is not None
    assert (found.pdu, found.before, found.behind) == (frame[1:-2], len(noise), len(more))


@given(answered(), st.data())
def test_no_part_of_an_answer_is_an_answer(pair: tuple[Question, bytes], data: st.DataObject) -> None:
    question, frame = pair
    assert find_rtu_answer(frame[: data.draw(st.integers(0, len(frame) - 1))], question) is None


@given(answered(), st.integers(1, 255))
def test_a_byte_count_that_lies_is_no_answer(pair: tuple[Question, bytes], lie: int) -> None:
    """F07: the checksum of such a frame is right."""
    question, frame = pair
    lying = frame[:2] + bytes([frame[2] ^ lie]) + frame[3:-2]
    assert find_rtu_answer(lying + crc(lying), question) is None


@given(answered(), st.data())
def test_one_wrong_bit_is_noticed(pair: tuple[Question, bytes], data: st.DataObject) -> None:
    question, frame = pair
    broken = bytearray(frame)
    broken[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not is_frame(bytes(broken))
    assert find_rtu_answer(bytes(broken), question) is None


@given(answered(), units, st.integers(0, 0xFFFF))
def test_an_answer_to_a_read_never_passes_for_our_word(
    pair: tuple[Question, bytes], unit: int, word: int
) -> None:
    """F16: this is what brings a unit back in step."""
    assert find_rtu_answer(pair[1], loop_back_question(unit, word=word)) is None
