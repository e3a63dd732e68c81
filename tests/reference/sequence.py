"""The 16 channels of an account's last 128 events, from their definitions alone.

    python sequence.py activity.csv > sequences.csv
"""

import csv
import math
import sys

import numpy as np

from features import SECOND, annotate, read_activity

LENGTH = 128
CHANNELS = 16
LARGEST_LOG = 15.0
ACTION_GROUPS = [("post",), ("comment", "message"), ("repost", "share"), ("like",)]


def length_class(text):
    """0 without text, then four classes to every doubling of the length, at most 63."""
    return 0 if text is None else 1 + min(62, math.floor(4 * math.log2(1 + text.characters)))


def channels(events):
    """float32 array [at most 128, 16] of one account's annotated events, in order; seconds are cut to whole ones."""
    before, events = events[:-LENGTH], events[-LENGTH:]
    rows = np.zeros((len(events), CHANNELS), dtype=np.float32)
    # Gaps begin with the sequence; device and target are compared with the event before it, too.
    previous, previous_second, previous_log = before[-1] if before else None, None, 0.0
    for row, event in zip(rows, events):
        second = event["occurred_at"] // SECOND
        if previous_second is not None:
            log_gap = math.log1p(second - previous_second)
            row[0] = log_gap / LARGEST_LOG
            row[1] = abs(log_gap - previous_log) / LARGEST_LOG
            previous_log = log_gap
        if previous is not None:
            row[9] = (event["device"] or "") != (previous["device"] or "")
            row[10] = bool(event["target"]) and event["target"] == previous["target"]
        for start, period in ((2, 86_400), (4, 3_600)):
            angle = second % period / period * 2 * math.pi
            row[start], row[start + 1] = math.sin(angle), math.cos(angle)
        row[6] = length_class(event["text"]) / 63
        if event["text"]:
            row[7], row[11] = event["text"].has_typo, event["text"].has_link
        row[8] = event["near_duplicate"]
        row[12:16] = [event["action"] in group for group in ACTION_GROUPS]
        previous, previous_second = event, second
    return rows


def main(activity_path):
    """Writes one line per event of the sequences: account, place, and the channels."""
    writer = csv.writer(sys.stdout)
    writer.writerow(["account_id", "place", *(f"channel_{k}" for k in range(CHANNELS))])
    for account, events in read_activity(activity_path).items():
        for place, row in enumerate(channels(annotate(events))):
            writer.writerow([account, place, *(repr(float(value)) for value in row)])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: sequence.py ACTIVITY.csv")
    main(sys.argv[1])
