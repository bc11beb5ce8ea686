"""SipHash-1-3 with a key of zeros: what Rust calls `DefaultHasher`, and refinery keeps as checksum.

After Aumasson and Bernstein, "SipHash: a fast short-input PRF". It is no defence of anything.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def siphash13(data: bytes) -> int:
    """Return the 64-bit hash of `data`."""
    a, b, c, d = _START
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        a, b, c, d = _round(a, b, c, d ^ word)
        a ^= word
    c ^= 0xFF
    for _ in range(3):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _MASK
    b = _turn(b, 13) ^ a
    a = _turn(a, 32)
    c = (c + d) & _MASK
    d = _turn(d, 16) ^ c
    a = (a + d) & _MASK
    d = _turn(d, 21) ^ a
    c = (c + b) & _MASK
    b = _turn(b, 17) ^ c
    return a, b, _turn(c, 32), d


def _turn(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK
