"""Recordings: generated files of every format, always; measured ones when they are there."""

import csv
import gzip
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers.replay import DEFAULT_START_US, ReplayDriver
from acquisition.recordings.reading import read_recording
from domain.errors import ConfigurationError
from domain.plant.quality import Quality, QualityFlag
from domain.plant.readings import ReadingBatch, SampleBlock
from domain.plant.tags import Connection, ConnectionKind, Scaling, Tag
from tests.protocol.stage import RealClock, connection, tag


def tags_for(owner: Connection, *channels: str, **changes: object) -> list[Tag]:
    return [tag(key, owner, {"channel": channel}, **changes) for key, channel in enumerate(channels)]


async def play(
    path: Path, *channels: str, scaling: Scaling | None = None, **options: object
) -> list[ReadingBatch | SampleBlock]:
    owner = connection(ConnectionKind.REPLAY, path=str(path), pace=0, **options)
    driver = ReplayDriver(owner, clock=RealClock())
    await driver.connect()
    changes = {} if scaling is None else {"scaling": scaling}
    return [item async for item in driver.subscribe(tags_for(owner, *channels, **changes))]


def blocks_of(items: list[ReadingBatch | SampleBlock], key: int) -> list[SampleBlock]:
    return [item for item in items if isinstance(item, SampleBlock) and item.tag_key == key]


def assert_contiguous(blocks: list[SampleBlock], expected: np.ndarray) -> None:
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), expected)
    position = 0
    for block in blocks:
        assert block.first_index == position
        assert block.start_us - DEFAULT_START_US == round(position / block.sampling_rate_hz * 1e6)
        position += len(block.samples)


async def test_scaled_channels_play_every_sample_once(tmp_path: Path) -> None:
    raw = np.arange(-3000, 3217, dtype=np.int16)
    path = tmp_path / "d001.npz"
    np.savez(path, DE=raw, DE_scale=0.001, FE=raw[::-1], FE_scale=0.002, fs=12000.0)
    items = await play(path, "DE", "FE", scaling=Scaling(2.0, 1.0))
    for key, (channel, scale) in enumerate(((raw, 0.001), (raw[::-1], 0.002))):
        recorded = (channel * scale).astype(np.float32)
        assert_contiguous(blocks_of(items, key), recorded * np.float32(2) + np.float32(1))
    assert {Quality.from_code(item.quality).flags for item in blocks_of(items, 0)} == {QualityFlag.REPLAYED}


def write_snapshots(path: Path) -> np.ndarray:
    acc = np.random.default_rng(1).integers(-9000, 9000, (4, 2560, 2)).astype(np.int16)
    np.savez(
        path,
        acc=acc,
        scale=np.array([0.001, 0.002]),
        index=np.array([1, 4, 7, 13], dtype=np.int32),
        fs=25600.0,
        rms=np.ones((13, 2), dtype=np.float32),
        temp_1min=np.array([20.0, 21.0, np.nan], dtype=np.float32),
    )
    return acc


async def test_snapshots_keep_their_gaps(tmp_path: Path) -> None:
    acc = write_snapshots(tmp_path / "Bearing1_1.npz")
    items = await play(tmp_path / "Bearing1_1.npz", "horizontal", "vertical", "temperature", "rms_vertical")
    blocks = blocks_of(items, 1)
    assert [block.first_index for block in blocks] == [0, 768_000, 1_536_000, 3_072_000]
    assert [block.start_us - DEFAULT_START_US for block in blocks] == [0, 30_000_000, 60_000_000, 120_000_000]
    np.testing.assert_array_equal(
        np.stack([block.samples for block in blocks]), (acc[:, :, 1] * 0.002).astype(np.float32)
    )
    batches = [item for item in items if isinstance(item, ReadingBatch)]
    temperature = [float(batch.value[row]) for batch in batches for row in np.flatnonzero(batch.tag_key == 2)]
    assert temperature == [20.0, 21.0], "a missing value is no sample"
    assert sum(int((batch.tag_key == 3).sum()) for batch in batches) == 13


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("comma.csv", "datetime,flow,label\n2020-03-01 15:44:06,1.5,0\n2020-03-01 15:44:09,,1\n"),
        ("semicolon.csv", "datetime;flow;label\n2020-03-01T15:44:06Z;1,5;0\n2020-03-01T15:44:09Z;;1\n"),
    ],
)
async def test_tables_keep_their_times_and_gaps(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    items = await play(tmp_path / name, "flow", "label")
    rows = [(r.tag_key, r.value, r.source_us) for item in items for r in item.rows()]
    begin = 1_583_077_446_000_000
    assert rows == [(0, 1.5, begin), (1, 0.0, begin), (1, 1.0, begin + 3_000_000)]


async def test_a_table_with_seconds_starts_where_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.csv.gz"
    path.write_bytes(gzip.compress(b"t,a\n0.5,1\n1.0,2\n"))
    items = await play(path, "a", start_us=7_000_000)
    assert [int(item.source_us[0]) for item in items] == [7_000_000, 7_500_000]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("t,a\n0,1\n1,oops\n", "row 3, column 'a'"),
        ("t,a\n0,1\n1\n", "row 3: has 1 cells"),
        ("t,a\n1,1\n0,1\n", "row 3, column 't': time goes backwards"),
        ("t,a\nyesterday,1\n", "row 2, column 't'"),
        ("t,a\n", "header"),
        ("t,a,a\n0,1,2\n", "row 1"),
    ],
)
def test_a_wrong_table_names_file_row_and_column(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"wrong.csv.*{place}"):
        read_recording(path)


