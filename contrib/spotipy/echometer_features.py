"""spotipy's `audio_features()` from a table that `analyzer scan` wrote. Needs nothing but Python.

    from echometer_features import Features

    features = Features("features.jsonl", sp)   # sp: your spotipy client; without Spotify's ids, leave it out
    features.audio_features(["spotify:track:4uLU6hMCjMI75M1A2tKUQC", "GBAYE0601498", "~/Music/song.flac"])

Answers have the form of Spotify's: a list with a dictionary for each track, or None where the table has no such track.
"""

import csv
import json
import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import quote

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
SPOTIFY_ID = re.compile(r"(?:spotify:track:|https?://open\.spotify\.com/(?:intl-\w+/)?track/)?([0-9A-Za-z]{22})(?:\?.*)?")
# What a catalogue adds to a title without meaning another recording.
REMASTER = r"(?:\d{4} )?(?:digital(?:ly)? )?remaster(?:ed)?(?: (?:in )?\d{4})?"
SUFFIX = rf"(?:{REMASTER}|explicit(?: lyrics)?|clean|bonus track)"
HARMLESS = re.compile(f"{SUFFIX}(?: {SUFFIX})*")
GUESTS = re.compile(r"(?:feat\.?|ft\.?|featuring)\s+(.+)", re.IGNORECASE)
BARE_GUESTS = re.compile(r"(.+?)\s+(?:feat\.?|ft\.|featuring)\s+([^()\[\]]+)(.*)", re.IGNORECASE)
# Behind a guest's name these may belong to the title: `feat. Guest Remix`.
NO_GUEST = set(
    "acoustic alternate cover demo dub edit extended instrumental karaoke live mix mono part pt radio reprise remix "
    "remixed rework session sessions stereo take unplugged version vol".split()
)
# Two copies of a recording are hardly further apart; two recordings with one name mostly are.
APART_MS = 5_000
APART = {**dict.fromkeys(FEATURES, 0.05), "loudness": 1.0}


class Features:
    """The rows of a table, found by path, ISRC, MusicBrainz id, or, with a spotipy client, by Spotify's id."""

    def __init__(self, table, sp=None):
        self.sp = sp
        self.one_by_one = False
        self.rows = {}
        self.titles = {}
        self.bases = {}
        for row in read(table):
            if row["error"]:
                continue
            for key in (row["path"], *several(plain(row["isrc"])), *several(row["musicbrainz_id"])):
                self.rows.setdefault(key, row)
            if row["title"] and row["artist"] and row["energy"] is not None:
                artist = words(several(row["artist"])[0])
                self.titles.setdefault((artist, words(row["title"])), []).append(row)
                base, guests = stripped(row["title"])
                self.bases.setdefault((artist, base), []).append((guests, row))

    def audio_features(self, tracks=()):
        """Like spotipy's: one track or several, by any of the ids above."""
        tracks = [tracks] if isinstance(tracks, (str, Path)) else list(tracks)
        spotify = {}
        for track in tracks:
            found = SPOTIFY_ID.fullmatch(str(track))
            if found and str(track) not in self.rows:
                spotify[str(track)] = found[1]
        known = self.ask(sorted(set(spotify.values())))
        return [self.answer(str(track), spotify.get(str(track)), known) for track in tracks]

    def ask(self, ids):
        """What Spotify still says about its tracks: ISRC, artist, title and length, as far as the app may know."""
        known = {}
        for start in range(0, len(ids) if self.sp else 0, 50):
            some = ids[start : start + 50]
            # Not by the answers' ids: Spotify may answer with another release of the same track.
            known.update(zip(some, self.tracks(some)))
        return known

    def tracks(self, ids):
        if not self.one_by_one:
            try:
                return self.sp.tracks(ids)["tracks"]
            except Exception as error:
                if getattr(error, "http_status", None) != 403:
                    raise
                # Apps in development mode may ask for a track, but since February 2026 not for several at once.
                self.one_by_one = True
        return [self.track(id) for id in ids]

    def track(self, id):
        try:
            return self.sp.track(id)
        except Exception as error:
            if getattr(error, "http_status", None) not in (400, 404):
                raise
            return None

    def answer(self, asked, spotify, known):
        if track := known.get(spotify):
            row = self.rows.get(plain((track.get("external_ids") or {}).get("isrc"))) or self.by_name(track)
        else:
            row = self.rows.get(asked) or self.rows.get(plain(asked)) or self.by_path(asked)
            spotify = None
        if not row or row["energy"] is None:
            return None
        # Every key of Spotify's answers, in their order.
        return {
            "danceability": row["danceability"],
            "energy": row["energy"],
            "key": None,
            "loudness": row["loudness"],
            "mode": None,
            "speechiness": row["speechiness"],
            "acousticness": row["acousticness"],
            "instrumentalness": row["instrumentalness"],
            "liveness": row["liveness"],
            "valence": row["valence"],
            "tempo": None,
            "type": "audio_features",
            "id": spotify or asked,
            "uri": spotify and f"spotify:track:{spotify}",
            "track_href": spotify and f"https://api.spotify.com/v1/tracks/{spotify}",
            "analysis_url": None,
            "duration_ms": row["duration_ms"],
            "time_signature": None,
        }

    def by_path(self, asked):
        path = os.path.expanduser(asked)
        # As the scan does: links keep their names, unless `..` would lead elsewhere through them.
        path = os.path.realpath(path) if ".." in Path(path).parts else os.path.abspath(path)
        return self.rows.get(row_path(path)) or self.rows.get(row_path(os.path.realpath(path)))

    def by_name(self, track):
        """The row that is surely this track: wrong numbers are worse than none."""
        artist = words(track["artists"][0]["name"])
        base, guests = stripped(track["name"])
        exact = self.titles.get((artist, words(track["name"])), [])
        loose = [row for theirs, row in self.bases.get((artist, base), []) if theirs == guests or not (theirs and guests)]
        for rows in exact, loose:
            rows = [row for row in rows if same_length(row, track)]
            if rows:
                return rows[0] if alike(rows) else None
        return None


