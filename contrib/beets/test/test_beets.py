#!/usr/bin/env python3
"""The plugin in real beets on real tagged files.

    ANALYZER=target/release/analyzer python contrib/beets/test/test_beets.py

Needs beets from PyPI and ffmpeg, which makes tagged MP3, FLAC and M4A of the bundled excerpts.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEMO = HERE.parents[2] / "models" / "demo"
ANALYZER = str(Path(os.environ.get("ANALYZER", "analyzer")).absolute())
FEATURES = "danceability energy loudness speechiness acousticness instrumentalness liveness valence".split()


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.music = self.folder / "music"
        self.music.mkdir()
        self.configure()
        for name, excerpt, codec in [
            ("one.mp3", "dance", ["-c:a", "libmp3lame"]),
            ("two, \"quoted\"\n.flac", "voice", ["-c:a", "flac"]),
            ("three.m4a", "acoustic", ["-c:a", "aac"]),
        ]:
            tags = ["-metadata", f"title={excerpt}", "-metadata", "artist=Somebody", "-metadata", f"album={excerpt}"]
            command = ["ffmpeg", "-v", "error", "-nostdin", "-i", DEMO / f"{excerpt}.ogg", "-t", "12", *codec, *tags]
            subprocess.run([*command, self.music / name], check=True)
        # A name that is no Unicode.
        os.rename(self.music / "three.m4a", os.fsencode(self.music) + b"/caf\xe9.m4a")

    def configure(self, settings=f"  command: {ANALYZER}\n", copy="no"):
        (self.folder / "config.yaml").write_text(
            f"directory: {self.folder}/library\nlibrary: {self.folder}/library.db\nplugins: echometer\n"
            f"import: {{copy: {copy}, autotag: no}}\nechometer:\n{settings}"
        )

    def beet(self, *arguments):
        environment = {**os.environ, "BEETSDIR": str(self.folder), "PYTHONPATH": str(HERE.parent)}
        command = [sys.executable, "-m", "beets", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
        output = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, 0, output)
        self.assertNotIn("Traceback", output)
        return output

    def scores(self):
        lines = self.beet("ls", "-f", "$title|" + "|".join(f"${name}" for name in FEATURES)).strip().split("\n")
        return {line.split("|")[0]: [float(value) for value in line.split("|")[1:]] for line in sorted(lines)}

    def test_items_are_scored_once_and_found_by_score(self):
        self.beet("import", "-q", str(self.music))
        self.assertIn("3 of 3 items scored", self.beet("-v", "echometer"))
        scores = self.scores()
        self.assertEqual(sorted(scores), ["acoustic", "dance", "voice"])
        for values in scores.values():
            loudness = values.pop(FEATURES.index("loudness"))
            self.assertTrue(-60 < loudness < 0 and all(0 <= value <= 1 for value in values), values)
        self.assertGreater(scores["dance"][0], scores["acoustic"][0])
        limit = (scores["dance"][1] + scores["acoustic"][1]) / 2
        self.assertEqual(self.beet("ls", "-f", "$title", "title:dance", f"energy:{limit:.4f}..").strip(), "dance")
        self.assertIn("nothing to score", self.beet("-v", "echometer"))
        self.assertIn("1 of 1 items scored", self.beet("-v", "echometer", "-f", "title:voice"))

    def test_pretending_keeps_nothing(self):
        self.beet("import", "-q", str(self.music))
        self.assertIn("danceability=", self.beet("echometer", "-p", "title:dance"))
        self.assertIn("1 of 1 items scored", self.beet("-v", "echometer", "title:dance"))

    def test_import_scores_where_asked_to(self):
        self.configure(f"  command: {ANALYZER}\n  auto: yes\n")
        self.beet("import", "-q", str(self.music))
        self.assertEqual(len(self.scores()), 3)

    def test_an_import_outlives_scores_that_fail(self):
        for album in "ab":
            (self.music / album).mkdir()
        (self.music / "one.mp3").rename(self.music / "a" / "one.mp3")
        (self.music / "two, \"quoted\"\n.flac").rename(self.music / "b" / "two.flac")
        for what, wrong, reason in [
            ("no program", {"command": "nosuch"}, "nosuch cannot be run (No such file"),
            ("no model", {"model": "/nowhere"}, "/nowhere/card.json is not there"),
            ("no rows", {"command": "echo"}, "which is no row of a scan"),
        ]:
            with self.subTest(what):
                for old in "library.db", "state.pickle":
                    (self.folder / old).unlink(missing_ok=True)
                shutil.rmtree(self.folder / "library", ignore_errors=True)
                settings = {"command": ANALYZER, "auto": "yes", **wrong}
                self.configure("".join(f"  {key}: {value}\n" for key, value in settings.items()), copy="yes")
                output = self.beet("import", "-q", str(self.music))
                self.assertEqual(output.count("imported without scores"), 1, output)
                self.assertEqual(output.count(reason), 1, output)
                library = self.folder / "library"
                self.assertEqual(len([path for path in library.rglob("*") if path.is_file()]), 3)
                paths = self.beet("ls", "-f", "$path").splitlines()
                self.assertEqual([path.startswith(f"{library}/") for path in paths], [True] * 3)
                self.configure(f"  command: {ANALYZER}\n")
                self.assertIn("3 of 3 items scored", self.beet("-v", "echometer"))

    def test_a_broken_file_is_told_and_the_rest_scored(self):
        self.beet("import", "-q", str(self.music))
        (self.music / "one.mp3").write_bytes(b"no longer audio")
        output = self.beet("-v", "echometer")
        self.assertIn("2 of 3 items scored", output)
        self.assertIn("one.mp3", output)

    def test_a_missing_program_is_explained(self):
        self.beet("import", "-q", str(self.music))
        self.configure("  command: /nowhere/analyzer\n  jobs: 1\n")
        with self.assertRaisesRegex(AssertionError, "cannot be run"):
            self.beet("echometer")


if __name__ == "__main__":
    unittest.main()
