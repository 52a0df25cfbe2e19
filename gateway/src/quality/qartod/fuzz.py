"""Random calls of ioos_qc's functions, and where Minuano's flags differ from its own.

    python3 -m venv target/ioos && target/ioos/bin/pip install ioos_qc==3.0.0
    cargo build --release -p minuano-gateway --example qartod
    target/ioos/bin/python gateway/src/quality/qartod/fuzz.py SEED COUNT target/release/examples/qartod

Prints the calls that differ, and exits 1 if there are any.
"""

import collections
import json
import random
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from ioos_qc import qartod

warnings.simplefilter("ignore")
np.seterr(all="ignore")
seed, count, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
R = random.Random(seed)


def value(x):
    x = x[0] if isinstance(x, list) else x
    return np.nan if x is None else x


def moment(x):
    if x is None:
        return np.datetime64("NaT")
    if isinstance(x, str):
        return np.datetime64(x.rstrip("Z"), "ns")
    return np.datetime64(int(round(x * 1e9)), "ns")


def theirs(name, args):
    args = dict(args)
    if name == "qartod_compare":
        args["vectors"] = [np.array(v) for v in args["vectors"]]
    if "inp" in args:
        args["inp"] = np.array([value(x) for x in args["inp"]], dtype=float)
    if "tinp" in args:
        args["tinp"] = np.array([moment(x) for x in args["tinp"]], dtype="datetime64[ns]")
    flags = getattr(qartod, name)(**args)
    return [int(flag) for flag in np.ma.getdata(flags).flatten()]


def values(n):
    kind, walk, out = R.choice("iwrfmc"), 0.0, []
    for _ in range(n):
        walk += R.gauss(0, 1)
        x = {
            "i": R.randint(-5, 5),
            "w": walk,
            "r": R.choice([0, 0.0, 0.1, 0.2, 0.5, 1, 1.0, 2, -1, -0.5, 1e-9, 3.00001, 3]),
            "f": R.choice([2, 2.0, 2.0001, 2.00005]),
            "m": R.choice([1e10, -1e10, 999.99, -9999, 0, 1e-12, 20.5, 21]),
            "c": 5,
        }[kind]
        out.append(R.choices([x, None, [None], [x]], [86, 10, 2, 2])[0])
    return out


def moments(n, missing=False):
    step, at, out = R.choice([1, 5, 10, 60, 600, 900, 3600, 86400]), R.choice([0, 1420070400, 1546300800]), []
    form = R.choice(["seconds", "seconds", "space", "T", "fraction", "zulu", "half"])
    for _ in range(n):
        text = str(np.datetime64(int(at), "s"))
        out.append({
            "seconds": at, "half": float(at), "space": text.replace("T", " "), "T": text,
            "fraction": text + ".250", "zulu": text + "Z",
        }[form])
        at += step if R.random() < 0.9 else R.choice([step * 7, 1, 2 * step, 36000])
        at += R.choice([0, 0.25, 0.5]) if form == "half" else 0
    return [R.choice(["NaT", None]) if missing and R.random() < 0.15 else x for x in out]


def number():
    return R.choice([R.randint(-5, 5), round(R.uniform(-3, 5), 2), 0, 1, 0.5])


def call():
    name, n, args = R.choice(sorted(OPTIONS)), R.choice([1, 2, 3, 4, 5, 8, 12, 20, 30]), {}
    if name == "qartod_compare":
        args["vectors"] = [[R.choice([1, 1, 2, 3, 4, 9, 9]) for _ in range(n)] for _ in range(R.randint(1, 5))]
    elif name in ("data_reception_test", "time_gap_test"):
        args["tinp"] = moments(max(n, 2), R.random() < 0.4)
    else:
        args["inp"] = values(n)
    if name in ("rate_of_change_test", "flat_line_test", "attenuated_signal_test"):
        args["tinp"] = moments(n, name == "rate_of_change_test" and R.random() < 0.2)
    if name == "gross_range_test":
        args["fail_span"] = [number(), number()]
        low, high = sorted(args["fail_span"])
        span = [R.uniform(low, high), R.choice([high, R.uniform(low, high)])]
        R.shuffle(span)
        args |= R.choice([{}, {"suspect_span": None}, {"suspect_span": span}, {"suspect_span": span}])
    for key, choices in OPTIONS[name].items():
        if key.endswith("!"):
            args[key[:-1]] = R.choice(choices)
        elif R.random() < 0.6:
            args[key] = R.choice(choices)
    return {"fn": name, "args": args}


OPTIONS = {
    "gross_range_test": {},
    "percentile_range_test": {
        "low_percentile": [0, 1, 5, 10, 20, 33.3, 50], "hi_percentile": [50, 66.6, 80, 90, 95, 99, 100],
        "pad": [0, 0.1, 0.5, 1],
    },
    "spike_test": {
        "suspect_threshold": [0, 0.0001, 0.5, 1, 25, None], "fail_threshold": [0, 0.5, 1, 2, 50, None],
        "method": ["average", "differential"],
    },
    "rate_of_change_test": {
        "threshold!": [0, 0.001, 0.01, 0.1, 1, 5 / 900, 3], "fail_threshold": [None, 0.002, 0.05, 1, 0, 10],
    },
    "flat_line_test": {
        "suspect_threshold!": [0, 1, 3, 60, 120, 1800, 3000, 3600.0, 7200, 10.7, 86400],
        "fail_threshold!": [0, 1, 5, 60, 240, 3600, 4800, 10800, 2.9, 200000], "tolerance": [0, 0.001, 0.1, 1, 2, 5],
    },
    "attenuated_signal_test": {
        "suspect_threshold!": [0, 0.15, 0.5, 1, 10, 150], "fail_threshold!": [0, 0.1, 0.5, 5, 40],
        "test_period": [None, 0, 60, 120, 1800, 3600, 7200, 172800], "min_obs": [None, 0, 1, 2, 3],
        "min_period": [None, 0, 60, 3600, 7200, 172800], "check_type": ["std", "range"],
    },
    "qartod_compare": {},
    "data_reception_test": {
        "fail_span": [-1, 0, 0.5, 1, 3.33, 6, 12, 24],
        "from_time!": ["2019-01-01 12:00:00", "2015-01-01T06:00:00", "2019-01-02", "1970-01-01 05:00:00"],
    },
    "time_gap_test": {"fail_span": [0, 0.001, 0.5, 1, 2, 3.33, 12, 24]},
}

calls, wanted = [], []
while len(calls) < count:
    one = call()
    try:
        flags = theirs(one["fn"], one["args"])
    except Exception:  # What ioos_qc itself refuses has no flags to compare.
        continue
    calls.append(one)
    wanted.append(flags)
with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    json.dump(calls, file)
    file.flush()
    lines = subprocess.run([program, file.name], capture_output=True, text=True, check=True).stdout.splitlines()
differ = collections.Counter()
for one, flags, line in zip(calls, wanted, lines, strict=True):
    ours = json.loads(line)
    if ours.get("flags") != flags:
        differ[one["fn"]] += 1
        print(json.dumps(one), "\n  ioos_qc", flags, "\n  ours   ", ours.get("flags", ours.get("error")))
print(f"{len(calls)} calls, {sum(differ.values())} differ {dict(differ)}")
sys.exit(bool(differ))
