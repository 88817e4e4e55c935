"""python -m unittest: what spotipy users get, against a table as `analyzer scan` writes it."""

import json
import os
import subprocess
import tempfile
import unittest
from os import environ
from pathlib import Path

from echometer_features import FEATURES, Features

ROW = {
    "path": "/music/a.flac", "title": "Song (Remastered)", "artist": "The Band; Guest", "album": None,
    "isrc": "GB-AYE-06-01498", "musicbrainz_id": "0d6b3c4a-0000-4000-8000-000000000001", "duration_ms": 200000,
    "danceability": 0.6, "energy": 0.7, "loudness": -9.5, "speechiness": 0.05, "acousticness": 0.1,
    "instrumentalness": 0.2, "liveness": 0.15, "valence": 0.5, "error": None,
    **{f"{name}_sd": 0.1 for name in FEATURES if name != "loudness"},
    "model": "echometer 0.3.0", "note": None, "size": 1, "mtime_ms": 1,
}
BAD = {**dict.fromkeys(ROW), "path": "/music/b.flac", "error": "it is broken"}
SPOTIFY = "4uLU6hMCjMI75M1A2tKUQC"
# What GET /v1/audio-features answered, in its order.
KEYS = """
    danceability energy key loudness mode speechiness acousticness instrumentalness liveness valence tempo type id uri
    track_href analysis_url duration_ms time_signature
""".split()


class Refused(Exception):
    """As spotipy's exception says it."""

    def __init__(self, http_status):
        self.http_status = http_status


