#!/usr/bin/env python3
"""The driver on a local cluster of two nodes, with a worker killed in the middle of its part.

    ANALYZER=target/release/analyzer python contrib/ray/test_ray.py

Needs Ray from PyPI.
"""

import json
import math
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave
from pathlib import Path

from ray.cluster_utils import Cluster

DRIVER = Path(__file__).resolve().parent / "echometer_ray.py"
ANALYZER = str(Path(os.environ.get("ANALYZER", "analyzer")).absolute())
TRACKS = 40


def make(path, seconds, tone):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(b"".join(
            struct.pack("<h", int(9_000 * math.sin(i * tone) * (1 - i % 11_025 / 11_025)))
            for i in range(22_050 * seconds)
        ))


def workers():
    """Processes that run a part now."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes().startswith(b"ray::scan"):
                found.append(int(process.name))
        except OSError:
            pass
    return found


class Test(unittest.TestCase):
    def test_a_killed_worker_loses_and_doubles_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            music = folder / "music"
            music.mkdir()
            for i in range(TRACKS):
                make(music / f"{i}.wav", 20, 0.02 + i / 500)
            cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
            self.addCleanup(cluster.shutdown)
            cluster.add_node(num_cpus=1)
            cluster.wait_for_nodes()
            driver = subprocess.Popen(
                [sys.executable, DRIVER, music, "--out", folder / "all.jsonl", "--parts", "4", "--analyzer", ANALYZER,
                 "--work", folder / "work", "--address", cluster.address],
                stderr=subprocess.PIPE, text=True,
            )
            killed = self.kill_one_in_the_middle(folder / "work", driver)
            told = driver.communicate(timeout=300)[1]
            self.assertEqual(driver.returncode, 0, told)
            print(f"killed worker {killed}, which had rows in its journal")
            self.compare(music, folder)

    def kill_one_in_the_middle(self, work, driver):
        end = time.monotonic() + 120
        while time.monotonic() < end and driver.poll() is None:
            begun = [journal for journal in work.rglob("*.journal") if journal.stat().st_size > 0]
            for worker in workers() if begun else []:
                os.kill(worker, signal.SIGKILL)
                return worker
            time.sleep(0.02)
        self.fail("no part was caught in the middle: " + (driver.stderr.read() if driver.poll() is not None else ""))

    def compare(self, music, folder):
        subprocess.run([ANALYZER, "scan", music, "--out", folder / "plain.jsonl"], check=True, stderr=subprocess.DEVNULL)
        rows = (folder / "all.jsonl").read_text().splitlines()
        self.assertEqual(len(rows), TRACKS)
        self.assertEqual(len({json.loads(row)["path"] for row in rows}), TRACKS)
        self.assertTrue(all(json.loads(row)["error"] is None for row in rows))
        self.assertEqual(rows, (folder / "plain.jsonl").read_text().splitlines())


if __name__ == "__main__":
    unittest.main()
