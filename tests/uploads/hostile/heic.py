"""Writes HEIC files as phones do: a picture in HEVC inside a HEIF container, turned by the container, with Exif.

No encoder of HEVC comes with what the shop uses, so this is the smallest one there can be: every block of 16 x 16 px is
sent as it is (`pcm_flag`, ITU-T H.265, 7.3.8.7). A block then needs two bins of arithmetic code and its samples.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

BLOCK_PX = 16
# Table 9-52 of H.265 (rangeTabLps), the last column of the first states: more are not reached by small pictures.
_RANGE_LPS = (
    240,
    227,
    216,
    205,
    195,
    185,
    175,
    166,
    158,
    150,
    142,
    135,
    128,
    122,
    116,
    110,
    104,
    99,
    94,
    89,
    85,
    80,
)


class Bits:
    """Writes bits and the codes of 9.2."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, count: int, value: int) -> Bits:
        self.bits += [(value >> at) & 1 for at in range(count - 1, -1, -1)]
        return self

    def ue(self, *values: int) -> Bits:
        for value in values:
            length = (value + 1).bit_length()
            self.u(length - 1, 0).u(length, value + 1)
        return self

    def aligned(self, *, stop: bool) -> Bits:
        if stop:
            self.u(1, 1)
        return self.u(-len(self.bits) % 8, 0)

    def to_bytes(self) -> bytes:
        return np.packbits(np.array(self.bits, dtype=np.uint8)).tobytes()


class Arithmetic:
    """The encoder of 9.3.4, of which this picture needs the likely bin and the terminating one."""

    def __init__(self, bits: Bits) -> None:
        self.bits, self.low, self.range, self.outstanding, self.is_first = bits, 0, 510, 0, True

    def likely(self, state: int) -> None:
        self.range -= _RANGE_LPS[state]
        self._renormalise()

    def terminate(self, value: int) -> None:
        self.range -= 2
        if value:
            self.low += self.range
            self.range = 2
            self._renormalise()
            self._put((self.low >> 9) & 1)
            self.bits.u(2, ((self.low >> 7) & 3) | 1)
        else:
            self._renormalise()

    def _renormalise(self) -> None:
        while self.range < 256:
            if self.low < 256:
                self._put(0)
            elif self.low >= 512:
                self.low -= 512
                self._put(1)
            else:
                self.low -= 256
                self.outstanding += 1
            self.range, self.low = self.range << 1, self.low << 1

    def _put(self, bit: int) -> None:
        if self.is_first:
            self.is_first = False
        else:
            self.bits.u(1, bit)
        self.bits.bits += [1 - bit] * self.outstanding
        self.outstanding = 0


def heic(
    rgb: NDArray[np.uint8], *, quarter_turns: int = 0, exif: bytes = b"", claimed: tuple[int, int] = (0, 0)
) -> bytes:
    """A HEIC file of `rgb`, uint8 (H, W, 3), sides of multiples of 16 px and at most 22 blocks.

    quarter_turns: anticlockwise, for whoever shows it (`irot`). exif: a TIFF block. claimed: another size for the
    container to claim.
    """
    height_px, width_px = rgb.shape[:2]
    parameters = [_video(), _sequence(width_px, height_px), _picture()]
    slice_nal = _nal(19, _slice(rgb))
    item = struct.pack(">I", len(slice_nal)) + slice_nal
    size = claimed if all(claimed) else (width_px, height_px)
    exif_item = struct.pack(">I", 0) + exif if exif else b""
    properties = [
        _configuration(parameters),
        _full(b"ispe", struct.pack(">II", *size)),
        _box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 5, 0x80)),  # sRGB, BT.601's matrix, full range
        _box(b"irot", bytes([quarter_turns])),
    ]
    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    meta_bytes = len(_meta(properties, [(1, 0, len(item))] + ([(2, 0, 1)] if exif else [])))
    offset = len(head) + meta_bytes + 8
    places = [(1, offset, len(item))] + ([(2, offset + len(item), len(exif_item))] if exif else [])
    return head + _meta(properties, places) + _box(b"mdat", item + exif_item)