def read(table):
    """Rows of a table in JSON lines or CSV."""
    if str(table).endswith((".parquet", ".pq")):
        hint = f"`analyzer scan --merge {table} --out features.jsonl` makes JSON lines of it"
        raise ValueError(f"{table}: Parquet cannot be read here, JSON lines and CSV can; {hint}")
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


def several(text):
    """The values of a tag that has several."""
    return text.split("; ") if text else []


def plain(isrc):
    return isrc and isrc.replace("-", "").upper()


def row_path(path):
    """A path as rows have it: text, or a file: URL where the name is no Unicode."""
    try:
        path.encode()
        return path
    except UnicodeEncodeError:
        return "file://" + quote(os.fsencode(path), safe="/")


def words(text):
    """Text without case and punctuation, which no two catalogues agree on."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("&", " and ").replace("♯", "#")
    # Signs and marks stay: C# is not C, and some scripts write vowels as marks.
    kept = "".join(sign if sign == "#" or unicodedata.category(sign)[0] in "LNM"
                   or unicodedata.category(sign) in ("Sm", "Sc", "So") else " " for sign in text)
    return " ".join(kept.split()) or text.strip()


def stripped(title):
    """The title without what means no other recording, and the guests that it names."""
    guests = set()

    def harmless(part):
        found = GUESTS.fullmatch(part.strip())
        return is_guest(found[1]) if found else HARMLESS.fullmatch(words(part))

    def is_guest(name):
        name = set(words(name).split())
        if name & NO_GUEST:
            return False
        guests.update(name - {"and"})
        return True

    left = re.sub(r"[(\[]([^()\[\]]*)[)\]]", lambda found: " " if harmless(found[1]) else found[0], title)
    first, *more = re.split(r"\s+[-–—]\s+", left)
    found = BARE_GUESTS.fullmatch(first)
    if found and is_guest(found[2]):
        first = found[1] + " " + found[3]
    return words(" ".join([first, *(part for part in more if not harmless(part))])) or words(title), guests


def same_length(row, track):
    lengths = row["duration_ms"], track.get("duration_ms")
    return None in lengths or abs(lengths[0] - lengths[1]) <= APART_MS


def alike(rows):
    """Whether it does not matter which of the rows it is."""
    return all(
        max(row[name] for row in rows) - min(row[name] for row in rows) <= apart for name, apart in APART.items()
    )
