"""What scikit-learn makes of the simulated table of account metrics, beside the figures of the original data.

    botdet simulate --detector spammer --out FOLDER
    python tests/reference/spammer_figures.py FOLDER/spammer.csv

Wants scikit-learn 1.9 or newer (class weights belong in the bootstrap draw) and pandas. Prints the share of positives, missing values,
correlated pairs and constant columns; then ROC-AUC, precision, recall and F1 at 0.5 of a balanced random forest (300 trees,
depth 20, minimum split 5) on a stratified fifth that is held out, its importances, and ROC-AUC of histogram boosting.
"""

import argparse

import numpy
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split

PAIRS = [(18, 16, 0.84), (20, 10, 0.86), (35, 34, 0.97), (44, 41, 0.93)]
IMPORTANCES = {19: 0.226, 1: 0.076, 2: 0.068, 7: 0.065, 22: 0.062, 21: 0.059}


def line(name, found, original):
    print(f"{name:<44}{found:>10}{original:>10}")


def describe(inputs, label):
    line("rows", len(inputs), 458_798)
    line("share of positives", f"{label.mean():.4f}", "0.0269")
    missing = inputs.isna().sum()
    line("missing values", missing.sum(), 6)
    line("columns with missing values", " ".join(missing.index[missing > 0]), "")
    for a, b, original in PAIRS:
        found = inputs.iloc[:, a - 1].corr(inputs.iloc[:, b - 1])
        line(f"correlation of {inputs.columns[a - 1]} and", "", "")
        line(f"    {inputs.columns[b - 1]}", f"{found:.3f}", original)
    constant = [str(n + 1) for n in range(inputs.shape[1]) if inputs.iloc[:, n].nunique() == 1]
    line("constant columns", " ".join(constant), "")


def judge(inputs, label, trees):
    filled = inputs.fillna(inputs.median()).to_numpy(numpy.float32)
    train, test, known, truth = train_test_split(filled, label, test_size=0.2, stratify=label, random_state=1)
    forest = RandomForestClassifier(
        trees, max_depth=20, min_samples_split=5, class_weight="balanced", n_jobs=2, random_state=1
    ).fit(train, known)
    score = forest.predict_proba(test)[:, 1]
    flagged = score >= 0.5
    line("forest: ROC-AUC", f"{roc_auc_score(truth, score):.4f}", 0.951)
    line("forest: precision at 0.5", f"{precision_score(truth, flagged):.3f}", 0.761)
    line("forest: recall at 0.5", f"{recall_score(truth, flagged):.3f}", 0.636)
    line("forest: F1 at 0.5", f"{f1_score(truth, flagged):.3f}", 0.693)
    for index in numpy.argsort(-forest.feature_importances_)[:12]:
        found = f"{forest.feature_importances_[index]:.3f}"
        line(f"forest: importance of {inputs.columns[index]}", found, IMPORTANCES.get(index + 1, ""))
    boosting = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.06, min_samples_leaf=100, random_state=1)
    score = boosting.fit(train, known).predict_proba(test)[:, 1]
    line("boosting: ROC-AUC", f"{roc_auc_score(truth, score):.4f}", 0.958)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="spammer.csv")
    parser.add_argument("--trees", type=int, default=300)
    options = parser.parse_args()
    table = pandas.read_csv(options.file, index_col="account_id", low_memory=False)
    label = table.pop("is_spammer").astype(bool).to_numpy()
    inputs = table.replace({"true": 1.0, "false": 0.0, True: 1.0, False: 0.0}).astype(float)
    line("", "found", "original")
    describe(inputs, label)
    judge(inputs, label, options.trees)


if __name__ == "__main__":
    main()
