"""Writes golden contributions: small scikit-learn and LightGBM ensembles, and what the shap package says of some rows.

Needs numpy, scikit-learn, lightgbm and shap (checked with 2.4, 1.9.1, 4.7 and 0.51).

    python trees_shap.py models/tests/golden/tree_contributions.json

Each tree is an array of nodes: [feature, threshold, missing goes left, left child, right child] or [value, cover].
"""

import json
import sys

import numpy as np
import shap
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier

ROWS, WIDTH = 400, 6


def data():
    random = np.random.default_rng(4)
    rows = random.normal(size=(ROWS, WIDTH)).astype(np.float32)
    risk = rows[:, 0] + rows[:, 1] * rows[:, 2] + 0.5 * random.normal(size=ROWS)
    rows[:, 3] = np.round(rows[:, 3])
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows, risk > 0.5


def single(threshold):
    """The largest finite number of single precision that is not above: it parts such numbers in the same way."""
    rounded = np.float32(min(threshold, np.finfo(np.float32).max))
    return float(rounded if rounded <= threshold else np.nextafter(rounded, np.float32(-np.inf)))


def forest_tree(tree):
    shares = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
    for i in range(tree.node_count):
        if tree.children_left[i] < 0:
            yield [float(np.float32(shares[i])), float(tree.weighted_n_node_samples[i])]
        else:
            split = int(tree.feature[i]), single(tree.threshold[i]), bool(tree.missing_go_to_left[i])
            yield [*split, int(tree.children_left[i]), int(tree.children_right[i])]


def boosted_tree(root):
    nodes = []

    def add(node):
        index = len(nodes)
        nodes.append(None)
        if "leaf_value" in node:
            nodes[index] = [float(np.float32(node["leaf_value"])), float(node["leaf_count"])]
        else:
            assert node["decision_type"] == "<=" and node["missing_type"] == "NaN"
            split = node["split_feature"], single(node["threshold"]), node["default_left"]
            nodes[index] = [*split, add(node["left_child"]), add(node["right_child"])]
        return index

    add(root)
    return nodes


def for_shap(tree, divisor):
    """The tree in the form that shap's explainer takes."""
    leaf = [len(node) == 2 for node in tree]

    def cover(i):
        return tree[i][1] if leaf[i] else cover(tree[i][3]) + cover(tree[i][4])

    def column(value, of_leaf):
        return np.array([of_leaf if leaf[i] else value(node) for i, node in enumerate(tree)])

    return {
        "children_left": column(lambda node: node[3], -1),
        "children_right": column(lambda node: node[4], -1),
        "children_default": column(lambda node: node[3] if node[2] else node[4], -1),
        "features": column(lambda node: node[0], -2),
        "thresholds": column(lambda node: node[1], 0.0),
        "values": np.array([[node[0] / divisor if leaf[i] else 0.0] for i, node in enumerate(tree)]),
        "node_sample_weight": np.array([cover(i) for i in range(len(tree))], dtype=float),
    }


def explained(trees, mean, rows):
    divisor = len(trees) if mean else 1
    explainer = shap.TreeExplainer({"trees": [for_shap(tree, divisor) for tree in trees]})
    contributions = explainer.shap_values(rows, check_additivity=False)
    expected = float(np.ravel(explainer.expected_value)[0])
    return {"mean": mean, "trees": trees, "expected": expected, "contributions": contributions.tolist()}


def main(path):
    rows, labels = data()
    forest = RandomForestClassifier(6, max_depth=6, min_samples_split=8, random_state=1).fit(rows, labels)
    booster = LGBMClassifier(n_estimators=8, num_leaves=15, min_child_samples=5, random_state=1, verbose=-1)
    booster.fit(rows, labels)
    forest_trees = [list(forest_tree(estimator.tree_)) for estimator in forest.estimators_]
    boosted_trees = [boosted_tree(info["tree_structure"]) for info in booster.booster_.dump_model()["tree_info"]]
    chosen = rows[:40]
    cases = {
        "forest": explained(forest_trees, True, chosen),
        "boosting": explained(boosted_trees, False, chosen),
    }
    # What is written is what the models themselves say.
    for name, said in (("forest", forest.predict_proba(chosen)[:, 1]), ("boosting", booster.predict(chosen, raw_score=True))):
        margins = cases[name]["expected"] + np.sum(cases[name]["contributions"], axis=1)
        assert np.abs(margins - said).max() < 1e-6, name
    listed = [[None if np.isnan(value) else float(value) for value in row] for row in chosen]
    with open(path, "w") as file:
        json.dump({"rows": listed, **cases}, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
