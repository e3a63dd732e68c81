"""The features of every account, from their definitions alone: a second opinion on the Rust code.

    python features.py accounts.csv activity.csv > features.csv

Both files are CSV with a header, columns named as in the tables `account` and `activity`; NULL is `\\N`, so that an
empty field is an empty text. Times are microseconds since 1970, or timestamps with a time zone. Missing features come
out as empty fields, and so do those that come of comparing accounts.
"""

import csv
import math
import sys
from collections import Counter, deque
from datetime import datetime, timedelta, timezone
from ipaddress import ip_interface
from itertools import groupby

import numpy as np

from text import analyse, fnv1a, hash_text, is_near, mix64

NAMES = """posting_cadence posting_cadence_std burst_score circadian_entropy active_hours action_diversity typo_rate
session_duration_mean session_duration_std device_diversity content_length_mean content_length_std
content_length_variance duplicate_rate content_diversity follower_following_ratio account_age_days is_verified
profile_completeness followers following gap_p10 gap_median gap_p90 gap_cv gap_entropy autocorrelation_1h
autocorrelation_24h night_share weekend_share trend longest_silence ip_diversity target_diversity country_diversity
event_count url_diversity link_rate mention_rate capital_share emoji_rate template_rate copied_rate copy_accounts
shared_device_degree shared_ip_degree lockstep_score lockstep_accounts""".split()

ACTIONS = "other post comment repost like follow unfollow view message login share profile_update".split()
PUBLICATIONS = {"post", "comment", "repost", "share"}
SECOND = 1_000_000
END_OF_TIME = 4_102_444_800 * SECOND
SESSION_GAP = 1_800 * SECOND
HOUR = 3_600 * SECOND
REMEMBERED_SIGNATURES = 32
REMEMBERED_TEMPLATES = 16
GAP_BINS = 24
COUNTING_BITS = 128
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


def estimated_distinct(hashes):
    """Number of distinct hashes by linear counting, a whole number; 0 hashes are no names."""
    unset = COUNTING_BITS - len({value % COUNTING_BITS for value in hashes if value})
    return float(round(COUNTING_BITS * math.log(COUNTING_BITS / max(unset, 0.5))))


def hash_name(name):
    """Hash of 32 bits of a name, 0 without one."""
    return max(hash_text(name) >> 32, 1) if name else 0


def hash_address(address):
    """Hash of 32 bits of an address, IPv4 as mapped into IPv6; 0 without one."""
    if not address:
        return 0
    packed = ip_interface(address).ip.packed
    octets = packed if len(packed) == 16 else bytes(10) + b"\xff\xff" + packed
    return max(mix64(fnv1a(octets)) >> 32, 1)


