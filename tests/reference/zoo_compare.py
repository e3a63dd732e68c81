"""Compares the zoo with scikit-learn: the same table, the same rows held out.

Needs numpy, pandas and scikit-learn (checked with 1.9).

    cargo run --release -p botdet-loader --example zoo_check -- FOLDER
    python zoo_compare.py FOLDER

FOLDER/table.csv is made by the first command unless it is there: any table of numbers whose last column is 0 or 1. Prints
ROC-AUC side by side; ends with 1 when one of ours is more than 0.003 below its counterpart.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest, StackingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TOLERANCE = 0.003
# What a network does not repeat where columns are independent is left to chance: shown, not judged.
SHOWN_ONLY = {"autoencoder"}
# As many reference rows as the zoo keeps.
REFERENCES = 20_000


def few():
    return [
        ("logistic", LogisticRegression(max_iter=1000)),
        ("bayes", GaussianNB()),
        ("neighbours", KNeighborsClassifier(10, weights="distance")),
    ]


def counterparts(width):
    network = dict(hidden_layer_sizes=(64, 32), early_stopping=True, batch_size=256, random_state=1)
    middle = min(8, max(1, width // 2))
    repeater = MLPRegressor(hidden_layer_sizes=(32, middle, 32), early_stopping=True, batch_size=128, random_state=1, max_iter=100)
    return {
        "logistic_regression": LogisticRegression(max_iter=1000),
        "sgd_logistic": SGDClassifier(loss="log_loss", random_state=1),
        "sgd_hinge": SGDClassifier(loss="hinge", random_state=1),
        "follow_the_leader": LogisticRegression(max_iter=1000),
        "ridge": RidgeClassifier(),
        "bernoulli_naive_bayes": BernoulliNB(),
        "gaussian_naive_bayes": GaussianNB(),
        "k_nearest_neighbours_5": KNeighborsClassifier(5),
        "k_nearest_neighbours_10_by_distance": KNeighborsClassifier(10, weights="distance"),
        "neural_network": MLPClassifier(**network),
        "soft_voting": VotingClassifier(few(), voting="soft"),
        "stacking": StackingClassifier(few(), LogisticRegression(max_iter=1000)),
        "isolation_forest": IsolationForest(random_state=1),
        "autoencoder": repeater,
    }


def scores(name, model, train, labels, test):
    """What grows with the chance of being positive, as far as the training rows tell."""
    if name.startswith("k_nearest") and len(train) > REFERENCES:
        chosen = np.random.default_rng(1).choice(len(train), REFERENCES, replace=False)
        train, labels = train[chosen], labels[chosen]
    if name == "isolation_forest":
        model.fit(train)
        said = lambda rows: -model.score_samples(rows)
    elif name == "autoencoder":
        model.fit(train, train)
        said = lambda rows: ((model.predict(rows).reshape(rows.shape) - rows) ** 2).mean(axis=1)
    else:
        model.fit(train, labels)
        return model.predict_proba(test)[:, 1] if hasattr(model, "predict_proba") else model.decision_function(test)
    sign = 1 if roc_auc_score(labels, said(train)) >= 0.5 else -1
    return sign * said(test)


def main(folder):
    table = pd.read_csv(Path(folder) / "table.csv").to_numpy(dtype=np.float64)
    ours = pd.read_csv(Path(folder) / "held_out.csv")
    x, y = table[:, :-1], table[:, -1].astype(int)
    held_out = np.zeros(len(table), dtype=bool)
    held_out[ours["row"]] = True
    prepare = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    train = prepare.fit_transform(x[~held_out])
    test = prepare.transform(x[held_out])
    worse = []
    print(f"{'entry':40}{'botdet':>9}{'sklearn':>9}{'gain':>9}")
    for name, model in counterparts(x.shape[1]).items():
        if name not in ours:
            continue
        mine = roc_auc_score(ours["label"], ours[name])
        theirs = roc_auc_score(y[held_out], scores(name, model, train, y[~held_out], test))
        print(f"{name:40}{mine:9.4f}{theirs:9.4f}{mine - theirs:9.4f}", flush=True)
        if mine < theirs - TOLERANCE and name not in SHOWN_ONLY:
            worse.append(name)
    if worse:
        sys.exit(f"more than {TOLERANCE} below scikit-learn: {', '.join(worse)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: zoo_compare.py FOLDER")
    main(sys.argv[1])