class Client:
    """As much of spotipy's client as is asked for."""

    def __init__(self, title="SONG - 2011 Remaster", isrc=None, duration_ms=None, artist="the band", several=True):
        self.answers = {"name": title, "artists": [{"name": artist}]}
        if isrc:
            self.answers["external_ids"] = {"isrc": isrc}
        if duration_ms:
            self.answers["duration_ms"] = duration_ms
        self.several = several
        self.asked = []

    def tracks(self, ids):
        self.asked.append("several")
        if not self.several:
            raise Refused(403)
        return {"tracks": [self.answers | {"id": "another release of it"} if id == SPOTIFY else None for id in ids]}

    def track(self, id):
        self.asked.append(id)
        if id != SPOTIFY:
            raise Refused(404)
        return self.answers


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.table = self.write(ROW, BAD)

    def write(self, *rows):
        table = self.folder / "t.jsonl"
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return table

    def found(self, asked, *rows, **client):
        """The path of the row that Spotify's track `asked` gets."""
        rows = [{**ROW, "isrc": None, "valence": i / 10, "title": row} if isinstance(row, str) else
                {**ROW, "isrc": None, "valence": i / 10, **row} for i, row in enumerate(rows)]
        (answer,) = Features(self.write(*rows), Client(asked, **client)).audio_features(SPOTIFY)
        return answer and rows[round(answer["valence"] * 10)]["title"]

    def test_by_every_id(self):
        features = Features(self.table)
        for asked in ("/music/a.flac", "GBAYE0601498", "gb-aye-06-01498", ROW["musicbrainz_id"]):
            (answer,) = features.audio_features(asked)
            self.assertEqual(list(answer), KEYS)
            self.assertEqual({name: answer[name] for name in FEATURES}, {name: ROW[name] for name in FEATURES})
            self.assertEqual((answer["type"], answer["id"], answer["duration_ms"]), ("audio_features", asked, 200000))
            for absent in "key mode tempo time_signature uri track_href analysis_url".split():
                self.assertIsNone(answer[absent])
        self.assertEqual(features.audio_features(["/music/b.flac", SPOTIFY, "nothing", None, ""]), [None] * 5)

    def test_by_one_of_several_isrcs(self):
        features = Features(self.write({**ROW, "isrc": "GBAYE0601498; GBAYE0601499"}))
        self.assertEqual(features.audio_features("GBAYE0601499")[0]["energy"], 0.7)

    def test_by_paths_as_a_shell_has_them(self):
        home = self.folder / "home"
        (home / "real" / "deep").mkdir(parents=True)
        (home / "link").symlink_to("real")
        (home / "deep").symlink_to("real/deep")
        paths = [home / "real" / "a.flac", home / "link" / "b.flac", home / "a.flac"]
        odd = os.fsdecode(os.fsencode(home) + b"/caf\xe9 1.flac")
        self.write(*({**ROW, "path": str(path), "valence": i / 10} for i, path in enumerate(paths)),
                   {**ROW, "path": f"file://{home}/caf%E9%201.flac", "valence": 0.9})
        old = Path.cwd(), environ.get("HOME")
        self.addCleanup(lambda: (os.chdir(old[0]), environ.update(HOME=old[1]) if old[1] else environ.pop("HOME")))
        os.chdir(home)
        environ["HOME"] = str(home)
        features = Features(self.table)
        for asked, valence in [
            ("real/a.flac", 0), (Path("real/a.flac"), 0), ("./link/a.flac", 0), ("~/real/a.flac", 0), ("link/b.flac", 0.1),
            ("~/a.flac", 0.2), ("link/../a.flac", 0.2), ("deep/../a.flac", 0), (odd, 0.9), (Path(odd).name, 0.9),
        ]:
            (answer,) = features.audio_features(asked)
            self.assertEqual(answer and (answer["id"], answer["valence"]), (str(asked), valence))
        self.assertEqual(features.audio_features(["c.flac", "~/c.flac", "~nobody/a.flac"]), [None] * 3)

    def test_by_spotify_s_ids(self):
        for client in Client(isrc="GBAYE0601498", title="?"), Client(isrc="other"), Client(), Client(several=False):
            features = Features(self.table, client)
            asked = [SPOTIFY, f"spotify:track:{SPOTIFY}", f"https://open.spotify.com/track/{SPOTIFY}?si=1", "0" * 22]
            *answers, unknown = features.audio_features(asked)
            self.assertIsNone(unknown)
            for answer in answers:
                self.assertEqual(list(answer), KEYS)
                self.assertEqual((answer["id"], answer["valence"]), (SPOTIFY, 0.5))
                self.assertEqual(answer["uri"], f"spotify:track:{SPOTIFY}")
                self.assertEqual(answer["track_href"], f"https://api.spotify.com/v1/tracks/{SPOTIFY}")
        features.audio_features(SPOTIFY)
        self.assertEqual(client.asked, ["several", "0" * 22, SPOTIFY, SPOTIFY])

    def test_other_refusals_are_told(self):
        for several in True, False:
            client = Client(several=several)

            def refuse(_):
                raise Refused(429)

            setattr(client, "tracks" if several else "track", refuse)
            with self.assertRaises(Refused):
                Features(self.table, client).audio_features(SPOTIFY)

    def test_the_same_track_under_another_title(self):
        for asked, title in [
            ("Song", "SONG"),
            ("Don’t Stop", "Don't stop!"),
            ("You & Me", "You and Me"),
            ("Song - Live at Wembley", "Song (Live At Wembley)"),
            ("Song - 2011 Remaster", "Song"),
            ("Song", "Song (Remastered 2011)"),
            ("Song - Remastered", "Song [2009 Digital Remaster]"),
            ("Song (feat. Guest)", "Song"),
            ("Song", "Song ft. Guest"),
            ("Song (feat. A & B) - Remastered 2011", "Song featuring A, B"),
            ("Song - Live", "Song feat. Guest (Live) [Remastered]"),
            ("Song (Explicit)", "Song [Clean]"),
            ("Remastered", "Remastered (Explicit)"),
            ("Prelude in C♯", "Prelude in C#"),
        ]:
            self.assertEqual(self.found(asked, title), title, asked)

    def test_another_track_under_a_like_title(self):
        for asked, title in [
            ("Song - Live at Wembley", "Song (Instrumental)"),
            ("Song - Live at Wembley", "Song"),
            ("Song - Live at Wembley", "Song - Live at Leeds"),
            *[("Song", f"Song ({word})") for word in (
                "Live", "Instrumental", "Guest Remix", "Acoustic", "Demo", "Karaoke Version", "Radio Edit", "Single Version",
                "Remastered Live", "Live / Remastered 2011", "feat. Guest Remix", "feat. Guest, live", "Part 2", "2011",
            )],
            *[("Song", f"Song - {word}") for word in ("Live", "feat. Guest - Live", "Remix", "Slowed", "From the Film")],
            ("Song", "Song feat. Guest Remix"),
            ("Song", "Song feat. Guest (Part 2)"),
            ("Song (feat. One)", "Song (feat. Other)"),
            ("Prelude in C", "Prelude in C#"),
            ("+", "÷"),
            ("???", "!!!"),
            ("की", "का"),
            ("(Explicit)", "(Clean)"),
            ("", "(Live)"),
        ]:
            self.assertIsNone(self.found(asked, title), (asked, title))
            self.assertIsNone(self.found(title, asked), (title, asked))
        self.assertIsNone(self.found("Song", "Song", artist="Another Band"))

    def test_a_title_s_own_spelling_comes_first(self):
        titles = "Song (Instrumental)", "Song (Remastered)", "Song", "Song (Live)"
        for asked in titles:
            self.assertEqual(self.found(asked, *titles), asked)
        self.assertEqual(self.found("Song - Live - 2011 Remaster", *titles), "Song (Live)")

    def test_of_several_that_it_may_be_none_is_taken(self):
        self.assertIsNone(self.found("Song", "Song (feat. A)", "Song (feat. B)"))
        one, other = {"title": "Song"}, {"title": "Song", "duration_ms": 300000}
        self.assertIsNone(self.found("Song", one, other))
        alike = {"title": "Song", "energy": 0.72}, {"title": "Song", "valence": 0.04}
        self.assertEqual(self.found("Song", *alike), "Song")
        self.assertIsNone(self.found("Song", *alike, {"title": "Song", "valence": 0.0, "loudness": -12.0}))

    def test_length_tells_recordings_apart(self):
        rows = {"title": "Song (Explicit)"}, {"title": "Song (Clean)", "duration_ms": 300000}
        for duration_ms, title in (201000, "Song (Explicit)"), (299000, "Song (Clean)"), (250000, None):
            self.assertEqual(self.found("Song", *rows, duration_ms=duration_ms), title)
        self.assertIsNone(self.found("Song", "Song", duration_ms=206000))

    def test_a_table_of_another_kind_is_told(self):
        with self.assertRaisesRegex(ValueError, "f.parquet: Parquet cannot be read here"):
            Features("f.parquet")

    def test_csv_is_the_same(self):
        program = environ.get("ANALYZER")
        if not program:
            self.skipTest("ANALYZER names no program")
        table = self.table.with_suffix(".csv")
        subprocess.run([program, "scan", "--merge", self.table, "--out", table], check=True, stderr=subprocess.DEVNULL)
        asked = ["/music/a.flac", "/music/b.flac"]
        self.assertIsNotNone(Features(table).audio_features(asked)[0])
        self.assertEqual(Features(table).audio_features(asked), Features(self.table).audio_features(asked))


if __name__ == "__main__":
    unittest.main()
