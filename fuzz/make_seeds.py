"""Writes the seeds of every target to seeds/TARGET. Needs Python 3.9 with pyarrow, and ffmpeg; the seeds themselves are kept."""

import io
import json
import pathlib
import struct
import subprocess

import pyarrow
import pyarrow.parquet

HERE = pathlib.Path(__file__).parent
SEEDS = HERE / "seeds"


def put(target, name, data):
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def wav(rate=8000, channels=1, bits=16, tag=1, frames=64, riff=None, data=None, extensible=False):
    """A WAV whose header may say something else than what follows."""
    if tag == 3:
        sound = b"".join(struct.pack("<f", x) for x in ODD * channels)
    else:
        sound = bytes((i * 37) % 256 for i in range(min(frames * channels * bits // 8, 1024)))
    block = (channels * bits // 8) % 65536
    form = struct.pack("<HHIIHH", tag, channels % 65536, rate, rate * block % (1 << 32), block, bits)
    if extensible:
        form = struct.pack("<H", 0xFFFE) + form[2:] + struct.pack("<HHI", 22, bits, (1 << channels) - 1)
        form += struct.pack("<H", tag) + bytes.fromhex("000000001000800000AA00389B71")
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(sound) if data is None else data) + sound
    return b"RIFF" + struct.pack("<I", len(body) if riff is None else riff) + body


ODD = [0.0, 0.5, float("nan"), float("inf"), -float("inf"), 1e-40, 3e38, -1.0]
WAVS = {
    "pcm16": wav(),
    "pcm8": wav(bits=8),
    "pcm24-stereo": wav(44100, 2, 24),
    "pcm32": wav(bits=32),
    "float": wav(48000, 1, 32, 3),
    "extensible-6": wav(48000, 6, 16, extensible=True),
    "alaw": wav(bits=8, tag=6),
    "adpcm": wav(bits=4, tag=2),
    "endless": wav(riff=0xFFFFFFFF, data=0xFFFFFFFF),
    "no-length": wav(riff=0, data=0),
    "no-channels": wav(channels=0),
    "all-channels": wav(channels=65535, frames=1),
    "no-rate": wav(rate=0),
    "4-GHz": wav(rate=0xFFFFFFFF),
    "just-too-slow": wav(rate=7999),
    "slowest": wav(rate=8000),
    "fastest": wav(rate=384000),
}
for name, data in WAVS.items():
    put("audio", name + ".wav", b"\0" + data)
    put("wav_stdin", name, b"\1" + data)

FORMATS = {
    1: ("mp3", ["-b:a", "32k"]),
    2: ("ogg", ["-c:a", "vorbis", "-strict", "-2", "-ac", "2"]),
    3: ("flac", []),
    4: ("m4a", ["-b:a", "24k"]),
    5: ("aac", ["-b:a", "24k"]),
    6: ("aiff", []),
}


def encode(target, name, number, *options):
    """A short tone, encoded by ffmpeg, behind the number of its format."""
    path = SEEDS / target / name
    source = "sine=frequency=440:sample_rate=16000:duration=0.12"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-bitexact", *options, str(path)]
    subprocess.run(command, check=True)
    path.write_bytes(bytes([number]) + path.read_bytes())


for number, (extension, options) in FORMATS.items():
    encode("audio", f"made.{extension}", number, *options)
# Also one without loss, one with its index first, so that one that was cut off can be played, and Opus.
encode("audio", "alac.m4a", 4, "-c:a", "alac")
encode("audio", "faststart.m4a", 4, "-b:a", "24k", "-movflags", "+faststart")
encode("audio", "opus.ogg", 2, "-c:a", "libopus", "-b:a", "12k")
# The container is told by its bytes, whatever the name.
encode("audio", "bare.mp3", 1, "-b:a", "32k", "-write_xing", "0", "-id3v2_version", "0")
encode("audio", "made.mp2", 1, "-c:a", "mp2", "-b:a", "32k")
encode("audio", "fragments.m4a", 4, "-b:a", "24k", "-movflags", "+frag_keyframe+empty_moov")
encode("audio", "vorbis.mka", 0, "-c:a", "libvorbis")
encode("audio", "opus.webm", 0, "-c:a", "libopus", "-b:a", "12k", "-ar", "48000")
encode("audio", "made.caf", 0, "-c:a", "pcm_s16be")
encode("audio", "alac.caf", 0, "-c:a", "alac")
encode("audio", "rf64.wav", 0, "-c:a", "pcm_s16le", "-rf64", "always")
encode("audio", "mp3.wav", 0, "-c:a", "libmp3lame", "-b:a", "32k")
for name in ("made.flac", "made.ogg", "made.mp3", "bare.mp3", "made.aac"):
    once = (SEEDS / "audio" / name).read_bytes()
    put("audio", f"joined-{name}", once + once[1:])
for seed in sorted((SEEDS / "audio").iterdir()):
    if seed.suffix not in (".wav",):
        put("wav_stdin", seed.name, seed.read_bytes())


# Tags: ID3v2 by hand, the others by ffmpeg. The files' numbers are those of `audio`.
def id3(version, *frames, flags=0, padding=16):
    body = b"".join(frames) + bytes(padding)
    size = bytes(len(body) >> 7 * (3 - i) & 127 for i in range(4))
    return b"ID3" + bytes([version, 0, flags]) + size + body


def id3_frame(version, name, body, flags=0):
    if version == 2:
        return name.encode()[:3] + len(body).to_bytes(3, "big") + body
    size = len(body)
    if version == 4:
        size = (size & 127) | (size >> 7 & 127) << 8
    return name.encode() + struct.pack(">IH", size, flags) + body


def chunked(sound, tag, big):
    """A WAV or AIFF with a tag in a chunk of its own."""
    chunk = b"ID3 " + len(tag).to_bytes(4, "big" if big else "little") + tag + bytes(len(tag) % 2)
    whole = (len(sound) - 8 + len(chunk)).to_bytes(4, "big" if big else "little")
    return sound[:4] + whole + sound[8:] + chunk


OURS = b"\0001T_ENERGY\00050"
NAMES = {2: ("TT2", "TXX", "PIC"), 3: ("TIT2", "TXXX", "APIC"), 4: ("TIT2", "TXXX", "APIC")}
TAGS = {
    version: id3(
        version,
        id3_frame(version, title, b"\x01\xff\xfea\0b\0"),
        id3_frame(version, text, OURS),
        id3_frame(version, picture, b"\0image/png\0\3\0" + bytes(150)),
    )
    for version, (title, text, picture) in NAMES.items()
}
TAGS["unsynchronised"] = id3(3, id3_frame(3, "TXXX", b"\0x\0\xff\0"), flags=0x80)
TAGS["extended"] = id3(4, id3_frame(4, "TXXX", OURS), flags=0x40)
TAGS["plain-sizes"] = id3(4, id3_frame(3, "APIC", bytes(300)), id3_frame(3, "TDRC", b"\0002001"))
mp3 = (SEEDS / "audio/made.mp3").read_bytes()[1:]
mp3 = mp3[mp3.index(b"\xff\xf3") :] if mp3.startswith(b"ID3") and b"\xff\xf3" in mp3 else mp3
for name, tag in TAGS.items():
    put("tags", f"{name}.mp3", b"\1" + tag + mp3)
aiff = (SEEDS / "audio/made.aiff").read_bytes()[1:]
for version in (3, 4):
    put("tags", f"{version}.wav", b"\0" + chunked(WAVS["pcm16"], TAGS[version], False))
    put("tags", f"{version}.aiff", b"\6" + chunked(aiff, TAGS[version], True))
put("tags", "v1.mp3", b"\1" + mp3 + b"TAG" + b"title".ljust(125, b"\0"))
said = ["-metadata", "title=a title", "-metadata", "ENERGY=0.5", "-metadata", "comment=x" * 20]
for number, (extension, options) in FORMATS.items():
    encode("tags", f"made.{extension}", number, *options, *said)
demo = (HERE / "../models/demo/voice.ogg").read_bytes()
put("audio", "demo.ogg", b"\2" + demo[:7000])

card = json.loads((HERE / "../models/default/card.json").read_text())
put("card", "default.json", json.dumps(card, indent=1))
for feature in card["features"]:
    feature["metrics"] = None
card["trunk"]["state"] = card["trunk"]["state"][:2]
put("card", "small.json", json.dumps(card))
card["trunk"] = None
card["front_end"].update(scale={"kind": "power"}, precision="double", mel_norm="area", center=True)
put("card", "full-window.json", json.dumps(card))
card["head"]["file"] = "../head.onnx"
card["window_s"] = 1e308
put("card", "odd.json", json.dumps(card))


# ONNX by hand, in protobuf: (field, value) pairs, where a value is bytes, a text, a whole number or a list of such pairs.
def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def message(*fields):
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def floats(name, dims, values=None):
    count = 1
    for dim in dims:
        count *= dim
    raw = struct.pack(f"<{count}f", *(values or [0.125] * count))
    return message(*[(1, dim) for dim in dims], (2, 1), (8, name), (9, raw))


def ints(name, values):
    return message((1, len(values)), (2, 7), (8, name), (9, struct.pack(f"<{len(values)}q", *values)))


def node(op, inputs, output, *attributes):
    return message(
        *[(1, name) for name in inputs], (2, output), (3, output), (4, op), *[(5, one) for one in attributes]
    )


def number(name, value):
    return message((1, name), (3, value), (20, 2))


def numbers(name, values):
    return message((1, name), *[(8, value) for value in values], (20, 7))


def value(name, dims):
    shape = message(*[(1, message((1, dim))) for dim in dims])
    return message((1, name), (2, message((1, message((1, 1), (2, shape))))))


def model(nodes, tensors):
    graph = message(
        *[(1, one) for one in nodes],
        (2, "head"),
        *[(5, one) for one in tensors],
        (11, value("columns", [1, 77, 8])),
        (12, value("mean", [1, 1])),
        (12, value("sd", [1, 1])),
    )
    return message((1, 8), (7, graph), (8, message((2, 17))))


TAIL = [node("Reshape", ["mean0", "ones"], "mean"), node("Identity", ["mean"], "sd")]
ONES = ints("ones", [1, 1])
MODELS = {
    "mean": ([node("ReduceMean", ["columns"], "mean0")], []),
    "dense": (
        [node("Flatten", ["columns"], "flat"), node("Gemm", ["flat", "w"], "mean0", number("transB", 1))],
        [floats("w", [1, 616])],
    ),
    "conv": (
        [
            node("Unsqueeze", ["columns", "one"], "image"),
            node("Conv", ["image", "w", "b"], "c", numbers("pads", [1, 1, 1, 1]), numbers("strides", [2, 2])),
            node("Relu", ["c"], "r"),
            node("MaxPool", ["r"], "p", numbers("kernel_shape", [3, 3])),
            node("GlobalAveragePool", ["p"], "g"),
            node("ReduceMean", ["g"], "mean0"),
        ],
        [floats("w", [2, 1, 3, 3]), floats("b", [2]), ints("one", [1])],
    ),
    "gru": (
        [
            node("Transpose", ["columns"], "steps", numbers("perm", [1, 0, 2])),
            node("GRU", ["steps", "w", "r"], "y", number("hidden_size", 2), number("linear_before_reset", 1)),
            node("ReduceMean", ["y"], "mean0"),
        ],
        [floats("w", [1, 6, 8]), floats("r", [1, 6, 2])],
    ),
    "slices": (
        [
            node("Slice", ["columns", "from", "to", "axes"], "s"),
            node("Pad", ["s", "pads"], "p"),
            node("Concat", ["p", "p"], "c", number("axis", 2)),
            node("Squeeze", ["c", "first"], "q"),
            node("MatMul", ["q", "w"], "m"),
            node("Softplus", ["m"], "t"),
            node("ReduceMean", ["t"], "mean0"),
        ],
        [ints("from", [1]), ints("to", [-1]), ints("axes", [1]), ints("pads", [0, 1, 0, 0, 1, 0]), ints("first", [0]),
         floats("w", [16, 3])],
    ),
}
for name, (nodes, tensors) in MODELS.items():
    put("onnx", name + ".onnx", model(nodes + TAIL, [*tensors, ONES]))
for seed in range(8):
    put("graph", f"seed-{seed}", bytes((i * (2 * seed + 3) * 41 + seed * 7) % 256 for i in range(300)))

put("manifest", "plain", b"\1path,start,artist,energy,loudness,loudness_trusted\na.wav,1.5,X,0.5,-9,no\na.wav,,,,-7,yes\n")
put("manifest", "spreadsheet", b"\1\xEF\xBB\xBFPath,Start,Split,Valence,aux_x\r\n\"a.wav\",0,val,0.25,1e9\r\n\"\"\"\",0,test,NaN,inf\r\n")
# Parquet, whose first byte 0 says so.
parquet = io.BytesIO()
columns = {"path": ["a.wav", "b.wav"], "start": [1.5, None], "energy": [0.5, None], "loudness_trusted": [True, False]}
pyarrow.parquet.write_table(pyarrow.table(columns), parquet)
put("manifest", "small.parquet", b"\0" + parquet.getvalue())
parquet = io.BytesIO()
columns = {"path": ["a.wav"] * 9, "valence": pyarrow.array([0.1] * 9, pyarrow.float32()), "artist": list("aabbccddd")}
options = {"use_dictionary": ["artist"], "data_page_version": "2.0", "write_statistics": False}
pyarrow.parquet.write_table(pyarrow.table(columns), parquet, compression="snappy", **options)
put("manifest", "packed.parquet", b"\0" + parquet.getvalue())
put("config", "plain.toml", '# mine\ninput = "a.wav"\nrate = 2.5\nonce = true\nchannels = [2, 1]\nverbose = 2\n')
put("config", "tables.toml", '[scan]\nout = "t.csv"\njobs = 3\napply = true\n')
put("config", "odd.toml", 'osc = ["a:1", ["b:2"]]\nformat = "jsonl"\nmidi-channel = 0x10\nx.y = 1\n')
state = {
    "version": "0.1.0",
    "params": {"midi": {"bool": True}, "chan": {"i32": 3}, "model": {"string": "custom"}, "x": {"f32": 1e30}},
    "fields": {"osc-target": '"127.0.0.1:9"', "light": "true", "custom-model": '{"folder":"/a","sha256":""}'},
}
put("plugin_state", "plain.json", json.dumps(state))
state["version"] = "99.0.0"
put("plugin_state", "newer.json", json.dumps(state))


def frame(opcode, data, fin=True, length=None):
    size = len(data) if length is None else length
    head = bytes([(128 if fin else 0) | opcode])
    if size < 126:
        head += bytes([128 | size])
    elif size < 1 << 16:
        head += bytes([128 | 126]) + struct.pack(">H", size)
    else:
        head += bytes([128 | 127]) + struct.pack(">Q", size)
    return head + bytes(4) + data


put("websocket", "text", frame(1, b"hello") * 3)
put("websocket", "parts", frame(1, b"he", False) + frame(9, b"ping") + frame(0, b"llo") + frame(8, b"\x03\xe8bye"))
put("websocket", "long", frame(2, bytes(1025)) + frame(1, b"after"))
put("websocket", "claims", frame(1, b"x", True, 1 << 62))
put("websocket", "many", frame(1, b"") * 40)
put("websocket", "odd", frame(3, b"?") + frame(10, b"") + frame(1, b"\xff\xfe"))
