"""Writes what scikit-learn makes of a small weighted table, for the zoo's entries with a closed solution.

Needs numpy and scikit-learn (checked with 1.8 and later).

    python zoo_golden.py loader/tests/golden/zoo.json
"""

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.preprocessing import StandardScaler

TRAINING = 60


def table():
    """80 rows of 5 columns of very different scales, in 64ths, so that decimals are exact."""
    random = np.random.default_rng(7)
    label = random.random(80) < 0.35
    x = random.normal(size=(80, 5)) + 0.8 * label[:, None] * [1, -1, 0.5, 0, 1]
    x = x * [1, 40, 0.5, 300, 1] + [0, 100, 0, -4000, 0]
    x[:, 4] = x[:, 4] > 0.3
    return np.round(x * 64) / 64, label.astype(int), random.integers(1, 4, 80) / 2


def main(path):
    x, y, w = table()
    scaler = StandardScaler().fit(x[:TRAINING], sample_weight=w[:TRAINING])
    z = scaler.transform(x)
    train, test = z[:TRAINING], z[TRAINING:]
    ty, tw = y[:TRAINING], w[:TRAINING]
    logistic = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit(train, ty, tw)
    ridge = Ridge(alpha=1.0, solver="cholesky").fit(train, 2.0 * ty - 1, tw)
    # The margins of the training rows, made log-odds without a penalty that matters.
    margins = ridge.predict(train)[:, None]
    platt = LogisticRegression(C=1e6, tol=1e-13, max_iter=10_000).fit(margins, ty, tw)
    gaussian = GaussianNB().fit(train, ty, tw)
    bernoulli = BernoulliNB(alpha=1.0, binarize=0.0).fit(train, ty, tw)
    answer = {
        "training": TRAINING,
        "rows": x.tolist(),
        "labels": y.tolist(),
        "weights": w.tolist(),
        "logistic_regression": logistic.predict_proba(test)[:, 1].tolist(),
        "ridge": platt.predict_proba(ridge.predict(test)[:, None])[:, 1].tolist(),
        "gaussian_naive_bayes": gaussian.predict_proba(test)[:, 1].tolist(),
        "bernoulli_naive_bayes": bernoulli.predict_proba(test)[:, 1].tolist(),
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(answer, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: zoo_golden.py FILE")
    main(sys.argv[1])
