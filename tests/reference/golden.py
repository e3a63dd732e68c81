"""Makes small golden files of what features.py and sequence.py computed: by key, rounded, channels summed.

    python golden.py account.csv features.csv sequences.csv FOLDER
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

CHANNELS = [f"channel_{k}" for k in range(16)]


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(accounts, features, sequences, folder):
    keys = {row["account_id"]: row["account_key"] for row in read(accounts)}
    rows = read(features)
    names = [name for name in rows[0] if name != "account_id"]
    short = lambda value: "" if value == "" else f"{float(value):.12g}"
    write(
        Path(folder) / "features.csv",
        ["account_key", *names],
        [[keys[row["account_id"]], *(short(row[name]) for name in names)] for row in rows],
    )
    sums = defaultdict(lambda: [0] + [0.0] * len(CHANNELS))
    for row in read(sequences):
        total = sums[keys[row["account_id"]]]
        total[0] += 1
        for k, channel in enumerate(CHANNELS, start=1):
            total[k] += float(row[channel])
    write(
        Path(folder) / "sequences.csv",
        ["account_key", "steps", *CHANNELS],
        [[key, total[0], *(f"{value:.9g}" for value in total[1:])] for key, total in sums.items()],
    )


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: golden.py account.csv features.csv sequences.csv FOLDER")
    main(*sys.argv[1:])
