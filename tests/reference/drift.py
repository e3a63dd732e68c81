"""Writes tests/golden/drift.json: what scipy says of the distance of samples in bins, of tails, and of false discoveries.

Needs numpy and scipy (made with scipy 1.17.1).

    python tests/reference/drift.py tests/golden/drift.json
"""

import json
import sys

import numpy as np
from scipy import stats

random = np.random.default_rng(11)
LEAST_SHARE = 1e-4


def shares(values, missing, edges):
    """Share of all rows in each bin, a value at an edge lying below it, and of missing values at the end."""
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return np.append(counts, missing) / (len(values) + missing)


def case(first, second, missing=(0, 0), bins=10):
    edges = np.unique(np.quantile(first, np.arange(1, bins) / bins))
    sizes = [len(first) + missing[0], len(second) + missing[1]]
    in_bins = [shares(first, missing[0], edges), shares(second, missing[1], edges)]
    expected, actual = (np.maximum(s, LEAST_SHARE) for s in in_bins)
    # The distance at the edges: of the numbers of the bins that values lie in.
    binned = [np.searchsorted(edges, values, side="left") for values in (first, second)]
    ks = stats.ks_2samp(*binned).statistic
    m, n = len(first), len(second)
    p_value = stats.kstwobign.sf(ks * np.sqrt(m * n / (m + n)))
    if sum(missing):
        pooled = sum(missing) / sum(sizes)
        difference = missing[0] / sizes[0] - missing[1] / sizes[1]
        z = difference / np.sqrt(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1]))
        p_value = min(2 * min(p_value, 2 * stats.norm.sf(abs(z))), 1)
    return dict(
        edges=edges,
        first=first,
        second=second,
        missing=missing,
        psi=np.sum((actual - expected) * np.log(actual / expected)),
        ks=ks,
        # Of the values themselves, which is at least that of the bins.
        ks_of_values=stats.ks_2samp(first, second).statistic,
        p_value=p_value,
    )


normal = lambda mean, rows: np.round(random.normal(mean, 1, rows), 3)
kolmogorov = [0.02, 0.3, 0.5, 0.8, 0.99, 1.0, 1.01, 1.36, 2.0, 3.0, 8.0]
tails = [0.0, 0.1, 0.7, 1.0, 1.96, 3.0, 5.0, 8.0, -2.5]
p_values = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.205, 0.9]
golden = dict(
    cases=[
        case(normal(0, 400), normal(0, 350)),
        case(normal(0, 500), normal(0.4, 320), missing=(50, 30)),
        case(normal(0, 300), normal(0, 300), missing=(0, 60)),
        case(normal(0, 90), normal(5, 40), bins=5),
        case(random.integers(0, 3, 200).astype(float), random.integers(0, 4, 180).astype(float)),
        case(np.zeros(100), (random.random(100) < 0.2).astype(float)),
    ],
    kolmogorov=[[x, stats.kstwobign.sf(x)] for x in kolmogorov],
    normal=[[z, 2 * stats.norm.sf(abs(z))] for z in tails],
    discoveries=[[p, q] for p, q in zip(p_values, stats.false_discovery_control(p_values))],
)
with open(sys.argv[1], "w") as file:
    json.dump(golden, file, default=lambda value: value.tolist(), separators=(",", ":"))
    file.write("\n")
