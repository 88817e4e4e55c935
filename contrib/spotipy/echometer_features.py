"""spotipy's `audio_features()` from a table that `analyzer scan` wrote. Needs nothing but Python.

    from echometer_features import Features

    sp_features = Features("features.jsonl", sp)          # sp: your spotipy client; leave it out if you ask by ISRC or path
    sp_features.audio_features(["spotify:track:4uLU6hMCjMI75M1A2tKUQC", "GBAYE0601498", "/music/song.flac"])

Answers have the form of Spotify's: a list with a dictionary for each track, or None where the table has no such track.
"""

import csv
import json
import re
from pathlib import Path

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
# Echometer does not measure these.
ABSENT = ("key", "mode", "tempo", "time_signature")
SPOTIFY_ID = re.compile(r"(?:spotify:track:|https?://open\.spotify\.com/(?:intl-\w+/)?track/)?([0-9A-Za-z]{22})(?:\?.*)?")


class Features:
    """The rows of a table, found by path, ISRC, MusicBrainz id, or, with a spotipy client, by Spotify's id."""

    def __init__(self, table, sp=None):
        self.sp = sp
        self.rows = {}
        self.names = {}
        for row in read(table):
            if row["error"]:
                continue
            for key in (row["path"], plain(row["isrc"]), row["musicbrainz_id"]):
                if key:
                    self.rows.setdefault(key, row)
            if row["title"] and row["artist"]:
                self.names.setdefault(name(row["artist"].split("; ")[0], row["title"]), row)

    def audio_features(self, tracks=()):
        """Like spotipy's: one track or several, by any of the ids above."""
        tracks = [tracks] if isinstance(tracks, (str, Path)) else list(tracks)
        spotify = {}
        for track in tracks:
            found = SPOTIFY_ID.fullmatch(str(track))
            if found and str(track) not in self.rows:
                spotify[str(track)] = found[1]
        known = self.ask(sorted(set(spotify.values())))
        return [self.answer(str(track), known.get(spotify.get(str(track)))) for track in tracks]

    def ask(self, ids):
        """What Spotify still says about its tracks: their ISRC, artist and title."""
        if not self.sp or not ids:
            return {}
        answers = []
        for start in range(0, len(ids), 50):
            answers += self.sp.tracks(ids[start : start + 50])["tracks"]
        return {track["id"]: track for track in answers if track}

    def answer(self, asked, track):
        row = self.rows.get(asked) or self.rows.get(plain(asked))
        if track and not row:
            row = self.rows.get(plain(track.get("external_ids", {}).get("isrc")))
            row = row or self.names.get(name(track["artists"][0]["name"], track["name"]))
        if not row or row["energy"] is None:
            return None
        answer = {feature: row[feature] for feature in FEATURES}
        answer |= dict.fromkeys(ABSENT)
        answer |= {"type": "audio_features", "duration_ms": row["duration_ms"], "id": track["id"] if track else asked}
        if track:
            answer |= {"uri": track["uri"], "track_href": track.get("href"), "analysis_url": None}
        return answer


def read(table):
    """Rows of a table in JSON lines or CSV."""
    if str(table).endswith(".csv"):
        numbers = {*FEATURES, "duration_ms"}
        with open(table, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield {key: cell(key in numbers, value) for key, value in row.items()}
    else:
        with open(table, encoding="utf-8") as file:
            yield from map(json.loads, file)


def cell(number, text):
    if not text:
        return None
    if number:
        return float(text) if "." in text else int(text)
    # What would be a formula in a spreadsheet has an apostrophe before it.
    return text[1:] if text[0] == "'" and text.lstrip("'")[:1] in set("=+-@\t\r") else text


def plain(isrc):
    return isrc and isrc.replace("-", "").upper()


def name(artist, title):
    """Artist and title without case, brackets and punctuation, which no two catalogues agree on."""
    title = re.sub(r"[(\[].*?[)\]]| - .*$", "", title)
    return re.sub(r"[^\w\n]+", " ", f"{artist}\n{title}".casefold()).strip()
