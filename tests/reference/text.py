"""What one text adds to an account: length, words, typo, link, signature, template. A second opinion on `models/src/text`.

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
    """Summary of one text event; the signature is 0 without words, host and template are 0 where there is none."""

    characters: int = 0
    has_typo: bool = False
    has_link: bool = False
    signature: int = 0
    hashes: list = field(default_factory=list)
    host: int = 0
    mentions: int = 0
    letters: int = 0
    capitals: int = 0
    emoji: int = 0
    template: int = 0


def lower(text):
    """Lower case character by character, so that it does not depend on the neighbours."""
    return text.lower() if text.isascii() else "".join(c.lower() for c in text)


def is_link(token):
    """Whether a token is passed over as a link."""
    return "://" in token or token[:4].lower() == "www."


def split_words(token):
    """Words of a token in lower case."""
    return "".join(c if c.isalnum() or c in "'’" else " " for c in lower(token)).split()


def host_of(link):
    """Host that a link names, without "www."; empty where it names none."""
    after = link.split("://", 1)[-1]
    end = next((i for i, c in enumerate(after) if not (c.isalnum() or c in "-.")), len(after))
    return lower(after[:end]).removeprefix("www.").rstrip(".")


def is_emoji(c):
    """Symbols and dingbats, the letters of flags, pictographs but not skin tones."""
    code = ord(c)
    pictograph = 0x1F300 <= code <= 0x1FAFF and not 0x1F3FB <= code <= 0x1F3FF
    return 0x2600 <= code <= 0x27BF or 0x1F1E6 <= code <= 0x1F1FF or pictograph


def has_inner_dot(token):
    """Whether a dot stands between two letters or digits, beyond ASCII any character."""
    joins = lambda byte: byte >= 0x80 or chr(byte).isalnum()
    data = token.encode()
    return any(dot == ord(".") and joins(a) and joins(b) for a, dot, b in zip(data, data[1:], data[2:]))


def template(tokens):
    """Hash of 16 bits of the words, each run of links, mentions, numbers and addresses masked; 0 without words."""
    parts = []
    for token in tokens:
        if is_link(token) or token.startswith("@") or has_inner_dot(token):
            parts.append(None)
        else:
            parts += [None if set(word) & set("0123456789") else word for word in split_words(token)]
    parts = [part for i, part in enumerate(parts) if part or i == 0 or parts[i - 1]]
    if not any(parts):
        return 0
    value = 0
    for part in parts:
        value = (value << 5 | value >> 59) & MASK
        value = (value ^ (hash_text(part) if part else 1)) * 0x9E3779B97F4A7C15 & MASK
    return max(mix64(value) >> 48, 1)


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
    tokens = content.encode()[:ANALYSED_BYTES].decode(errors="ignore").split()
    links = [token for token in tokens if is_link(token)]
    mentions = [token for token in tokens if not is_link(token) and token.startswith("@")]
    plain = [token for token in tokens if not is_link(token) and not token.startswith("@")]
    words = [word for token in plain for word in split_words(token)]
    hashes = [hash_text(word) for word in words]
    characters = "".join(plain)
    hosts = [host_of(link) for link in links if host_of(link)]
    return Text(
        characters=len(content),
        has_typo=has_typo(words),
        has_link=bool(links),
        signature=signature(hashes),
        hashes=hashes,
        host=max(hash_text(hosts[0]) >> 32, 1) if hosts else 0,
        mentions=sum(len(mention) > 1 for mention in mentions),
        letters=sum(c.isupper() or c.islower() for c in characters),
        capitals=sum(c.isupper() for c in characters),
        emoji=sum(is_emoji(c) for c in characters),
        template=template(tokens),
    )


def is_near(one, other):
    """Whether two signatures agree in at least six of eight bytes."""
    return sum((one ^ other) >> shift & 0xFF == 0 for shift in range(0, 64, 8)) >= 6
