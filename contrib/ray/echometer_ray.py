#!/usr/bin/env python3
"""Scores a music library on a Ray cluster: `analyzer scan` on every machine, one table at the end.

    python echometer_ray.py /nas/music --out features.parquet
    python echometer_ray.py /nas/music --out features.parquet --address auto

Every machine must see the music under the same path and have the program `analyzer`. The library is cut into parts, and
a part is one `analyzer scan --shard I/N`: a part whose worker died is run again, wherever there is room, and goes on
where it was, if its folder (--work) is one that all machines share. A part's table appears whole or not at all, so nothing is
lost and nothing is there twice.
"""

import argparse
import hashlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import ray


def die_with_parent():
    """A scan whose worker was killed must not go on: it would hold the part that another worker takes over."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def scan(analyzer, music, table, shard, jobs, extra):
    """Scores one part and gives its table as bytes, so that machines need to share nothing but the music."""
    command = [analyzer, "scan", "--no-config", *music, "--shard", shard, "--out", table, "--jobs", str(jobs), *extra]
    Path(table).parent.mkdir(parents=True, exist_ok=True)
    preexec = die_with_parent if sys.platform == "linux" else None
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, preexec_fn=preexec)
    if done.returncode:
        raise RuntimeError(f"part {shard} on {os.uname().nodename}: {done.stderr.strip()}")
    return Path(table).read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="+", help="folders, seen under this path by every machine")
    parser.add_argument("--out", required=True, help="the table: .csv, .jsonl or .parquet")
    parser.add_argument("--parts", type=int, help="parts of the library [default: 4 a slot of the cluster]")
    parser.add_argument("--jobs", type=int, default=1, help="cores a part takes")
    parser.add_argument("--address", help="the cluster; without it, one is started here")
    parser.add_argument("--analyzer", default="analyzer", help="the program, where every machine finds it")
    parser.add_argument("--work", default="/tmp/echometer-ray", help="folder for the parts' tables")
    parser.add_argument("extra", nargs="*", metavar="-- FLAG", help="more flags for analyzer scan, after --")
    args = parser.parse_args()

    ray.init(address=args.address, log_to_driver=False)
    slots = max(1, int(ray.cluster_resources().get("CPU", 1)) // args.jobs)
    parts = args.parts or 4 * slots
    # A worker that dies with its part is replaced; a part that fails for its own reasons is not tried for ever.
    task = ray.remote(scan).options(num_cpus=args.jobs, max_retries=8, retry_exceptions=[OSError])
    music = [os.path.abspath(path) for path in args.music]
    # Parts of another library, or for another table, are not this one's.
    library = hashlib.sha256("\0".join([*music, os.path.abspath(args.out)]).encode()).hexdigest()[:16]
    waiting = {}
    for part in range(1, parts + 1):
        table = f"{args.work}/{library}/part-{part}-of-{parts}.jsonl"
        waiting[task.remote(args.analyzer, music, table, f"{part}/{parts}", args.jobs, args.extra)] = part

    here = Path(args.work) / library / "merge"
    here.mkdir(parents=True, exist_ok=True)
    tables = []
    while waiting:
        (ready,), _ = ray.wait(list(waiting), num_returns=1)
        part = waiting.pop(ready)
        table = here / f"part-{part}-of-{parts}.jsonl"
        table.write_bytes(ray.get(ready))
        tables.append(str(table))
        print(f"part {part} done, {len(waiting)} of {parts} left", file=sys.stderr, flush=True)
    subprocess.run([args.analyzer, "scan", "--no-config", "--merge", *tables, "--out", args.out], check=True)
    for table in tables:
        os.unlink(table)


if __name__ == "__main__":
    main()