def _slice(rgb: NDArray[np.uint8]) -> bytes:
    luma, blue, red = _planes(rgb)
    rows, columns = luma.shape[0] // BLOCK_PX, luma.shape[1] // BLOCK_PX
    bits = Bits().u(1, 1).u(1, 0).ue(0, 2, 0).aligned(stop=True)
    arithmetic = Arithmetic(bits)
    half = BLOCK_PX // 2
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        arithmetic.likely(number)  # part_mode: one part
        arithmetic.terminate(1)  # pcm_flag
        bits.aligned(stop=False)
        for plane, side in ((luma, BLOCK_PX), (blue, half), (red, half)):
            block = plane[row * side : (row + 1) * side, column * side : (column + 1) * side]
            for sample in block.ravel().tolist():
                bits.u(8, sample)
        arithmetic = Arithmetic(bits)
        arithmetic.terminate(int(number == rows * columns - 1))  # end_of_slice_segment_flag
    return bits.aligned(stop=False).to_bytes()


def _planes(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Y, Cb and Cr of BT.601, full range, the colours at half the size."""
    red, green, blue = np.moveaxis(rgb.astype(float), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    colours = [128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402]
    small = [plane.reshape(plane.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)) for plane in colours]
    y, cb, cr = (np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in (luma, *small))
    return y, cb, cr


def _profile(bits: Bits) -> Bits:
    return bits.u(2, 0).u(1, 0).u(5, 3).u(32, 0x70000000).u(4, 0b1001).u(44, 0).u(8, 93)


def _video() -> bytes:
    bits = _profile(Bits().u(4, 0).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xFFFF))
    return _nal(32, bits.u(1, 1).ue(0, 0, 0).u(6, 0).ue(0).u(2, 0).aligned(stop=True).to_bytes())


def _sequence(width_px: int, height_px: int) -> bytes:
    bits = _profile(Bits().u(4, 0).u(3, 0).u(1, 1)).ue(0, 1, width_px, height_px).u(1, 0).ue(0, 0, 0)
    bits.u(1, 1).ue(0, 0, 0)  # buffering
    bits.ue(1, 0, 0, 2, 0, 0)  # blocks of 16 px, transforms of 4 to 16
    bits.u(3, 0).u(1, 1).u(4, 7).u(4, 7).ue(1, 0).u(1, 1)  # samples as they are: 8 bits, in blocks of 16
    return _nal(33, bits.ue(0).u(5, 0).aligned(stop=True).to_bytes())


def _picture() -> bytes:
    bits = Bits().ue(0, 0).u(7, 0).ue(0, 0, 0).u(3, 0).ue(0, 0).u(7, 0).u(3, 0b101)
    return _nal(34, bits.u(2, 0).ue(0).u(2, 0).aligned(stop=True).to_bytes())


def _nal(kind: int, payload: bytes) -> bytes:
    """With the bytes of 7.4.2 that keep a start code from appearing by chance."""
    out, zeros = bytearray(), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes([kind << 1, 1]) + bytes(out)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + body)


def _configuration(parameters: list[bytes]) -> bytes:
    body = bytes([1, 3]) + struct.pack(">I", 0x70000000) + bytes([0x90, 0, 0, 0, 0, 0, 93])
    body += bytes([0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, len(parameters)])
    for nal in parameters:
        body += bytes([0x80 | nal[0] >> 1]) + struct.pack(">HH", 1, len(nal)) + nal
    return _box(b"hvcC", body)


def _meta(properties: list[bytes], places: list[tuple[int, int, int]]) -> bytes:
    kinds = {1: b"hvc1", 2: b"Exif"}
    entries = b"".join(
        _full(b"infe", struct.pack(">HH", number, 0) + kinds[number] + b"\0", 2) for number, _, _ in places
    )
    locations = b"".join(struct.pack(">HHHII", number, 0, 1, at, length) for number, at, length in places)
    order = struct.pack(">IHB", 1, 1, len(properties)) + bytes(
        0x80 * (at == 0) | at + 1 for at in range(len(properties))
    )
    body = _full(b"hdlr", bytes(4) + b"pict" + bytes(13)) + _full(b"pitm", struct.pack(">H", 1))
    body += _full(b"iloc", struct.pack(">HH", 0x4400, len(places)) + locations)
    body += _full(b"iinf", struct.pack(">H", len(places)) + entries)
    if len(places) > 1:
        body += _full(b"iref", _box(b"cdsc", struct.pack(">HHH", 2, 1, 1)))
    body += _box(b"iprp", _box(b"ipco", b"".join(properties)) + _full(b"ipma", order))
    return _full(b"meta", body)
