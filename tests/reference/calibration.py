"""Writes models/tests/golden/calibration.json: what scikit-learn makes of isotonic and Platt calibration.

Needs numpy, scipy and scikit-learn (made with scikit-learn 1.9.1).

    python tests/reference/calibration.py models/tests/golden/calibration.json
"""

import json
import sys

import numpy as np
from scipy.special import expit
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression

random = np.random.default_rng(4)


def isotonic(rows, decimals, soft, weighted):
    """One case: the fit, and its heights between, at and beyond the scores."""
    scores = np.round(random.normal(0, 2, rows), decimals)
    targets = (random.random(rows) < expit(scores)).astype(float)
    if soft:
        targets = np.round(np.clip(0.6 * targets + 0.4 * random.random(rows), 0, 1), 6)
    weights = random.integers(0, 4, rows).astype(float) if weighted else np.ones(rows)
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, targets, weights)
    queries = np.concatenate([scores[: rows // 2], np.round(random.normal(0, 3, 40), 5), [-50, 50]])
    parts = dict(scores=scores, targets=targets, weights=weights, queries=queries)
    return {**parts, "probabilities": fitted.predict(queries)}


def platt(rows, slope):
    """One case. scikit-learn stops at a gradient of 1e-6; Newton steps from there reach the optimum it is after."""
    scores = np.round(random.normal(0, 2, rows), 4)
    labels = (random.random(rows) < expit(slope * scores - 0.5)).astype(float)
    a, b = _sigmoid_calibration(scores, labels)
    positive = labels.sum()
    targets = np.where(labels > 0, (positive + 1) / (positive + 2), 1 / (rows - positive + 2))
    design = np.column_stack([scores, np.ones(rows)])
    beta = np.array([-a, -b])
    for _ in range(20):
        p = expit(design @ beta)
        beta -= np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), design.T @ (p - targets))
    assert np.abs(beta - [-a, -b]).max() < 1e-4, (beta, a, b)
    return dict(scores=scores, labels=labels, probabilities=expit(design @ beta))


cases = {
    "isotonic": [
        isotonic(120, 5, False, False),
        isotonic(150, 0, False, False),
        isotonic(120, 1, True, True),
        isotonic(1, 2, False, False),
        isotonic(2, 2, True, False),
    ],
    "platt": [platt(150, 1.0), platt(80, 3.0), platt(60, -0.5)],
}
with open(sys.argv[1], "w") as file:
    json.dump(cases, file, default=lambda array: array.tolist(), separators=(",", ":"))
    file.write("\n")
