"""Danceability, energy, valence and the rest of Spotify's audio features for beets.

The numbers come from `analyzer scan`, which runs once for all items and answers in JSON lines; this file only carries
them into the library.
"""

import json
import os
import subprocess
import tempfile
import traceback
from urllib.parse import quote

from beets import ui
from beets.dbcore import types
from beets.plugins import BeetsPlugin

FEATURES = (
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
)
MODEL = "echometer_model"
ADVICE = "install Echometer's analyzer, or name it in the configuration, echometer: command: /path/to/analyzer"


class EchometerPlugin(BeetsPlugin):
    item_types = {**dict.fromkeys(FEATURES, types.FLOAT), MODEL: types.STRING}

    def __init__(self):
        super().__init__()
        self.config.add({"auto": False, "command": "analyzer", "jobs": 0, "model": "", "force": False})
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]
        self.told = set()

    def commands(self):
        command = ui.Subcommand("echometer", help="score items: danceability, energy, valence …")
        command.parser.add_option("-f", "--force", action="store_true", help="also items that have scores")
        command.parser.add_option("-p", "--pretend", action="store_true", help="show the scores, keep nothing")
        command.func = self.command
        return [command]

    def command(self, lib, opts, args):
        force = opts.force or self.config["force"].get(bool)
        self.score(lib.items(args), force, opts.pretend)

    def imported(self, session, task):
        # What the analyzer says would get between the import's questions; it is told with the reason.
        with tempfile.TemporaryFile() as errors:
            try:
                self.score(task.imported_items(), self.config["force"].get(bool), False, errors)
            except Exception as error:
                # Any exception here would end the import with files half moved, which no score is worth.
                if (reason := str(error)) not in self.told:
                    self.told.add(reason)
                    self._log.warning("imported without scores, `beet echometer` adds them later: {}", reason)
                self._log.debug("{}", traceback.format_exc())

    def score(self, items, force, pretend, errors=None):
        due = {row_path(item.path): item for item in items if force or not item.get(MODEL)}
        if not due:
            self._log.info("nothing to score")
            return
        scored = 0
        for row in self.rows((item.path for item in due.values()), errors):
            item = due[row["path"]]
            if row["error"]:
                self._log.warning("{}: {}: {}", item, row["path"], row["error"])
                continue
            scored += 1
            values = {name: row[name] for name in FEATURES if row[name] is not None}
            if pretend:
                ui.print_(f"{item}: " + " ".join(f"{name}={value}" for name, value in values.items()))
                continue
            item.update(values)
            item[MODEL] = row["model"]
            item.store()
        self._log.info("{} of {} items scored", scored, len(due))

    def rows(self, paths, errors):
        """What `analyzer scan` says about each file, as soon as it says it."""
        program = self.config["command"].get(str)
        if os.sep in program:
            program = self.config["command"].as_filename()
        command = [program, "scan", "--no-config", "--from", "-"]
        if jobs := self.config["jobs"].get(int):
            command += ["--jobs", str(jobs)]
        if model := self.config["model"].get(str):
            command += ["--model", model]
        # A file, not a pipe: writing a long list and reading the answers at once could lock both.
        with tempfile.TemporaryFile() as listing:
            listing.write(b"".join(path + b"\0" for path in paths))
            listing.seek(0)
            try:
                process = subprocess.Popen(command, stdin=listing, stdout=subprocess.PIPE, stderr=errors)
            except OSError as error:
                raise ui.UserError(f"{program} cannot be run ({error.strerror}): {ADVICE}") from error
        with process:
            for line in process.stdout:
                yield parse(line, program)
        if process.returncode:
            raise ui.UserError(f"{program} ended with exit code {process.returncode}{told(errors)}")


def parse(line, program):
    try:
        row = json.loads(line)
        return {name: row[name] for name in (*FEATURES, "path", "model", "error")}
    except (ValueError, KeyError, TypeError) as error:
        raise ui.UserError(f"{program} answered {line[:80]!r}, which is no row of a scan: {ADVICE}") from error


def told(errors):
    if errors is None:
        return ""
    errors.seek(0)
    lines = errors.read(1000).decode(errors="replace").splitlines()
    return f": {'; '.join(lines)}" if lines else ""


def row_path(path):
    """A path as rows have it: text, or a file: URL where the name is no Unicode."""
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        return "file://" + quote(path, safe="/")
