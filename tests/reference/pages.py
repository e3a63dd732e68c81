"""How like pages are: a second opinion on `models/src/groups/signature.rs`, by exact Jaccard similarity and by datasketch.

    pip install datasketch numpy; python tests/reference/pages.py >models/tests/golden/page_similarity.json

`ours` is datasketch's estimate from minima that are computed here, by the same hash functions and permutations as in Rust: it has to
be the same to the last digit. `datasketch` is its estimate from as many permutations of its own, `exact` the truth: ours has to
lie as near to it as the theory of MinHash allows.
"""

import json
import random

import numpy as np
from datasketch import MinHash

from text import hash_text, mix64, split_words

MINIMA = 64
MASK = 2**64 - 1


def drawn(seed):
    """Factors or summands of the permutations."""
    return [(mix64((seed << 32 | (k + 1)) & MASK) >> 32) | 1 for k in range(MINIMA)]


FACTORS, SUMMANDS = (np.array(drawn(seed), dtype=np.uint64) for seed in (1, 2))


def words(text):
    return [word for token in text.split() for word in split_words(token)]


def pairs(text):
    found = words(text)
    return set(zip(found, found[1:]))


def minima(text):
    """The lowest 16 bits of each least hash, as the signature keeps them."""
    shingles = [mix64((hash_text(a) * 31 + hash_text(b)) & MASK) >> 32 for a, b in pairs(text)]
    hashed = (FACTORS[:, None] * np.array(shingles, dtype=np.uint64)[None, :] + SUMMANDS[:, None]) & np.uint64(0xFFFFFFFF)
    return hashed.min(axis=1) & np.uint64(0xFFFF)


def sketch(text):
    """datasketch's own, over the same pairs."""
    made = MinHash(num_perm=MINIMA, seed=1)
    for a, b in sorted(pairs(text)):
        made.update(f"{a} {b}".encode())
    return made


def from_minima(text):
    # A scheme has to be named where values come from elsewhere; comparing them asks for nothing of it.
    return MinHash(num_perm=MINIMA, hashvalues=minima(text), seed=1, scheme="legacy")


def main():
    generator = random.Random(7)
    vocabulary = ["".join(generator.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(generator.randint(2, 9))) for _ in range(2_000)]
    cases = []
    for case in range(30):
        length = generator.randint(30, 140)
        one = [generator.choice(vocabulary) for _ in range(length)]
        change = generator.choice([0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0])
        other = [generator.choice(vocabulary) if generator.random() < change else word for word in one]
        other += [generator.choice(vocabulary) for _ in range(generator.randint(0, length // 2))]
        a, b = " ".join(one), " ".join(other)
        if case % 7 == 0:
            a, b = a.capitalize() + ".", b.replace(" ", ", ", 3)
        exact = len(pairs(a) & pairs(b)) / len(pairs(a) | pairs(b))
        cases.append({
            "a": a, "b": b, "exact": exact,
            "ours": float(from_minima(a).jaccard(from_minima(b))),
            "datasketch": float(sketch(a).jaccard(sketch(b))),
        })
    print("[" + ",\n".join(json.dumps(case) for case in cases) + "]")


if __name__ == "__main__":
    main()
