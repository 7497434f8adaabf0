"""Chunks and tail frames: what goes in comes out, for every array that can exist."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from domain.plant.readings import ReadingBatch
from domain.plant.tags import TagDtype
from storage.history.codec import ChunkCodec, as_declared
from storage.history.samples import Samples, merged, reduced, regrouped
from storage.history.tail import FrameWriter, PendingBatch, decode_frames, pooled

LONG = 2**60
floats = st.floats(allow_nan=True, allow_infinity=True, width=64)


@st.composite
def samples_of(draw: st.DrawFn) -> Samples:
    count = draw(st.integers(1, 200))
    integers = st.integers(-LONG, LONG)
    steps = draw(arrays.arrays(np.int64, count, elements=st.integers(1, 10**9)))
    if draw(st.booleans()):
        steps[:] = steps[0]
    value = draw(arrays.arrays(np.float64, count, elements=floats))
    dtype = draw(st.sampled_from([TagDtype.FLOAT64, TagDtype.FLOAT32, TagDtype.INT64]))
    quality = draw(arrays.arrays(np.uint16, count, elements=st.integers(0, 65535)))
    sequence = draw(arrays.arrays(np.int64, count, elements=integers))
    return Samples(draw(integers) + np.cumsum(steps), as_declared(value, dtype), quality, sequence, -5, 9)


@given(samples_of())
@settings(max_examples=150, deadline=None)
def test_a_chunk_gives_back_its_samples(given_samples: Samples) -> None:
    codec = ChunkCodec()
    back = codec.decode(codec.encode(given_samples))
    np.testing.assert_array_equal(back.time_us, given_samples.time_us)
    np.testing.assert_array_equal(back.value, given_samples.value)
    np.testing.assert_array_equal(back.quality, given_samples.quality)
    np.testing.assert_array_equal(back.sequence, given_samples.sequence)


@given(samples_of(), st.integers(1, 10**10))
@settings(max_examples=100, deadline=None)
def test_buckets_hold_each_usable_sample_once(given_samples: Samples, step_us: int) -> None:
    buckets = reduced(given_samples, origin_us=0, step_us=step_us)
    usable = (given_samples.quality & 3) < 2
    if given_samples.value.dtype != np.int64:
        usable &= ~np.isnan(given_samples.value)
    assert int(buckets.count.sum()) == int(usable.sum())
    wider = regrouped(buckets, origin_us=0, step_us=step_us * 7)
    assert int(wider.count.sum()) == int(usable.sum())
    if usable.any():
        assert np.nanmin(wider.minimum) == given_samples.value[usable].astype(float).min()
        assert np.nanmax(wider.maximum) == given_samples.value[usable].astype(float).max()


@given(samples_of(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_merging_pieces_in_any_order_gives_the_whole_once(given_samples: Samples, random: object) -> None:
    cut = len(given_samples) // 2
    pieces = [given_samples.part(slice(cut, None)), given_samples.part(slice(0, cut + 1))]
    whole = merged([piece for piece in pieces if len(piece)])
    np.testing.assert_array_equal(whole.time_us, given_samples.time_us)
    np.testing.assert_array_equal(whole.value, given_samples.value)


@st.composite
def batches(draw: st.DrawFn) -> PendingBatch:
    count = draw(st.integers(1, 150))
    wide = st.integers(-LONG, LONG)
    near = st.integers(0, 2**33)
    column = lambda: draw(  # noqa: E731
        st.one_of(
            arrays.arrays(np.int64, count, elements=wide),
            arrays.arrays(np.int64, count, elements=near),
            wide.map(lambda number: np.full(count, number)),
        )
    )
    batch = ReadingBatch(
        draw(arrays.arrays(np.int32, count, elements=st.integers(1, 2**31 - 1))),
        draw(arrays.arrays(np.float64, count, elements=floats)),
        draw(arrays.arrays(np.uint16, count)),
        column(),
        column(),
        column(),
    )
    revision = draw(st.one_of(st.integers(1, 99), arrays.arrays(np.int32, count, elements=st.integers(1, 9))))
    return PendingBatch(batch, revision)


@given(st.lists(batches(), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_frames_give_back_every_row_with_and_without_layouts(given_batches: list[PendingBatch]) -> None:
    writer = FrameWriter({})
    pending = pooled(given_batches)
    for _ in range(3):
        body = b"".join(writer.frame(each) for each in pending)
        layouts = {number: np.frombuffer(keys, "<i4") for number, keys in writer.new_layouts.items()}
        rows = decode_frames([body], layouts)
        for name in ("tag_key", "value", "quality", "source_us", "receive_us", "sequence"):
            expected = np.concatenate([getattr(each.batch, name) for each in pending])
            np.testing.assert_array_equal(getattr(rows, name), expected)
        revisions = [np.broadcast_to(each.revision, len(each.batch)) for each in pending]
        np.testing.assert_array_equal(rows.revision, np.concatenate(revisions))