def test_an_npz_without_rate_or_with_objects_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(4))
    np.savez(tmp_path / "b.npz", x=np.array([{}], dtype=object), fs=1.0)
    (tmp_path / "c.npz").write_bytes(b"no archive")
    for name, complaint in (("a.npz", "'fs'"), ("b.npz", "objects"), ("c.npz", "damaged|cannot be read")):
        with pytest.raises(ConfigurationError, match=complaint):
            read_recording(tmp_path / name)
    with pytest.raises(ConfigurationError, match="unknown kind"):
        read_recording(tmp_path / "d.mat")


@pytest.mark.parametrize("width", [2, 3, 4])
async def test_integer_wav_is_scaled_to_full_scale(tmp_path: Path, width: int) -> None:
    path = tmp_path / "sound.wav"
    levels = [0, 2 ** (8 * width - 1) - 1, -(2 ** (8 * width - 1)), 2 ** (8 * width - 2)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(width)
        file.setframerate(48000)
        frames = b"".join(level.to_bytes(width, "little", signed=True) * 2 for level in levels)
        file.writeframes(frames)
    items = await play(path, "1", "2")
    assert blocks_of(items, 1)[0].samples.tolist() == pytest.approx([0.0, 1.0, -1.0, 0.5], abs=1e-4)


async def test_float_wav_is_taken_as_it_is(tmp_path: Path) -> None:
    samples = np.array([0.25, -3.5, 1e-3], dtype="<f4")
    body = struct.pack("<HHIIHH", 3, 1, 1000, 4000, 4, 32)
    chunks = b"fmt " + struct.pack("<I", 16) + body + b"data" + struct.pack("<I", 12) + samples.tobytes()
    path = tmp_path / "float.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    (block,) = await play(path, "1")
    assert isinstance(block, SampleBlock)
    np.testing.assert_array_equal(block.samples, samples)


async def test_a_missing_channel_is_a_bad_row_and_the_others_play(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("t,a\n0,1\n", encoding="utf-8")
    items = await play(path, "a", "b")
    qualities = {r.tag_key: r.quality.grade.name for item in items for r in item.rows()}
    assert qualities == {0: "GOOD", 1: "BAD"}


@pytest.mark.dataset("cwru")
async def test_a_cwru_record_plays_every_sample(datasets: Path) -> None:
    path = datasets / "records" / "d001.npz"
    with np.load(path, allow_pickle=False) as content:
        expected = (content["DE"] * float(content["DE_scale"])).astype(np.float32)
    assert_contiguous(blocks_of(await play(path, "DE", "FE"), 0), expected)


@pytest.mark.dataset("hit_sm")
async def test_a_hit_sm_record_plays_every_sample(datasets: Path) -> None:
    path = datasets / "records" / "s01.npz"
    with np.load(path, allow_pickle=False) as content:
        expected = (content["acc"] * float(content["acc_scale"])).astype(np.float32)
    assert_contiguous(blocks_of(await play(path, "acc"), 0), expected)


@pytest.mark.dataset("femto")
async def test_a_femto_life_plays_every_sample_with_its_gaps(datasets: Path) -> None:
    path = datasets / "Bearing2_1.npz"
    with np.load(path, allow_pickle=False) as content:
        raw, scale, index = content["acc"], content["scale"], content["index"]
    blocks = blocks_of(await play(path, "horizontal", "vertical"), 1)
    assert [block.first_index for block in blocks] == [(int(k) - 1) * 256_000 for k in index]
    for block, snapshot in zip(blocks, raw[:, :, 1], strict=True):
        np.testing.assert_array_equal(block.samples, (snapshot * scale[1]).astype(np.float32))


SKAB = ("anomaly_free", "other_1", "valve1_0", "valve2_0")


@pytest.mark.dataset("skab")
async def test_skab_tables_play_every_row(datasets: Path) -> None:
    for name in SKAB:
        path = datasets / f"{name}.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        items = await play(path, "Pressure", "Current")
        played = [r.value for item in items for r in item.rows() if r.tag_key == 0]
        assert played == [float(row["Pressure"]) for row in rows], path.name
