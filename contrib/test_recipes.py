#!/usr/bin/env python3
"""The Slurm script and the Kubernetes jobs, run as Slurm and Kubernetes would start them, without either.

    ANALYZER=target/release/analyzer python contrib/test_recipes.py

Needs PyYAML from PyPI.
"""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "models" / "demo"
ANALYZER = str(Path(os.environ.get("ANALYZER", "analyzer")).absolute())


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "features"
        programs = self.folder / "bin"
        programs.mkdir()
        (programs / "analyzer").symlink_to(ANALYZER)
        # A configuration that no scan takes: recipes must not read that of whoever runs them.
        (self.folder / "echometer").mkdir()
        (self.folder / "echometer" / "analyzer.toml").write_text("this is no configuration")
        self.environment = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(self.folder),
        }

    def run_it(self, command, **variables):
        done = subprocess.run(command, env={**self.environment, **variables}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def check(self, parts):
        self.assertEqual(len(list(self.out.glob("part-*.parquet"))), parts)
        table = self.folder / "all.jsonl"
        self.run_it(["analyzer", "scan", "--no-config", "--merge", self.out / "features.parquet", "--out", table])
        rows = [json.loads(line) for line in table.read_text().splitlines()]
        self.assertEqual({Path(row["path"]).stem for row in rows}, {"acoustic", "dance", "voice"})
        self.assertEqual([row["error"] for row in rows], [None] * 3)

    def test_slurm(self):
        script = HERE / "slurm" / "scan.sbatch"
        self.out = self.folder / "my features"
        (merge,) = re.findall(r"--wrap \\\n# +'(.*)'", script.read_text())
        names = {"MUSIC": str(DEMO), "OUT": str(self.out)}
        for part in "12":
            slurm = {"SLURM_ARRAY_TASK_ID": part, "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_CPUS_PER_TASK": "2"}
            self.run_it(["bash", script], **names, **slurm)
        self.run_it(["sh", "-c", merge], **names)
        self.check(2)

    def test_kubernetes(self):
        self.out.mkdir()
        job, container = self.kubernetes("scan")
        self.assertEqual(job["completionMode"], "Indexed")
        for index in range(job["completions"]):
            self.start(container, JOB_COMPLETION_INDEX=str(index))
        self.start(self.kubernetes("merge")[1])
        self.check(job["completions"])

    def kubernetes(self, name):
        job = yaml.safe_load((HERE / "kubernetes" / f"{name}.yaml").read_text())["spec"]
        (container,) = job["template"]["spec"]["containers"]
        volumes = {volume["name"] for volume in job["template"]["spec"]["volumes"]}
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)
        return job, container

    def start(self, container, **variables):
        command = [expand(word, variables) for word in container["command"] + container["args"]]
        # The volumes' folders lie elsewhere here.
        for mount, folder in ("/music", DEMO), ("/features", self.out):
            command[-1] = re.sub(rf"(?<![\w.]){mount}\b", str(folder), command[-1])
        self.run_it(command, **variables)


def expand(word, variables):
    """$(NAME) and $$ as Kubernetes replaces them before it starts a container; a name that it does not know stays."""
    def replace(found):
        return "$" if found[0] == "$$" else variables.get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", replace, word)


if __name__ == "__main__":
    unittest.main()
