"""python -m unittest: what spotipy users get, against a table as `analyzer scan` writes it."""

import json
import subprocess
import tempfile
import unittest
from os import environ
from pathlib import Path

from echometer_features import Features

ROW = {
    "path": "/music/a.flac", "title": "Song (Remastered)", "artist": "The Band; Guest", "album": None,
    "isrc": "GB-AYE-06-01498", "musicbrainz_id": "0d6b3c4a-0000-4000-8000-000000000001", "duration_ms": 200000,
    "danceability": 0.6, "energy": 0.7, "loudness": -9.5, "speechiness": 0.05, "acousticness": 0.1,
    "instrumentalness": 0.2, "liveness": 0.15, "valence": 0.5, "error": None,
}
BAD = {**dict.fromkeys(ROW), "path": "/music/b.flac", "error": "it is broken"}
SPOTIFY = "4uLU6hMCjMI75M1A2tKUQC"


class Client:
    """As much of spotipy's client as is asked for."""

    def __init__(self, isrc):
        self.isrc = isrc

    def tracks(self, ids):
        return {"tracks": [{
            "id": id, "uri": f"spotify:track:{id}", "href": None, "name": "SONG - 2011 Remaster",
            "artists": [{"name": "the band"}], "external_ids": {"isrc": self.isrc},
        } for id in ids]}


class Test(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.table = Path(self.folder.name) / "t.jsonl"
        self.table.write_text("".join(json.dumps(row) + "\n" for row in (ROW, BAD)))

    def test_by_every_id(self):
        features = Features(self.table)
        for asked in ("/music/a.flac", "GBAYE0601498", "gb-aye-06-01498", ROW["musicbrainz_id"]):
            (answer,) = features.audio_features(asked)
            self.assertEqual(answer["energy"], 0.7)
            self.assertEqual(answer["type"], "audio_features")
            self.assertIsNone(answer["tempo"])
        self.assertEqual(features.audio_features(["/music/b.flac", SPOTIFY, "nothing"]), [None] * 3)

    def test_by_spotify_s_ids(self):
        for isrc in ("GBAYE0601498", "other"):
            features = Features(self.table, Client(isrc))
            asked = [SPOTIFY, f"spotify:track:{SPOTIFY}", f"https://open.spotify.com/track/{SPOTIFY}?si=1"]
            for answer in features.audio_features(asked):
                self.assertEqual((answer["id"], answer["valence"]), (SPOTIFY, 0.5))

    def test_csv_is_the_same(self):
        program = environ.get("ANALYZER")
        if not program:
            self.skipTest("ANALYZER names no program")
        table = self.table.with_suffix(".csv")
        subprocess.run([program, "scan", "--merge", self.table, "--out", table], check=True, stderr=subprocess.DEVNULL)
        asked = ["/music/a.flac", "/music/b.flac"]
        self.assertEqual(Features(table).audio_features(asked), Features(self.table).audio_features(asked))


if __name__ == "__main__":
    unittest.main()
