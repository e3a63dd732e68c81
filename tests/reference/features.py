"""The 21 features of every account, from their definitions alone: a second opinion on the Rust code.

    python features.py accounts.csv activity.csv > features.csv

Both files are CSV with a header, columns named as in the tables `account` and `activity`; NULL is `\\N`, so that an
empty field is an empty text. Times are microseconds since 1970, or timestamps with a time zone. Missing features come
out as empty fields.
"""

import csv
import math
import sys
from collections import Counter, deque
from datetime import datetime, timedelta, timezone
from itertools import groupby

from text import analyse, hash_text, is_near

NAMES = """posting_cadence posting_cadence_std burst_score circadian_entropy active_hours action_diversity typo_rate
session_duration_mean session_duration_std device_diversity content_length_mean content_length_std
content_length_variance duplicate_rate content_diversity follower_following_ratio account_age_days is_verified
profile_completeness followers following""".split()

ACTIONS = "other post comment repost like follow unfollow view message login share profile_update".split()
PUBLICATIONS = {"post", "comment", "repost", "share"}
SECOND = 1_000_000
END_OF_TIME = 4_102_444_800 * SECOND
SESSION_GAP = 1_800 * SECOND
REMEMBERED_SIGNATURES = 32
KEPT_DEVICES = 24
BUCKETS = 64
LARGEST_COUNT = 65_535
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def microseconds(text):
    """Microseconds since 1970 of a number or a timestamp."""
    if text.lstrip("-").isdigit():
        return int(text)
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def read(path):
    """Rows of a CSV file as dictionaries, NULL as None."""
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {name: None if value == "\\N" else value for name, value in row.items()}


def read_activity(path):
    """Observed events by account, in order of time and then of activity_id."""
    events = [row for row in read(path)]
    for event in events:
        event["occurred_at"] = microseconds(event["occurred_at"])
        action = (event["action"] or "").lower()
        event["action"] = action if action in ACTIONS else "other"
    events = [event for event in events if 0 <= event["occurred_at"] < END_OF_TIME]
    events.sort(key=lambda event: (int(event["account_id"]), event["occurred_at"], int(event["activity_id"])))
    return {account: list(group) for account, group in groupby(events, key=lambda event: int(event["account_id"]))}


def annotate(events):
    """Adds to every event its text summary (`text`, None without text) and whether it is a `near_duplicate`."""
    recent = deque(maxlen=REMEMBERED_SIGNATURES)
    for event in events:
        content = event["content"]
        event["text"] = analyse(content) if content and content.strip() else None
        event["near_duplicate"] = False
        if event["text"] and event["text"].hashes:
            own = event["text"].signature
            event["near_duplicate"] = any(is_near(own, earlier) for earlier in recent)
            recent.append(own)
    return events


def mean_and_std(values):
    """Mean and population standard deviation, NaN without values."""
    if not values:
        return math.nan, math.nan
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def entropy(counts):
    """Shannon entropy in nats."""
    total = sum(counts)
    return -math.fsum(count / total * math.log(count / total) for count in counts if count) + 0.0


def distinct_devices(devices):
    """Number of distinct devices: exact while fewer than 24, then estimated from the 24th smallest hash."""
    hashes = sorted({hash_text(device) >> 32 for device in devices if device})
    if not hashes:
        return math.nan
    if len(hashes) < KEPT_DEVICES:
        return float(len(hashes))
    return max((KEPT_DEVICES - 1) / (hashes[KEPT_DEVICES - 1] / 2**32), float(KEPT_DEVICES))


def word_entropy(texts):
    """Entropy of the word buckets, whose counts are halved before one would overflow."""
    counts = [0] * BUCKETS
    for text in texts:
        for value in text.hashes:
            if counts[value >> 58] == LARGEST_COUNT:
                counts = [count // 2 for count in counts]
            counts[value >> 58] += 1
    return entropy(counts) if any(counts) else math.nan


def session_durations(times):
    """Seconds from the first to the last event of every session."""
    durations, start = [], 0
    for i in range(1, len(times) + 1):
        if i == len(times) or times[i] - times[i - 1] > SESSION_GAP:
            durations.append((times[i - 1] - times[start]) / SECOND)
            start = i
    return durations


def time_features(times):
    """Features that need nothing but the times of all events."""
    hours = Counter(time // (3_600 * SECOND) for time in times)
    by_hour_of_day = Counter(time // (3_600 * SECOND) % 24 for time in times)
    session_mean, session_std = mean_and_std(session_durations(times))
    return {
        "burst_score": 1 - len(times) / len(hours) / max(hours.values()),
        "circadian_entropy": entropy(by_hour_of_day.values()) / math.log(24),
        "active_hours": float(len(by_hour_of_day)),
        "session_duration_mean": session_mean,
        "session_duration_std": session_std,
    }


def text_features(events):
    """Features of the text events; `events` are annotated."""
    texts = [event["text"] for event in events if event["text"]]
    if not texts:
        return {}
    mean, std = mean_and_std([text.characters for text in texts])
    return {
        "typo_rate": sum(text.has_typo for text in texts) / len(texts),
        "content_length_mean": mean,
        "content_length_std": std,
        "content_length_variance": std * std,
        "duplicate_rate": sum(event["near_duplicate"] for event in events) / len(texts),
        "content_diversity": word_entropy(texts),
    }


def profile_features(account, last_time):
    """Features of the profile; `last_time` is None without events."""
    number = lambda name: math.nan if account[name] is None else float(account[name])
    flag = lambda name: math.nan if account[name] is None else float(account[name].lower() in ("t", "true", "1"))
    texts = [account[name] for name in ("display_name", "description", "location", "website")]
    known = [float(bool(text.strip())) for text in texts if text is not None]
    if account["has_avatar"] is not None:
        known.append(flag("has_avatar"))
    features = {
        "followers": number("followers"),
        "following": number("following"),
        "follower_following_ratio": number("followers") / max(number("following"), 1.0),
        "is_verified": flag("is_verified"),
        "profile_completeness": sum(known) / len(known) if known else math.nan,
    }
    if math.isnan(features["following"]):
        features["follower_following_ratio"] = math.nan
    if account["created_at"] is not None and last_time is not None:
        age = last_time - microseconds(account["created_at"])
        features["account_age_days"] = max(age / (86_400 * SECOND), 0.0)
    return features


def features(account, events):
    """The 21 features of one account, in the order of NAMES; `events` are annotated and in order."""
    times = [event["occurred_at"] for event in events]
    found = profile_features(account, times[-1] if times else None)
    if times:
        published = [event["occurred_at"] for event in events if event["action"] in PUBLICATIONS]
        gaps = [(after - before) / SECOND for before, after in zip(published, published[1:])]
        found["posting_cadence"], found["posting_cadence_std"] = mean_and_std(gaps)
        found["action_diversity"] = entropy(Counter(event["action"] for event in events).values())
        found["device_diversity"] = distinct_devices(event["device"] for event in events)
        found |= time_features(times) | text_features(events)
    return [found.get(name, math.nan) for name in NAMES]


def main(accounts_path, activity_path):
    """Writes one line of features per account, by account_id."""
    activity = read_activity(activity_path)
    writer = csv.writer(sys.stdout)
    writer.writerow(["account_id", *NAMES])
    for account in sorted(read(accounts_path), key=lambda row: int(row["account_id"])):
        account_id = int(account["account_id"])
        values = features(account, annotate(activity.get(account_id, [])))
        writer.writerow([account_id, *("" if math.isnan(value) else repr(value) for value in values)])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: features.py ACCOUNTS.csv ACTIVITY.csv")
    main(*sys.argv[1:])
