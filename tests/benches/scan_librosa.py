"""What a scan is compared with: librosa's ways from files to numbers, a process a core.

    scan_librosa.py mel LIST RATE FFT HOP MELS        # needs: pip install librosa soundfile
    scan_librosa.py descriptors LIST

LIST has one path a line. `mel` is a front end alone: mono at RATE, MELS mel bands in dB, 13 MFCCs, their means; there is nothing
in it that scores. `descriptors` is what tutorials compute in place of the closed API: tempo and beats, level, chroma, spectral
centroid and contrast, zero crossings, MFCCs. Prints {"files", "failed", "audio_s", "wall_s"} as JSON.
"""

import functools
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

# A process a core is enough: what librosa calls would start threads of its own in each.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import librosa  # noqa: E402
import numpy  # noqa: E402


def mel(path, rate, fft, hop, mels):
    """Seconds heard of a file, and what a network would be given."""
    samples, _ = librosa.load(path, sr=rate, mono=True)
    bands = librosa.feature.melspectrogram(y=samples, sr=rate, n_fft=fft, hop_length=hop, n_mels=mels, center=False)
    decibels = librosa.power_to_db(bands)
    mfcc = librosa.feature.mfcc(S=decibels, n_mfcc=13)
    return len(samples) / rate, [part.mean() for part in (decibels, mfcc)]


def descriptors(path):
    """Seconds heard of a file, and what stands for danceability, energy and the rest."""
    samples, rate = librosa.load(path, mono=True)
    tempo, _ = librosa.beat.beat_track(y=samples, sr=rate)
    parts = [
        librosa.feature.rms(y=samples),
        librosa.feature.chroma_stft(y=samples, sr=rate),
        librosa.feature.spectral_centroid(y=samples, sr=rate),
        librosa.feature.spectral_contrast(y=samples, sr=rate),
        librosa.feature.zero_crossing_rate(samples),
        librosa.feature.mfcc(y=samples, sr=rate),
    ]
    return len(samples) / rate, [float(numpy.mean(part)) for part in (tempo, *parts)]


WAYS = {"mel": mel, "descriptors": descriptors}


def seconds(way, settings, path):
    """Seconds heard of a file on one of the ways; none where it cannot be read."""
    try:
        return WAYS[way](path, *settings)[0]
    except Exception:  # Anything may be in a folder.
        return 0.0


def main():
    way = functools.partial(seconds, sys.argv[1], [int(number) for number in sys.argv[3:]])
    with open(sys.argv[2], encoding="utf-8") as text:
        paths = text.read().splitlines()
    jobs = os.cpu_count() or 1
    with ProcessPoolExecutor(jobs) as pool:
        # Imports and what is compiled at the first call are not counted.
        list(pool.map(way, paths[:1] * jobs))
        begun = time.perf_counter()
        heard = list(pool.map(way, paths))
        took = time.perf_counter() - begun
    found = {"files": len(paths), "failed": heard.count(0.0), "audio_s": sum(heard), "wall_s": took}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
