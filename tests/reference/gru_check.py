"""Checks the GRU trainer and its ONNX export against PyTorch and ONNX Runtime.

Needs numpy, torch and onnxruntime (checked with torch 2.15 on the CPU and onnxruntime 1.31.1).

    python gru_check.py golden loader/tests/golden/gru.json     writes PyTorch's values for the small case

    mkdir check && BOTDET_GRU_CHECK=$PWD/check cargo test -p botdet-loader write_reference_files -- --ignored
    python gru_check.py compare check                           compares the large case, and the exported model
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

SMALL = dict(inputs=2, hidden=3, layers=2, lengths=[7, 1, 4, 7, 2])
LARGE = dict(inputs=16, hidden=64, layers=2, lengths=[128, 5, 77, 1, 100, 33, 128])


def sequences(inputs, lengths):
    """The n-th value of sequence s is 2 cos(0.37 n + s)."""
    drawn = [2 * np.cos(0.37 * np.arange(length * inputs) + s) for s, length in enumerate(lengths)]
    return [values.astype(np.float32).reshape(-1, inputs) for values in drawn]


def pieces(gru, hidden, head):
    """The parameters in the network's order, each with the functions from and to its layout.

    PyTorch's gates are r, z, n and its matrices [gates, inputs]; the network's are z, r, n and [inputs, gates].
    """
    swap = np.r_[hidden : 2 * hidden, :hidden, 2 * hidden : 3 * hidden]
    for layer in range(gru.num_layers):
        for suffix in ("", "_reverse"):
            for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh"):
                # Swapping two blocks undoes itself, and so does transposing.
                yield getattr(gru, f"{name}_l{layer}{suffix}"), lambda a: a.T[swap], lambda a: a[swap].T
    yield head.weight, lambda a: a.T, lambda a: a.T
    yield head.bias, lambda a: a, lambda a: a


def network(inputs, hidden, layers):
    """The n-th parameter is sin(n + 1) / sqrt(hidden)."""
    gru = nn.GRU(inputs, hidden, layers, bidirectional=True)
    head = nn.Linear(2 * hidden, 1)
    start = 0
    with torch.no_grad():
        for parameter, to_torch, from_torch in pieces(gru, hidden, head):
            index = np.arange(start, start + parameter.numel())
            values = (np.sin(index + 1.0) / np.sqrt(hidden)).astype(np.float32)
            shape = from_torch(parameter.detach().numpy()).shape
            parameter.copy_(torch.tensor(np.ascontiguousarray(to_torch(values.reshape(shape)))))
            start += parameter.numel()
    return gru, head


def weighted_loss(gru, head, inputs, lengths):
    """Logits and the weighted mean loss: odd sequences are bots, and sequence s weighs 1 + (s mod 3) / 2."""
    packed = pack_sequence([torch.tensor(values) for values in sequences(inputs, lengths)], enforce_sorted=False)
    output, _ = pad_packed_sequence(gru(packed)[0])
    logits = head(output.sum(0) / torch.tensor(lengths)[:, None]).squeeze(1)
    positions = torch.arange(len(lengths))
    weights = 1 + (positions % 3) / 2
    losses = nn.functional.binary_cross_entropy_with_logits(logits, (positions % 2).float(), reduction="none")
    return logits, (weights * losses).sum() / weights.sum()


def reference(inputs, hidden, layers, lengths):
    """PyTorch's logits, loss and gradient."""
    gru, head = network(inputs, hidden, layers)
    logits, loss = weighted_loss(gru, head, inputs, lengths)
    loss.backward()
    gradient = [from_torch(p.grad.numpy()).ravel() for p, _, from_torch in pieces(gru, hidden, head)]
    return logits.detach().numpy(), loss.item(), np.concatenate(gradient)


def trained(inputs, hidden, layers, lengths, steps):
    """The losses before each step of AdamW, which shrinks matrices alone, with gradients clipped to a norm of 0.1."""
    gru, head = network(inputs, hidden, layers)
    parameters = [*gru.parameters(), *head.parameters()]
    groups = [
        dict(params=[p for p in parameters if p.ndim == 2], weight_decay=0.5),
        dict(params=[p for p in parameters if p.ndim == 1], weight_decay=0.0),
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.02)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        _, loss = weighted_loss(gru, head, inputs, lengths)
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.1)
        optimizer.step()
    return losses


def write_golden(path):
    logits, loss, gradient = reference(**SMALL)
    rounded = {
        "logits": [float(f"{value:.7g}") for value in logits],
        "loss": float(f"{loss:.7g}"),
        "gradient": [float(f"{value:.6g}") for value in gradient],
        "training": [float(f"{value:.7g}") for value in trained(**SMALL, steps=60)],
    }
    Path(path).write_text(json.dumps(rounded) + "\n")


def compare(folder):
    import onnxruntime

    logits, _, gradient = reference(**LARGE)
    own_logits = np.fromfile(folder / "logits.f32", "<f4")
    own_gradient = np.fromfile(folder / "gradient.f32", "<f4")
    print(f"logits, PyTorch:      {np.abs(own_logits - logits).max():.1e} of {np.abs(logits).max():.2f}")
    print(f"gradient, PyTorch:    {np.abs(own_gradient - gradient).max():.1e} of {np.abs(gradient).max():.2f}")

    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    lengths = np.array(LARGE["lengths"], np.int32)
    padded = np.full((len(lengths), lengths.max(), LARGE["inputs"]), 0.7, np.float32)
    for row, values in zip(padded, sequences(LARGE["inputs"], lengths)):
        row[: len(values)] = values
    together = session.run(["logit"], {"sequences": padded, "lengths": lengths})[0]
    alone = [
        session.run(["logit"], {"sequences": padded[i : i + 1, :n], "lengths": lengths[i : i + 1]})[0][0]
        for i, n in enumerate(lengths)
    ]
    probabilities = session.run(["probability"], {"sequences": padded, "lengths": lengths})[0]
    print(f"logits, ONNX Runtime: {np.abs(own_logits - together).max():.1e} padded, "
          f"{np.abs(own_logits - alone).max():.1e} alone")
    print(f"probabilities:        {np.abs(1 / (1 + np.exp(-own_logits)) - probabilities).max():.1e}")


if __name__ == "__main__":
    if sys.argv[1] == "golden":
        write_golden(sys.argv[2])
    else:
        compare(Path(sys.argv[2]))
