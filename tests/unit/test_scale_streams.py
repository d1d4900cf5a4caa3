"""What scales send, decoded: the table of streams, and any way of cutting them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.scales import DECODERS, Decoder, Reading
from tests.support.scale_streams import STREAMS, Stream, checked, toledo

SERIAL = [stream for stream in STREAMS if stream.protocol != "hid"]


def rows(decoder: Decoder, *chunks: bytes) -> list[tuple[int | None, bool, str, str | None]]:
    readings = [reading for chunk in chunks for reading in decoder.feed(chunk)]
    return [(one.grams, one.stable, one.unit, one.trouble) for one in readings]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda one: f"{one.protocol}: {one.name}")
def test_a_stream_says_what_the_table_says(stream: Stream) -> None:
    found = rows(DECODERS[stream.protocol](), *stream.chunks)
    assert found == list(stream.readings)


@given(st.sampled_from(SERIAL), st.data())
def test_how_a_stream_is_cut_into_chunks_changes_nothing(
    stream: Stream, data: st.DataObject
) -> None:
    whole = b"".join(stream.chunks)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=8))
    places = [0, *sorted(cuts), len(whole)]
    chunks = [whole[start:end] for start, end in pairwise(places)]
    assert rows(DECODERS[stream.protocol](), *chunks) == list(stream.readings)


@given(st.sampled_from(sorted(DECODERS)), st.lists(st.binary(max_size=40), max_size=20))
def test_noise_breaks_no_decoder(protocol: str, chunks: list[bytes]) -> None:
    decoder = DECODERS[protocol]()
    for chunk in chunks:
        assert all(isinstance(reading, Reading) for reading in decoder.feed(chunk))


@given(noise=st.binary(max_size=60), figure=st.integers(0, 999_999))
def test_after_any_noise_a_checked_frame_is_read_again(noise: bytes, figure: int) -> None:
    frame = checked(toledo(f"{figure:06d}", decimals=0, c=1))
    # Noise may look like the beginning of a frame and swallow the first; never the second.
    found = rows(DECODERS["toledo-checksum"](), noise, frame * 3)
    assert found[-2:] == [(figure, True, "g", None)] * 2


@given(place=st.integers(0, 17), bit=st.integers(0, 6))
def test_a_flipped_bit_is_never_a_weight_where_there_is_a_checksum(place: int, bit: int) -> None:
    frame = bytearray(checked(toledo("001234")))
    frame[place] ^= 1 << bit
    assert rows(DECODERS["toledo-checksum"](), bytes(frame)) == []


@given(lost=st.integers(0, 16))
def test_a_lost_byte_is_never_a_weight(lost: int) -> None:
    frame = toledo("001234")
    found = rows(DECODERS["toledo"](), frame[:lost] + frame[lost + 1 :], frame)
    assert found == [(1234, True, "kg", None)]
