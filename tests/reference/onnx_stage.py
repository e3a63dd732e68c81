"""Writes the ONNX files that stand for sequence stages made elsewhere, as PyTorch exports them.

Needs numpy, torch, onnx, onnxscript and onnxruntime (checked with torch 2.15 on the CPU, onnx 1.23.2 and onnxruntime
1.31.1).

    python onnx_stage.py tests/golden/onnx

Beside each file lies a .csv with what PyTorch answers for the sequences that `sequence` makes: length, logit.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

CHANNELS = 16
LENGTHS = [1, 2, 7, 31, 128]


def sequence(steps):
    """Value number n of a sequence is (n mod 7) / 7."""
    return (np.arange(steps * CHANNELS) % 7 / 7).astype(np.float32).reshape(1, steps, CHANNELS)


class Recurrent(nn.Module):
    """One GRU layer of PyTorch's, its last state, a linear head. It has no lengths: rows of one run are of one length."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(CHANNELS, 6, batch_first=True)
        self.head = nn.Linear(6, 1)

    def forward(self, sequences):
        _, last = self.gru(sequences)
        return self.head(last[0])


class Attention(nn.Module):
    """One query over the events, those behind the length masked out."""

    def __init__(self):
        super().__init__()
        self.keys = nn.Linear(CHANNELS, 8)
        self.values = nn.Linear(CHANNELS, 8)
        self.query = nn.Linear(8, 1, bias=False)
        self.head = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 1))

    def forward(self, sequences, lengths):
        behind = torch.arange(sequences.shape[1], device=sequences.device)[None, :] >= lengths[:, None]
        relevance = self.query(self.keys(sequences)).squeeze(2).masked_fill(behind, float("-inf"))
        mean = torch.einsum("bt,btc->bc", torch.softmax(relevance, dim=1), self.values(sequences))
        return self.head(mean).squeeze(1)


def export(model, names, path):
    inputs = (torch.zeros(3, 5, CHANNELS), torch.tensor([5, 1, 3], dtype=torch.int32))[: len(names)]
    with warnings.catch_warnings():
        # The older exporter writes plain nodes; what it says of its age is no matter here.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            inputs,
            path,
            dynamo=False,
            opset_version=17,
            input_names=names,
            output_names=["logit"],
            dynamic_axes={"sequences": {0: "batch", 1: "steps"}, "lengths": {0: "batch"}, "logit": {0: "batch"}},
        )


def answers(model, names, path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for steps in LENGTHS:
        given = dict(zip(names, (sequence(steps), np.array([steps], np.int32))))
        with torch.no_grad():
            logit = model(*(torch.from_numpy(value) for value in given.values())).item()
        by_runtime = session.run(["logit"], given)[0].item()
        assert abs(logit - by_runtime) < 1e-5, (path, steps, logit, by_runtime)
        yield steps, logit


def main(folder):
    torch.manual_seed(7)
    for name, model, names in [
        ("recurrent", Recurrent(), ["sequences"]),
        ("attention", Attention(), ["sequences", "lengths"]),
    ]:
        model.eval()
        path = folder / f"{name}.onnx"
        export(model, names, path)
        lines = [f"{steps},{logit:.7g}\n" for steps, logit in answers(model, names, path)]
        (folder / f"{name}.csv").write_text("length,logit\n" + "".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
