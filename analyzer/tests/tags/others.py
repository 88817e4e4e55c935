"""Another reader and writer of tags, mutagen: `dress FOLDER` puts tags of all kinds into copies of the files there that are called
plain.*, `tell FOLDER` prints as JSON what is in the tags of all files."""

import hashlib
import json
import os
import shutil
import struct
import sys

import mutagen
from mutagen import aiff, apev2, flac, id3, mp3, mp4, oggopus, oggvorbis, wave

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
LARGE = b"\x89PNG\r\n\x1a\n" + bytes((i * i >> 3) & 255 for i in range(2_000_000))


def frames(tags):
    """Frames of many kinds, two pictures among them, one of them large."""
    for frame in [
        id3.TIT2(encoding=1, text="Ä söng – 歌"),
        id3.TPE1(encoding=3, text=["One", "Two"]),
        id3.TDRC(encoding=0, text="2020-05-06"),
        id3.TXXX(encoding=0, desc="MOOD", text=["a", "b"]),
        id3.TXXX(encoding=1, desc="1T_ENERGY", text="101"),
        id3.COMM(encoding=1, lang="deu", desc="", text="behalten"),
        id3.USLT(encoding=1, lang="eng", desc="", text="la\nla" * 1000),
        id3.WXXX(encoding=1, desc="shop", url="http://example.com/\xff"),
        id3.POPM(email="a@b", rating=200, count=7),
        id3.UFID(owner="http://musicbrainz.org", data=b"\xff\xfe\0\0"),
        id3.PRIV(owner="x", data=b"\0\xff\xe0\xff\0"),
        id3.GEOB(encoding=0, mime="x/y", filename="f", desc="Serato", data=b"\xff\xf0" * 99),
        id3.RVA2(desc="track", channel=1, gain=-2.5, peak=0.9),
        id3.CHAP(element_id="c0", start_time=0, end_time=900, sub_frames=[id3.TIT2(text="part")]),
        id3.APIC(encoding=0, mime="image/jpeg", type=3, desc="", data=JPEG),
        id3.APIC(encoding=1, mime="image/png", type=4, desc="hinten", data=LARGE),
    ]:
        tags.add(frame)


def comments(tags):
    tags["TITLE"] = "Ä söng – 歌"
    tags["artist"] = ["One", "Two"]
    tags["tracknumber"] = "3/12"
    tags["LYRICS"] = "la\nla" * 20_000
    tags["MOOD"] = ["b", "a"]
    tags["1t_energy"] = "101"


def picture(data, kind, mime):
    made = flac.Picture()
    made.data, made.type, made.mime, made.desc = data, kind, mime, "vorn"
    made.width, made.height, made.depth = 3, 5, 24
    return made


def copy(folder, name):
    path = os.path.join(folder, name)
    shutil.copy(os.path.join(folder, "plain." + name.rsplit(".", 1)[1]), path)
    return path


def sized(size):
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def dress_mp3(folder):
    for name, version, v1, padding in [
        ("v23.mp3", 3, 0, 1000),
        ("v24.mp3", 4, 0, 1000),
        ("v23-v1.mp3", 3, 2, 1000),
        ("tight.mp3", 4, 0, 0),
        ("roomy.mp3", 3, 0, 100_000),
        ("v1-ape.mp3", 4, 2, 10),
        ("ape.mp3", 4, 0, 10),
    ]:
        path = copy(folder, name)
        mp3.MP3(path).delete()
        tags = id3.ID3()
        frames(tags)
        if version == 3:
            tags.update_to_v23()
        if "ape" in name:
            ape = apev2.APEv2()
            ape["Title"], ape["Mp3gain_minmax"] = "Ä", "001,002"
            ape["Cover Art (Front)"] = apev2.APEValue(JPEG, apev2.BINARY)
            ape.save(path)
        tags.save(path, v1=v1, v2_version=version, padding=lambda _, padding=padding: padding)
    path = copy(folder, "only-ape.mp3")
    mp3.MP3(path).delete()
    ape = apev2.APEv2()
    ape["Title"] = "Ä"
    ape.save(path)
    path = copy(folder, "no-only-v1.mp3")
    mp3.MP3(path).delete()
    bare = open(path, "rb").read()
    open(path, "ab").write(b"TAG" + b"song".ljust(124, b"\0") + b"\1")
    year = b"TYER" + struct.pack(">I", 5) + b"\0\0\0002020"
    title = b"TT2\0\0\5\0song"
    stuffed = b"PRIV" + struct.pack(">I", 4) + b"\0\0x\0\xff\0\xe0"
    for name, head, body in [
        ("no-v22.mp3", b"ID3\2\0\0", title),
        ("no-v23-unsynchronised.mp3", b"ID3\3\0\x80", year + stuffed),
        ("no-v24-unsynchronised.mp3", b"ID3\4\0\x80", year),
        ("no-v23-extended.mp3", b"ID3\3\0\x40", b"\0\0\0\6\0\0\0\0\0\0" + year),
        ("no-two-tags.mp3", b"ID3\3\0\0", year + b"ID3\3\0\0" + sized(len(year)) + year),
    ]:
        size = len(year) if "two" in name else len(body)
        open(os.path.join(folder, name), "wb").write(head + sized(size) + body + bare)


