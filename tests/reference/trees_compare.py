"""Fits the same forests and boosted trees with botdet, scikit-learn and LightGBM, one thread each, and prints them side by side.

Needs numpy, scikit-learn and lightgbm (checked with 2.4, 1.9.1 and 4.7), and the example built:

    cargo build --release -p botdet-loader --example trees_compare
    python trees_compare.py /tmp/trees
    python trees_compare.py /tmp/trees --csv spammer.csv --label is_spammer --learners random_forest,boosting_leaf_wise

All times are processor seconds of one thread; a row's are the best of three.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, ExtraTreesClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

EXAMPLE = Path(__file__).resolve().parents[2] / "target" / "release" / "examples" / "trees_compare"
SINGLE = 50

FOREST = dict(n_estimators=300, max_depth=20, min_samples_split=5, class_weight="balanced", n_jobs=1, random_state=1)
TREE = dict(min_samples_split=5, class_weight="balanced", random_state=1)
BOOSTING = dict(
    n_estimators=200, learning_rate=0.1, reg_lambda=1.0, min_child_weight=1.0, min_child_samples=1, max_bin=255,
    n_jobs=1, random_state=1, verbose=-1, deterministic=True, force_col_wise=True,
)  # fmt: skip
COUNTERPARTS = {
    "random_forest": RandomForestClassifier(**FOREST),
    "extra_trees": ExtraTreesClassifier(**FOREST),
    "bagged_trees": BaggingClassifier(
        DecisionTreeClassifier(max_depth=20, **TREE), n_estimators=20, n_jobs=1, random_state=1
    ),
    "decision_tree": DecisionTreeClassifier(max_depth=8, **TREE),
    "boosting_leaf_wise": LGBMClassifier(num_leaves=63, **BOOSTING),
    "boosting_depth_wise": LGBMClassifier(num_leaves=64, max_depth=6, **BOOSTING),
    "adaboost": make_pipeline(
        SimpleImputer(strategy="median"),
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=100, learning_rate=0.5, random_state=1),
    ),
}


def read(folder, name, width):
    rows = np.fromfile(folder / f"{name}.f32", dtype="<f4").reshape(-1, width)
    return rows, np.fromfile(folder / f"{name}.labels", dtype=np.uint8)


def best_of_three(count, work):
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) / count * 1e6


def positive(model, rows):
    # The booster itself: LightGBM's scikit-learn wrapper costs more than the trees.
    if isinstance(model, LGBMClassifier):
        return model.booster_.predict(rows, num_threads=1)
    return model.predict_proba(rows)[:, 1]


def measure(model, train, held):
    start = time.process_time()
    model.fit(*train)
    fit = time.process_time() - start
    probabilities = positive(model, held[0])
    return dict(
        fit_seconds=fit,
        roc_auc=roc_auc_score(held[1], probabilities),
        pr_auc=average_precision_score(held[1], probabilities),
        batch_us=best_of_three(len(held[0]), lambda: positive(model, held[0])),
        single_us=best_of_three(SINGLE, lambda: [positive(model, held[0][i : i + 1]) for i in range(SINGLE)]),
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--learners", default="random_forest,boosting_leaf_wise,boosting_depth_wise")
    parser.add_argument("--csv")
    parser.add_argument("--label")
    parser.add_argument("--rows")
    arguments = parser.parse_args()
    options = [f"--{name}={value}" for name in ("learners", "csv", "label", "rows") if (value := getattr(arguments, name))]
    subprocess.run([EXAMPLE, arguments.folder, *options], check=True)
    ours = json.loads((arguments.folder / "ours.json").read_text())
    train = read(arguments.folder, "train", ours["width"])
    held = read(arguments.folder, "held", ours["width"])
    print(f"{len(train[0])} rows of {ours['width']} to learn from, {train[1].mean():.2%} positive; {len(held[0])} held out")
    print(f"{'':24}{'fit s':>10}{'ROC-AUC':>10}{'PR-AUC':>10}{'batch µs':>10}{'single µs':>11}")
    for name in arguments.learners.split(","):
        if name not in COUNTERPARTS:
            continue
        theirs = measure(COUNTERPARTS[name], train, held)
        for who, figures in (("botdet", ours[name]), ("counterpart", theirs)):
            print(
                f"{who:24}{figures['fit_seconds']:10.2f}{figures['roc_auc']:10.4f}{figures['pr_auc']:10.4f}"
                f"{figures['batch_us']:10.2f}{figures['single_us']:11.1f}"
            )
        ratios = {key: ours[name][key] / theirs[key] for key in theirs}
        print(
            f"{name:24}{ratios['fit_seconds']:9.2f}×{ours[name]['roc_auc'] - theirs['roc_auc']:+10.4f}"
            f"{ours[name]['pr_auc'] - theirs['pr_auc']:+10.4f}{ratios['batch_us']:9.2f}×{ratios['single_us']:10.3f}×\n"
        )


if __name__ == "__main__":
    main()
