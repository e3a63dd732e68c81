"""Writes models/tests/golden/metrics.json: what scikit-learn and scipy say of scores, and of the distance of samples.

Needs numpy, scipy and scikit-learn (made with scikit-learn 1.9.1 and scipy 1.17.1).

    python tests/reference/metrics.py models/tests/golden/metrics.json
"""

import json
import sys

import numpy as np
from scipy import stats
from scipy.special import expit
from sklearn import metrics
from sklearn.calibration import calibration_curve

random = np.random.default_rng(4)


def ranking(rows, decimals):
    """Scores with ties where they are rounded, and all that follows from their order."""
    logits = random.normal(-0.5, 2, rows)
    labels = (random.random(rows) < expit(logits)).astype(int)
    scores = np.round(expit(logits + random.normal(0, 0.5, rows)), decimals)
    called = scores >= 0.4
    false_rate, true_rate, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    shares, means = calibration_curve(labels, scores, n_bins=7)
    # DeLong by all pairs.
    pairs = np.sign(scores[labels == 1][:, None] - scores[labels == 0][None, :]) / 2 + 0.5
    variance = pairs.mean(1).var(ddof=1) / pairs.shape[0] + pairs.mean(0).var(ddof=1) / pairs.shape[1]
    return dict(
        scores=scores,
        labels=labels,
        roc_auc=metrics.roc_auc_score(labels, scores),
        roc_auc_error=np.sqrt(variance),
        average_precision=metrics.average_precision_score(labels, scores),
        log_loss=metrics.log_loss(labels, scores),
        brier=metrics.brier_score_loss(labels, scores),
        accuracy=metrics.accuracy_score(labels, called),
        precision=metrics.precision_score(labels, called),
        recall=metrics.recall_score(labels, called),
        f1=metrics.f1_score(labels, called),
        balanced_accuracy=metrics.balanced_accuracy_score(labels, called),
        matthews=metrics.matthews_corrcoef(labels, called),
        roc_curve=np.column_stack([false_rate, true_rate]),
        # scikit-learn begins at the lowest threshold.
        precision_recall=np.column_stack([precision, recall])[::-1],
        reliability=np.column_stack([means, shares]),
    )


def two_samples(first, second, decimals):
    """Kolmogorov-Smirnov and, with ten bins and the shares of bins bounded below, the population stability index."""
    first, second = np.round(first, decimals), np.round(second, decimals)
    exact = stats.ks_2samp(first, second, method="exact")
    edges = np.unique(np.quantile(first, np.arange(1, 10) / 10))
    shares = [np.bincount(np.searchsorted(edges, s), minlength=len(edges) + 1) / len(s) for s in (first, second)]
    expected, actual = np.maximum(shares, 1e-4)
    scale = np.sqrt(len(first) * len(second) / (len(first) + len(second)))
    return dict(
        first=first,
        second=second,
        statistic=exact.statistic,
        p_value=exact.pvalue,
        limit=[exact.statistic * scale, stats.kstwobign.sf(exact.statistic * scale)],
        psi=np.sum((actual - expected) * np.log(actual / expected)),
    )


normal = random.normal
cases = {
    "ranking": [ranking(200, 9), ranking(150, 1)],
    "two_samples": [
        two_samples(normal(0, 1, 80), normal(0.3, 1, 60), 5),
        two_samples(normal(0, 1, 50), normal(0, 1, 50), 5),
        two_samples(normal(0, 1, 90), normal(2, 1, 31), 1),
        two_samples(normal(0, 1, 40), normal(9, 1, 7), 2),
        two_samples(random.integers(0, 3, 100).astype(float), random.integers(0, 4, 70).astype(float), 0),
    ],
}
with open(sys.argv[1], "w") as file:
    json.dump(cases, file, default=lambda value: value.tolist(), separators=(",", ":"))
    file.write("\n")
