"""What one text adds to an account: length, words, typo, link and signature. A second opinion on `models/src/text`.

Known limits against the Rust code, all outside the data of the tests: Python counts only letters as alphabetic (not the
vowel signs of, say, Hindi), and splits also at the control characters U+001C to U+001F.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

MASK = 2**64 - 1
ANALYSED_BYTES = 4096
TYPOS = frozenset((Path(__file__).parents[2] / "models/src/text/typos.txt").read_text(encoding="utf-8").split())


def fnv1a(data):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def mix64(x):
    """The finalizer that spreads every bit; for an int or an array of uint64."""
    if isinstance(x, int):
        x ^= x >> 30
        x = x * 0xBF58476D1CE4E5B9 & MASK
        x ^= x >> 27
        x = x * 0x94D049BB133111EB & MASK
        return x ^ x >> 31
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


SEEDS = np.array([mix64((k + 1) * 0x9E3779B97F4A7C15 & MASK) for k in range(8)], dtype=np.uint64)


@lru_cache(maxsize=1 << 20)
def hash_text(text):
    """Hash of a word or a device."""
    return mix64(fnv1a(text.encode()))


@dataclass
class Text:
    """Summary of one text event; the signature is 0 without words."""

    characters: int = 0
    has_typo: bool = False
    has_link: bool = False
    signature: int = 0
    hashes: list = field(default_factory=list)


def lower(text):
    """Lower case character by character, so that it does not depend on the neighbours."""
    return text.lower() if text.isascii() else "".join(c.lower() for c in text)


def split_words(text):
    """Words of a text, and whether it holds a link."""
    words, has_link = [], False
    for token in lower(text).split():
        if "://" in token or token.startswith("www."):
            has_link = True
        elif not token.startswith("@"):
            words += "".join(c if c.isalnum() or c in "'’" else " " for c in token).split()
    return words, has_link


def stretched(word):
    """Whether a letter stands three times in a row."""
    return any(a == b == c and a.isalpha() for a, b, c in zip(word, word[1:], word[2:]))


def has_typo(words):
    """Whether any word, or any pair of neighbours, looks mistyped."""
    if any(word in TYPOS or stretched(word) for word in words):
        return True
    return any(a == b and len(a) >= 2 for a, b in zip(words, words[1:]))


def signature(hashes):
    """Eight minima of eight bits over the hashes of neighbouring pairs."""
    if not hashes:
        return 0
    words = np.array(hashes, dtype=np.uint64)
    shingles = mix64(words[:-1] * np.uint64(31) + words[1:]) if len(words) > 1 else words
    minima = mix64(shingles[:, None] ^ SEEDS).min(axis=0) & np.uint64(255)
    return int.from_bytes(minima.astype(np.uint8).tobytes(), "little")


@lru_cache(maxsize=1 << 16)
def analyse(content):
    """Summary of a content that is not blank."""
    head = content.encode()[:ANALYSED_BYTES].decode(errors="ignore")
    words, has_link = split_words(head)
    hashes = [hash_text(word) for word in words]
    return Text(len(content), has_typo(words), has_link, signature(hashes), hashes)


def is_near(one, other):
    """Whether two signatures agree in at least six of eight bytes."""
    return sum((one ^ other) >> shift & 0xFF == 0 for shift in range(0, 64, 8)) >= 6
