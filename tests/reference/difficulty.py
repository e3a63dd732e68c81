"""Measures how hard a simulation is: a filter on the features, a GRU on the sequences, and both together.

    python difficulty.py accounts.csv activity.csv [--epochs 18] [--seed 1] [--leave-out] [--filter-only]

accounts.csv needs the columns `is_bot` and `strategy` (`human` for humans) besides those of the account table. Wanted:
the filter between 0.90 and 0.94, both together at least 0.02 above it, no single column beyond 0.85.
Needs numpy, scikit-learn and torch.
"""

import argparse

import numpy as np
import torch
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features import NAMES, annotate, features, read, read_activity
from sequence import CHANNELS, LENGTH, channels

HEAVY_TAILED = """posting_cadence posting_cadence_std session_duration_mean session_duration_std device_diversity
content_length_mean content_length_std content_length_variance follower_following_ratio account_age_days followers
following""".split()


class Network(torch.nn.Module):
    """Bidirectional GRU over the events; its pooled states and the filter's logit make the logit."""

    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(CHANNELS, 64, 2, batch_first=True, bidirectional=True, dropout=0.3)
        self.head = torch.nn.Sequential(torch.nn.Dropout(0.3), torch.nn.Linear(256, 1))

    def forward(self, sequences, lengths):
        packed = torch.nn.utils.rnn.pack_padded_sequence(sequences, lengths, batch_first=True, enforce_sorted=False)
        states, _ = torch.nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        inside = (torch.arange(states.shape[1])[None, :] < lengths[:, None])[:, :, None]
        mean = (states * inside).sum(1) / lengths[:, None]
        largest = states.masked_fill(~inside, -10.0).amax(1)
        return self.head(torch.cat([mean, largest], 1)).squeeze(1)


def load(accounts_path, activity_path):
    """Features, padded sequences, their lengths, labels and strategies, account by account."""
    activity = read_activity(activity_path)
    table, sequences, lengths, labels, strategies = [], [], [], [], []
    for account in read(accounts_path):
        events = annotate(activity.pop(int(account["account_id"]), []))
        table.append(features(account, events))
        rows = channels(events)
        sequences.append(np.pad(rows, ((0, LENGTH - len(rows)), (0, 0))))
        lengths.append(max(len(rows), 1))
        labels.append(account["is_bot"].lower() in ("t", "true", "1"))
        strategies.append(account["strategy"])
    logged = [NAMES.index(name) for name in HEAVY_TAILED]
    table = np.array(table)
    table[:, logged] = np.log1p(table[:, logged])
    return table, np.array(sequences), np.array(lengths), np.array(labels), np.array(strategies)


def filter_logit(table, labels, train):
    """Logit of a standardised logistic regression with an L2 penalty, for every account."""
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(table[train], labels[train]).decision_function(table)


def network_logit(sequences, lengths, labels, train, validation, epochs):
    """Logit of the GRU at its best epoch on the validation part, for every account."""
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    sequences, lengths = torch.from_numpy(sequences), torch.from_numpy(lengths)
    targets = torch.from_numpy(labels.astype(np.float32))

    def logit_of(rows):
        network.eval()
        with torch.no_grad():
            return np.concatenate([network(sequences[part], lengths[part]).numpy() for part in np.array_split(rows, 16)])

    best, best_auc = None, 0.0
    for _ in range(epochs):
        network.train()
        for batch in np.array_split(np.random.permutation(train), len(train) // 32):
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                network(sequences[batch], lengths[batch]), targets[batch]
            )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
        auc = roc_auc_score(labels[validation], logit_of(validation))
        if auc > best_auc:
            best, best_auc = {name: value.clone() for name, value in network.state_dict().items()}, auc
    network.load_state_dict(best)
    return logit_of(np.arange(len(labels)))


def combine(logits, labels, validation):
    """A logistic regression on the logits, fitted on accounts that neither of them was fitted on."""
    stacked = np.column_stack(logits)
    return LogisticRegression().fit(stacked[validation], labels[validation]).decision_function(stacked)


def recall_at(scores, labels, share):
    """Share of bots above the score that this share of humans exceeds."""
    return (scores[labels] > np.quantile(scores[~labels], 1 - share)).mean()


def report_columns(table, labels):
    """ROC-AUC of every column alone, and how often it is missing in both classes."""
    print(f"{'column':28} {'auc':>6} {'missing bots':>13} {'missing humans':>15}")
    for name, column in zip(NAMES, table.T):
        known = ~np.isnan(column)
        auc = roc_auc_score(labels[known], column[known])
        missing = [np.isnan(column[labels == label]).mean() for label in (True, False)]
        print(f"{name:28} {auc:6.3f} {missing[0]:13.3f} {missing[1]:15.3f}")


def report_scores(scores, labels, strategies, test):
    """ROC-AUC of every score on held-out accounts, over all bots and by strategy against all humans."""
    print(f"{'bots':20}", *(f"{name:>9}" for name in scores))
    for strategy in ["all", *sorted(set(strategies) - {"human"})]:
        rows = test[(strategies[test] == strategy) | ~labels[test] | (strategy == "all")]
        print(f"{strategy:20}", *(f"{roc_auc_score(labels[rows], score[rows]):9.3f}" for score in scores.values()))
    for name, score in scores.items():
        print(f"{name}: recall {recall_at(score[test], labels[test], 0.01):.3f} at 1 % of humans")


def report_left_out(data, train, validation, test, epochs):
    """Recall of each strategy at 1 % of humans when no bot of it was in training."""
    table, sequences, lengths, labels, strategies = data
    for strategy in sorted(set(strategies) - {"human"}):
        seen, checked = (rows[strategies[rows] != strategy] for rows in (train, validation))
        unseen = np.concatenate([test[~labels[test]], np.flatnonzero(strategies == strategy)])
        first = filter_logit(table, labels, seen)
        second = network_logit(sequences, lengths, labels, seen, checked, epochs)
        both = combine([first, second], labels, checked)
        recalls = [recall_at(score[unseen], labels[unseen], 0.01) for score in (first, second, both)]
        print(f"without {strategy:20}", *(f"{recall:9.3f}" for recall in recalls), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accounts")
    parser.add_argument("activity")
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leave-out", action="store_true", help="also leave out one strategy after the other")
    parser.add_argument("--filter-only", action="store_true", help="do not train the GRU")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    np.random.seed(arguments.seed)

    data = load(arguments.accounts, arguments.activity)
    table, sequences, lengths, labels, strategies = data
    print(f"{len(labels)} accounts, {labels.mean():.3f} bots, {(lengths == LENGTH).mean():.3f} with {LENGTH} events")
    report_columns(table, labels)
    split = lambda rows, share: train_test_split(rows, test_size=share, stratify=strategies[rows], random_state=arguments.seed)
    rest, test = split(np.arange(len(labels)), 0.2)
    train, validation = split(rest, 0.25)
    scores = {"filter": filter_logit(table, labels, train)}
    if not arguments.filter_only:
        scores["gru"] = network_logit(sequences, lengths, labels, train, validation, arguments.epochs)
        scores["both"] = combine(list(scores.values()), labels, validation)
    report_scores(scores, labels, strategies, test)
    if arguments.leave_out:
        report_left_out(data, train, validation, test, arguments.epochs)


if __name__ == "__main__":
    main()