def dress_flac(folder):
    for name, padding in [("tags.flac", 1000), ("tight.flac", 0), ("roomy.flac", 200_000), ("v1.flac", 10)]:
        path = copy(folder, name)
        file = flac.FLAC(path)
        comments(file)
        file.add_picture(picture(JPEG, 3, "image/jpeg"))
        file.add_picture(picture(LARGE, 4, "image/png"))
        sheet = flac.CueSheet(None)
        sheet.tracks.append(flac.CueSheetTrack(1, 0, isrc=b"DEX000000001"))
        sheet.tracks.append(flac.CueSheetTrack(170, 44100))
        file.cuesheet = sheet
        file.metadata_blocks.append(sheet)
        table = flac.SeekTable(None)
        table.seekpoints = [flac.SeekPoint(0, 0, 4096)]
        file.seektable = table
        file.metadata_blocks.append(table)
        other = flac.MetadataBlock(b"abcd\0\xff\xf8")
        other.code = 2
        file.metadata_blocks.append(other)
        file.save(padding=lambda _, padding=padding: padding)
    open(path, "ab").write(b"TAG" + b"song".ljust(124, b"\0") + b"\1")
    path = copy(folder, "untagged.flac")
    flac.FLAC(path).delete()
    path = copy(folder, "no-id3.flac")
    tags = id3.ID3()
    tags.add(id3.TIT2(text="song"))
    tags.save(path)


def dress_ogg(folder):
    import base64

    for extension, kind in [("ogg", oggvorbis.OggVorbis), ("opus", oggopus.OggOpus)]:
        for name, padding in [("tags.", 0), ("roomy.", 100_000)]:
            path = copy(folder, name + extension)
            file = kind(path)
            comments(file)
            covers = [picture(JPEG, 3, "image/jpeg"), picture(LARGE, 4, "image/png")]
            file["metadata_block_picture"] = [base64.b64encode(cover.write()).decode() for cover in covers]
            file.save(padding=lambda _, padding=padding: padding)
        for name, value in [("coverart", base64.b64encode(JPEG).decode()), ("empty", "")]:
            path = copy(folder, f"no-{name}.{extension}")
            file = kind(path)
            file[name] = value
            file.save()


def dress_mp4(folder):
    for name in ["tags.m4a", "tight.m4a", "first.mp4"]:
        path = copy(folder, name)
        file = mp4.MP4(path)
        if file.tags is None:
            file.add_tags()
        file["\xa9nam"] = ["Ä söng – 歌"]
        file["\xa9ART"] = ["One", "Two"]
        file["tmpo"], file["rtng"], file["stik"], file["cnID"] = [120], [4], [1], [1 << 30]
        file["cpil"], file["pgap"] = True, False
        file["trkn"], file["disk"] = [(3, 12)], [(1, 0)]
        file["covr"] = [
            mp4.MP4Cover(JPEG, mp4.MP4Cover.FORMAT_JPEG),
            mp4.MP4Cover(LARGE, mp4.MP4Cover.FORMAT_PNG),
        ]
        file["----:com.apple.iTunes:MOOD"] = [b"b", b"a"]
        file["----:com.apple.iTunes:1T_ENERGY"] = [b"101"]
        file["----:org.other:binary"] = [mp4.MP4FreeForm(b"\0\xff\1", mp4.AtomDataType.IMPLICIT)]
        file.save(padding=lambda _: 0 if "tight" in name else 1000)


def dress_chunks(folder):
    for extension, kind in [("wav", wave.WAVE), ("aiff", aiff.AIFF)]:
        for version in [3, 4]:
            path = copy(folder, f"v2{version}.{extension}")
            file = kind(path)
            if file.tags is None:
                file.add_tags()
            frames(file.tags)
            if version == 3:
                file.tags.update_to_v23()
            file.save(v2_version=version)


def hashed(value):
    text = repr(value)
    return text if len(text) < 300 else hashlib.sha256(text.encode()).hexdigest()


def tell_file(path):
    file = mutagen.File(path)
    if file is None:
        return None
    told = []
    tags = file.tags
    if isinstance(tags, id3.ID3):
        told.append(["version", str(tags.version)])
        # What it does not know, it keeps as bytes.
        told += [["unknown", hashed(bytes(frame))] for frame in tags.unknown_frames]
        told += [[key, str(frame) if key.startswith("TXXX:1T_") else hashed(frame)] for key, frame in tags.items()]
    elif isinstance(tags, mp4.MP4Tags):
        for key, values in tags.items():
            ours = ":1T_" in key
            kind = lambda value: getattr(value, "imageformat", getattr(value, "dataformat", None))
            values = values if isinstance(values, list) else [values]
            told.append([key, values[0].decode() if ours else hashed([(bytes(v) if isinstance(v, bytes) else v, kind(v)) for v in values])])
        told += [["chapters", hashed(getattr(file, "chapters", None))]]
    elif tags is not None:
        told += [[key.upper(), value if key.upper().startswith("1T_") else hashed(value)] for key, value in tags]
        told.append(["vendor", hashed(tags.vendor)])
    if isinstance(file, flac.FLAC):
        told += [["block", hashed((block.code, block.write()))] for block in file.metadata_blocks if block.code not in (1, 4)]
    if path.endswith(".mp3"):
        try:
            told += [["APE " + key, hashed(value)] for key, value in apev2.APEv2(path).items()]
        except apev2.error:
            pass
    with open(path, "rb") as raw:
        raw.seek(-128, 2)
        tail = raw.read()
        if tail.startswith(b"TAG"):
            told.append(["ID3v1", tail.hex()])
    told.append(["length", str(file.info.length)])
    return sorted(told)


def main(what, folder):
    if what == "dress":
        for dress in (dress_mp3, dress_flac, dress_ogg, dress_mp4, dress_chunks):
            dress(folder)
        return
    told = {}
    for name in sorted(os.listdir(folder)):
        try:
            told[name] = tell_file(os.path.join(folder, name))
        except Exception as error:  # Whatever it finds wrong with a file.
            told[name] = [["error", repr(error)]]
    json.dump(told, sys.stdout)


main(*sys.argv[1:])
