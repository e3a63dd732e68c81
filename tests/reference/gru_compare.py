"""Compares the GRU trainer with PyTorch, trained the same way on the same sequences.

Needs numpy, scikit-learn and torch (checked with torch 2.15 on the CPU), and the other half:

    cargo build --release -p botdet-loader --example gru_compare

    python gru_compare.py speed [--epochs 2] [--threads 1]       processor seconds an epoch: 5,000 sequences of 128 steps
    python gru_compare.py accuracy [--accounts 3000] [--seeds 3] ROC-AUC on simulated accounts not trained on

The shape is 2 bidirectional layers of 64 units, dropout 0.3, batches of 64, Adam at 1e-3. Speed counts the optimiser's
steps on both sides, and on ours 50 sequences of validation too.
"""

import argparse
import re
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PROGRAM = Path(__file__).parents[2] / "target/release/examples/gru_compare"
CHANNELS, BATCH = 16, 64


class Network(torch.nn.Module):
    """The network of the trainer, started as it starts its own."""

    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(CHANNELS, 64, 2, batch_first=True, bidirectional=True, dropout=0.3)
        self.head = torch.nn.Linear(128, 1)

    def forward(self, steps, lengths):
        if lengths is None:
            return self.head(self.gru(steps)[0].mean(1)).squeeze(1)
        packed = pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.head(states.sum(1) / lengths[:, None]).squeeze(1)


def write(folder, name, sequences, labels):
    np.concatenate([values.ravel() for values in sequences]).astype("<f4").tofile(folder / f"{name}.steps")
    np.array([len(values) for values in sequences], "<u4").tofile(folder / f"{name}.lengths")
    labels.astype("<f4").tofile(folder / f"{name}.labels")


def read(folder, name):
    """Padded sequences, lengths and labels."""
    lengths = np.fromfile(folder / f"{name}.lengths", "<u4").astype(np.int64)
    steps = np.fromfile(folder / f"{name}.steps", "<f4").reshape(-1, CHANNELS)
    padded = np.zeros((len(lengths), lengths.max(), CHANNELS), np.float32)
    for row, start, length in zip(padded, np.cumsum(lengths) - lengths, lengths):
        row[:length] = steps[start : start + length]
    return torch.tensor(padded), torch.tensor(lengths), torch.tensor(np.fromfile(folder / f"{name}.labels", "<f4"))


def logits(network, steps, lengths):
    network.eval()
    with torch.no_grad():
        parts = torch.arange(len(steps)).split(256)
        return torch.cat([network(steps[part, : lengths[part].max()], lengths[part]) for part in parts]).numpy()


def train(folder, epochs, seed, packed):
    """PyTorch's logits of the validation sequences at its best epoch, and its best epoch's processor seconds."""
    torch.manual_seed(seed)
    steps, lengths, labels = read(folder, "training")
    validation_steps, validation_lengths, validation_labels = read(folder, "validation")
    network, criterion = Network(), torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    best, lowest, fastest = None, np.inf, np.inf
    for _ in range(epochs):
        network.train()
        started = time.process_time()
        for batch in torch.randperm(len(steps)).split(BATCH):
            optimizer.zero_grad()
            longest = lengths[batch].max()
            output = network(steps[batch, :longest], lengths[batch] if packed else None)
            criterion(output, labels[batch]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
        fastest = min(fastest, time.process_time() - started)
        answer = logits(network, validation_steps, validation_lengths)
        loss = criterion(torch.tensor(answer), validation_labels).item()
        if loss < lowest:
            best, lowest = answer, loss
    return best, fastest


def run_ours(folder, epochs, threads, seed):
    """The same of the trainer."""
    arguments = [PROGRAM, "train", folder, *map(str, (epochs, BATCH, threads, seed))]
    told = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    seconds = [float(number) for number in re.findall(r"processor ([\d.]+)", told)]
    return np.fromfile(folder / "validation.logits", "<f4"), min(seconds)


def speed(folder, options):
    random = np.random.default_rng(0)
    for name, count in ("training", 5000), ("validation", 50):
        sequences = random.standard_normal((count, 128, CHANNELS), np.float32)
        write(folder, name, sequences, sequences[:, :, 0].mean(1) > 0)
    # In turns, so that whatever else runs on the machine slows both.
    ours, theirs = [], []
    for turn in range(options.epochs):
        ours.append(run_ours(folder, 1, options.threads, turn)[1])
        theirs.append(train(folder, 1, turn, packed=False)[1])
    print(f"{options.threads} threads, processor seconds an epoch: trainer {min(ours):.2f}, "
          f"PyTorch {min(theirs):.2f}, ratio {min(ours) / min(theirs):.3f}")


def accuracy(folder, options):
    subprocess.run([PROGRAM, "simulate", folder, str(options.accounts)], check=True)
    labels = read(folder, "validation")[2].numpy()
    print(f"{'seed':>4} {'trainer':>8} {'PyTorch':>8}")
    areas = []
    for seed in range(options.seeds):
        ours, _ = run_ours(folder, options.epochs, options.threads, seed)
        theirs, _ = train(folder, options.epochs, seed, packed=True)
        areas.append([roc_auc_score(labels, ours), roc_auc_score(labels, theirs)])
        print(f"{seed:>4} {areas[-1][0]:8.4f} {areas[-1][1]:8.4f}", flush=True)
    mean = np.mean(areas, 0)
    print(f"mean {mean[0]:8.4f} {mean[1]:8.4f}  difference {mean[0] - mean[1]:+.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "accuracy"])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    options.epochs = options.epochs or (2 if options.what == "speed" else 12)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        {"speed": speed, "accuracy": accuracy}[options.what](Path(folder), options)


if __name__ == "__main__":
    main()
