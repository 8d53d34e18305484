"""One trial of one side of Python's, in a process of its own, as harness/trial.mjs is for Node's:

  trial.py QUESTION SIDE INPUT FOLDER ITERATIONS

QUESTION is a module of this folder. Its `sides` has by name functions (input, folder) that return a
dictionary of functions: `run`, what is measured; `measure`, `check`, `after` and `close`
as in harness/side.mjs. Prints the median of the iterations.

What `run` returns is dropped within the measured time. In Node it is V8 that gives memory back, when
more of it is asked for: so mostly within the measured time of a later iteration.
"""

import importlib
import os
import statistics
import sys
import time


def main(question, name, input, folder, iterations):
    measurement = importlib.import_module(question).sides[name](input, folder)
    if "check" in measurement:
        measurement["check"]()
    measure = measurement.get("measure") or timed(measurement["run"])
    after = measurement.get("after", lambda: None)
    seconds = float(os.environ["BLOSCACHE_BENCH_SECONDS"])
    repeat(measure, after, int(os.environ["BLOSCACHE_BENCH_WARMUPS"]), seconds / 2)
    values = repeat(measure, after, int(iterations), seconds)
    measurement.get("close", lambda: None)()
    print(statistics.median(values))


def repeat(measure, after, count, seconds):
    """At least once, and no more when so much time has passed: some take seconds for each."""
    end = time.perf_counter() + seconds
    values = []
    for _ in range(count):
        values.append(measure())
        after()
        if time.perf_counter() > end:
            break
    return values


def timed(run):
    per_second = {"ms": 1e3, "µs": 1e6}[os.environ["BLOSCACHE_BENCH_UNIT"]]

    def measure():
        start = time.perf_counter()
        run()
        return (time.perf_counter() - start) * per_second

    return measure


if __name__ == "__main__":
    main(*sys.argv[1:])
