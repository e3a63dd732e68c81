"""Scores the same accounts by a Python service of the usual kind and by botdet in the database, and compares what that takes.

Needs fastapi, uvicorn, scikit-learn, onnxruntime, numpy and psycopg (checked with 0.165, 0.54, 1.9, 1.28, 2.4 and 3.3).

    python python_service.py DATABASE_URL [--library libonnxruntime.so]

The database has accounts with labels, and an active version with a sequence model. The service is one process: scaled logistic
regression, a random forest of 300 trees of depth 20, and the version's own sequence model under onnxruntime on one thread. Features and
sequences lie in its memory: it reads nothing, where botdet reads states and profiles for every call. One client asks both, over
one kept connection each, in turn. Prints milliseconds a call (median) and accounts a second.
"""

import argparse
import http.client
import json
import multiprocessing
import statistics
import struct
import time

import numpy as np
import psycopg

PORT = 18765
STEPS, CHANNELS = 128, 16
SIZES = [1, 100, 1000]
SECONDS = 4.0


def artifact_part(artifact, name):
    """A part of an artifact: see the format in models/src/artifact.rs."""
    (length,) = struct.unpack("<I", artifact[8:12])
    manifest = json.loads(artifact[12 : 12 + length])
    at = 12 + length
    for part in manifest["parts"]:
        if part["name"] == name:
            return artifact[at : at + part["length"]]
        at += part["length"]
    raise SystemExit(f"the active version has no part {name}")


def read(url):
    """Features, labels, numbers of events, and the sequence model of the active version."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT l.account_id, l.is_bot, to_jsonb(botdet_features(l.account_id)) FROM botdet.label l ORDER BY 1"
        ).fetchall()
        (artifact,) = connection.execute(
            "SELECT artifact FROM botdet.model_version v JOIN botdet.deployment d USING (model_version_id) "
            "WHERE d.detector = 'account' AND d.alias = 'champion'"
        ).fetchone()
    ids = [row[0] for row in rows]
    labels = np.array([row[1] for row in rows])
    values = [[np.nan if v is None else float(v) for v in row[2].values()] for row in rows]
    events = np.array([int(row[2]["event_count"] or 1) for row in rows])
    return ids, labels, np.array(values, dtype=np.float32), events, artifact_part(artifact, "sequence.onnx")


def serve(url):
    import onnxruntime
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    ids, labels, values, events, onnx = read(url)
    logistic = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000)).fit(values, labels)
    forest = RandomForestClassifier(300, max_depth=20, n_jobs=1, random_state=1).fit(values, labels)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    lengths = np.minimum(events, STEPS).clip(1).astype(np.int32)
    sequences = np.random.default_rng(1).normal(size=(len(ids), STEPS, CHANNELS)).astype(np.float32) * 0.3
    place = {account: index for index, account in enumerate(ids)}
    app = FastAPI()

    class Batch(BaseModel):
        user_ids: list[int]

    def score(user_ids):
        rows = np.array([place[account] for account in user_ids])
        by_logistic = logistic.predict_proba(values[rows])[:, 1]
        by_forest = forest.predict_proba(values[rows])[:, 1]
        by_sequence = np.empty(len(rows), dtype=np.float32)
        order = np.argsort(lengths[rows])
        for chunk in np.array_split(order, max(1, len(order) // 32)):
            length = int(lengths[rows[chunk]].max())
            inputs = {"sequences": sequences[rows[chunk], :length], "lengths": lengths[rows[chunk]]}
            by_sequence[chunk] = session.run(None, inputs)[0].reshape(-1)
        mean = (by_logistic + by_forest + 1 / (1 + np.exp(-by_sequence))) / 3
        return [
            {"user_id": account, "bot_probability": float(p), "is_bot": int(p >= 0.5)}
            for account, p in zip(user_ids, mean)
        ]

    @app.get("/health")
    def health():
        return {"status": "ok"}

    @app.post("/predict")
    def predict(batch: Batch):
        return score(batch.user_ids[:1])[0]

    @app.post("/predict_batch")
    def predict_batch(batch: Batch):
        return score(batch.user_ids)

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")


def wait():
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT)
            connection.request("GET", "/health")
            connection.getresponse().read()
            return connection
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the service does not answer")


def ask_service(connection, user_ids):
    path = "/predict" if len(user_ids) == 1 else "/predict_batch"
    connection.request("POST", path, json.dumps({"user_ids": user_ids}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    return json.loads(answer.read())


def ask_database(cursor, user_ids):
    if len(user_ids) == 1:
        cursor.execute("SELECT bot_probability, is_bot FROM botdet_score(%s::bigint)", user_ids)
    else:
        cursor.execute("SELECT account_id, bot_probability, is_bot FROM botdet_score_batch(%s::bigint[])", [user_ids])
    return cursor.fetchall()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--library", help="libonnxruntime.so, for botdet under ONNX Runtime as well")
    arguments = parser.parse_args()
    ids = read(arguments.url)[0]
    service = multiprocessing.get_context("spawn").Process(target=serve, args=(arguments.url,), daemon=True)
    service.start()
    connection = wait()
    sides = {"service": lambda batch: ask_service(connection, batch)}
    runtimes = ["embedded"] + (["onnxruntime"] if arguments.library else [])
    for runtime in runtimes:
        database = psycopg.connect(arguments.url, autocommit=True, prepare_threshold=1)
        if arguments.library:
            database.execute(f"SET botdet.onnxruntime_library = '{arguments.library}'")
        database.execute(f"SET botdet.execution_provider = '{runtime}'")
        sides[f"botdet, {runtime}"] = lambda batch, cursor=database.cursor(): ask_database(cursor, batch)
    generator = np.random.default_rng(7)
    print(f"{len(ids)} accounts\n{'accounts a call':16}{'':22}{'ms a call':>12}{'accounts/s':>14}{'times the service':>20}")
    for size in SIZES:
        taken = {name: [] for name in sides}
        until = time.perf_counter() + SECONDS * len(sides)
        while time.perf_counter() < until or min(map(len, taken.values())) < 5:
            batch = [int(account) for account in generator.choice(ids, size)]
            for name, ask in sides.items():
                started = time.perf_counter()
                ask(batch)
                taken[name].append(time.perf_counter() - started)
        medians = {name: statistics.median(times[1:]) for name, times in taken.items()}
        for name, median in medians.items():
            rate = size / median
            faster = medians["service"] / median
            print(f"{size:<16}{name:22}{1e3 * median:12.2f}{rate:14.0f}{faster:20.1f}")
    service.terminate()


if __name__ == "__main__":
    main()