def gap_bins(gaps):
    """Histogram of gaps in microseconds by log2(1 + seconds), halved before a bin would overflow."""
    bins = [0] * GAP_BINS
    for gap in gaps:
        k = min((gap // SECOND + 1).bit_length() - 1, GAP_BINS - 1)
        if bins[k] == LARGEST_COUNT:
            bins = [count // 2 for count in bins]
        bins[k] += 1
    return bins


def gap_quantile(bins, share):
    """Quantile of the gaps, s: log2(1 + gap) is evenly spread within a bin."""
    places = np.arange(GAP_BINS + 1)
    reached = np.concatenate(([0], np.cumsum(bins)))
    last = np.flatnonzero(reached >= share * sum(bins))[0]
    return float(2 ** (places[last] - (reached[last] - share * sum(bins)) / bins[last - 1]) - 1)


def gap_features(times):
    """Features of the gaps between all events, and where between the first and the last they lie."""
    gaps = [after - before for before, after in zip(times, times[1:])]
    found = {"longest_silence": float(max(gaps) // SECOND)} if gaps else {}
    if len(gaps) < 2:
        return found
    bins = gap_bins(gaps)
    mean, std = mean_and_std([gap / SECOND for gap in gaps])
    for name, share in (("gap_p10", 0.1), ("gap_median", 0.5), ("gap_p90", 0.9)):
        found[name] = gap_quantile(bins, share)
    found["gap_entropy"] = entropy(bins) / math.log(min(len(gaps), GAP_BINS))
    if mean > 0:
        found["gap_cv"] = std / mean
        found["trend"] = 2 * math.fsum((time - times[0]) / (times[-1] - times[0]) for time in times) / len(times) - 1
    return found


def autocorrelation(counts, lag):
    """Autocorrelation of a series at a lag, NaN for one that does not vary."""
    if counts.min() == counts.max():
        return math.nan
    around = counts - counts.mean()
    return float((around[lag:] * around[:-lag]).sum() / (around * around).sum())


def night_share(times):
    """Share of the events in the quietest six hours of the day in a row."""
    hours = np.bincount([time // HOUR % 24 for time in times], minlength=24)
    return float(min(np.roll(hours, -start)[:6].sum() for start in range(24))) / len(times)


def rhythm_features(times):
    """Features of when in the day, in the week and from hour to hour events fall."""
    counts = np.bincount([time // HOUR - times[0] // HOUR for time in times]).astype(float)
    days = [(EPOCH + timedelta(microseconds=time)).weekday() for time in times]
    return {
        "night_share": night_share(times) if len(times) >= 10 else math.nan,
        "weekend_share": sum(day >= 5 for day in days) / len(times),
        "autocorrelation_1h": autocorrelation(counts, 1) if len(counts) >= 3 else math.nan,
        "autocorrelation_24h": autocorrelation(counts, 24) if len(counts) >= 48 else math.nan,
    }


def distinct_features(events):
    """Numbers of distinct names, missing where there is none."""
    hashes = {
        "ip_diversity": [hash_address(event["ip"]) for event in events],
        "target_diversity": [hash_name(event["target"]) for event in events],
        "country_diversity": [hash_name(event["country"]) for event in events],
    }
    return {name: estimated_distinct(found) for name, found in hashes.items() if any(found)}


def known_templates(texts):
    """Texts that have the template of one of the latest that have any."""
    recent, known = deque(maxlen=REMEMBERED_TEMPLATES), 0
    for text in texts:
        if text.template:
            known += text.template in recent
            recent.append(text.template)
    return known


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
    letters = sum(text.letters for text in texts)
    return {
        "typo_rate": sum(text.has_typo for text in texts) / len(texts),
        "content_length_mean": mean,
        "content_length_std": std,
        "content_length_variance": std * std,
        "duplicate_rate": sum(event["near_duplicate"] for event in events) / len(texts),
        "content_diversity": word_entropy(texts),
        "url_diversity": estimated_distinct(text.host for text in texts),
        "link_rate": sum(text.has_link for text in texts) / len(texts),
        "mention_rate": sum(text.mentions for text in texts) / len(texts),
        "capital_share": sum(text.capitals for text in texts) / letters if letters else math.nan,
        "emoji_rate": sum(text.emoji for text in texts) / len(texts),
        "template_rate": known_templates(texts) / len(texts),
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
    """The features of one account, in the order of NAMES; `events` are annotated and in order."""
    times = [event["occurred_at"] for event in events]
    found = profile_features(account, times[-1] if times else None)
    if times:
        published = [event["occurred_at"] for event in events if event["action"] in PUBLICATIONS]
        gaps = [(after - before) / SECOND for before, after in zip(published, published[1:])]
        found["posting_cadence"], found["posting_cadence_std"] = mean_and_std(gaps)
        found["action_diversity"] = entropy(Counter(event["action"] for event in events).values())
        found["device_diversity"] = distinct_devices(event["device"] for event in events)
        found["event_count"] = float(len(events))
        found |= time_features(times) | gap_features(times) | rhythm_features(times)
        found |= distinct_features(events) | text_features(events)
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
