#!/usr/bin/env python3
"""Reference arrays for the front end's `thesis` profile.

What it does
    Runs torchaudio's own MelSpectrogram over five short signals and writes what it returns, so that
    the Rust front end can be held against it.

What it needs (PyPI; written with Python 3.11)
    torch==2.11.0  torchaudio==2.11.0  numpy==2.4.6
    and an `ffmpeg` program on the path, to decode the music excerpt.

How to run it
    python3 -m venv venv && venv/bin/pip install torch==2.11.0 torchaudio==2.11.0 numpy==2.4.6
    venv/bin/python make_reference.py
    The processor is enough; no GPU is used.

What it writes, beside itself
    NAME.input.f32   17,640 mono samples, raw little-endian f32 (0.4 s at 44.1 kHz)
    NAME.mel.f32     [frames, 128] mel powers, raw little-endian f32, one row a frame
    manifest.json    the configuration, versions, shapes, SHA-256 sums, empty filters, and how far
                     torchaudio's f32 result is from its f64 result

    for NAME in sine, sweep, noise, silence, music.

How the numbers are made
    The inputs are rounded to f32 first. The stored arrays are torchaudio's transform in f64 (window,
    FFT, and filter bank of f64) on those inputs, rounded to f32 once, at the end. torchaudio's
    everyday f32 transform is only compared with them. It differs by up to 1.5e-4 of a band, from two
    causes: its FFT leaves rounding noise in near-empty bands, and its filter bank is off by up to
    1e-5 of a filter's height, because 2595*log10(1 + f/700) and its inverse are rounded to f32 on
    the way. (torchaudio builds the bank in the default dtype; the f64 run therefore sets that.)
    The manifest gives both comparisons for each signal: as it is, and with the f64 run's bank, which
    leaves the FFT's share. A plain numpy f64 version must agree with the f64 run to 1e-12.

    Frame counts of long inputs, and that pad_mode is "constant" (zeros, half a window at each end)
    and not torchaudio's default "reflect", are recorded in the manifest.

Licence of the music
    music.* comes from ../../../models/demo/dance.ogg ("Dj Rkod - Pulse (George Ellinas Remix)",
    George Ellinas, CC BY 3.0); see models/demo/ATTRIBUTION.md. The other signals are synthetic.
"""

import hashlib
import json
import pathlib
import platform
import subprocess

import numpy as np
import torch
import torchaudio

HERE = pathlib.Path(__file__).resolve().parent
DANCE = HERE.parents[2] / "models" / "demo" / "dance.ogg"
MUSIC_START = 10.0  # seconds into the excerpt
RATE = 44_100
SAMPLES = 17_640
CONFIG = dict(
    sample_rate=RATE, n_fft=400, win_length=400, hop_length=200, f_min=0.0, f_max=None,
    n_mels=128, mel_scale="htk", norm=None, power=2.0, center=True, pad_mode="constant",
)
FLOOR = 1e-6  # bands below this part of their frame's maximum are left out of the comparison


def signals():
    t = np.arange(SAMPLES) / RATE
    span, low, high = SAMPLES / RATE, 20.0, 20_000.0
    rate = np.log(high / low)
    sweep = 0.5 * np.sin(2 * np.pi * low * span / rate * (np.exp(t / span * rate) - 1))
    noise = np.random.default_rng(20230703).uniform(-0.5, 0.5, SAMPLES)
    pcm = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(DANCE), "-f", "f32le", "-c:a", "pcm_f32le", "-"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
    ).stdout
    stereo = np.frombuffer(pcm, "<f4").reshape(-1, 2)[int(MUSIC_START * RATE) :][:SAMPLES]
    return {
        "sine": (0.5 * np.sin(2 * np.pi * 1000 * t), "1 kHz, amplitude 0.5"),
        "sweep": (sweep, "logarithmic, 20 Hz to 20 kHz over the whole length, amplitude 0.5"),
        "noise": (noise, "white, uniform in [-0.5, 0.5), numpy default_rng(20230703)"),
        "silence": (np.zeros(SAMPLES), "zeros"),
        "music": (
            (stereo[:, 0] + stereo[:, 1]) * np.float32(0.5),
            f"0.4 s from {MUSIC_START:g} s of models/demo/dance.ogg, (left + right) / 2; George Ellinas, CC BY 3.0",
        ),
    }


def transform(dtype):
    torch.set_default_dtype(dtype)
    mel = torchaudio.transforms.MelSpectrogram(wkwargs={"periodic": True, "dtype": dtype}, **CONFIG)
    assert mel.mel_scale.fb.dtype == dtype and mel.spectrogram.window.dtype == dtype
    torch.set_default_dtype(torch.float32)
    return mel


def run(mel, samples, dtype):
    with torch.no_grad():
        return mel(torch.from_numpy(samples.astype(np.float32)).to(dtype)).T.contiguous().numpy()


def difference(single, double):
    """Largest |single - double| / double over bands above FLOOR of their frame's maximum."""
    keep = (double > FLOOR * double.max(axis=1, keepdims=True)) & (double > 0)
    if not keep.any():
        return {"compared": 0}
    relative = np.abs(single[keep].astype(np.float64) - double[keep]) / double[keep]
    of_max = np.abs(single - double).max(axis=1) / np.maximum(double.max(axis=1), 1e-300)
    return {
        "compared": int(keep.sum()), "left_out": int((~keep).sum()),
        "max_relative": float(relative.max()), "p99_relative": float(np.quantile(relative, 0.99)),
        "median_relative": float(np.median(relative)), "above_1e-5": int((relative > 1e-5).sum()),
        "max_of_frame_max": float(of_max.max()),
    }


def independent(samples, bank):
    """The same in plain numpy f64, so that the reference does not rest on one library alone."""
    window = np.sin(np.pi * np.arange(400) / 400) ** 2
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples.astype(np.float64), 200), 400)[::200]
    return np.abs(np.fft.rfft(frames * window, axis=1)) ** 2 @ bank


def store(name, array):
    data = np.ascontiguousarray(array, dtype="<f4").tobytes()
    (HERE / name).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    f32, f64 = transform(torch.float32), transform(torch.float64)
    bank32, bank64 = f32.mel_scale.fb.numpy(), f64.mel_scale.fb.numpy()  # [201 bins, 128 filters]
    empty = [int(i) for i in np.flatnonzero(~(bank64 > 0).any(axis=0))]
    assert empty == [int(i) for i in np.flatnonzero(~(bank32 > 0).any(axis=0))]

    # The f32 transform with the f64 run's bank: what of the difference is the bank, what the FFT.
    mixed = transform(torch.float32)
    mixed.mel_scale.fb = f64.mel_scale.fb.float()

    entries = []
    for name, (samples, note) in signals().items():
        samples = samples.astype(np.float32)
        assert samples.shape == (SAMPLES,)
        double = run(f64, samples, torch.float64)
        single = run(f32, samples, torch.float32)
        other = independent(samples, bank64)
        assert np.abs(other - double).max() <= 1e-12 * max(double.max(), 1e-300)
        entries.append({
            "name": name, "note": note, "samples": SAMPLES, "frames": double.shape[0], "mels": double.shape[1],
            "input_sha256": store(f"{name}.input.f32", samples),
            "mel_sha256": store(f"{name}.mel.f32", double),
            "torchaudio_f32_against_f64": difference(single, double),
            "same_with_the_f64_filter_bank": difference(run(mixed, samples, torch.float32), double),
        })

    counts = {str(n): int(run(f32, np.zeros(n), torch.float32).shape[0]) for n in (SAMPLES, 1_323_000, 1_324_800)}
    assert counts["1323000"] == 6616 and counts["1324800"] == 6625

    nonzero = bank64 > 0
    manifest = {
        "of": "torchaudio.transforms.MelSpectrogram, computed in f64 and rounded to f32",
        "layout": "raw little-endian f32; NAME.input.f32 [samples]; NAME.mel.f32 [frames, mels], row = frame",
        "configuration": {**CONFIG, "f_max_in_effect": RATE / 2, "window": "hann, periodic", "bins": 201},
        "versions": {"python": platform.python_version(), "torch": torch.__version__,
                     "torchaudio": torchaudio.__version__, "numpy": np.__version__},
        "frame_counts": counts,
        "empty_filters": empty,
        "single_bin_filters": [int(i) for i in np.flatnonzero(nonzero.sum(axis=0) == 1)],
        "filter_bank": {
            "nonzero_weights": int(nonzero.sum()),
            "f32_against_f64_max_absolute": float(np.abs(bank32 - bank64).max()),
            "f32_against_f64_max_relative": float((np.abs(bank32 - bank64)[nonzero] / bank64[nonzero]).max()),
            "smallest_nonzero_weight": float(bank64[nonzero].min()),
        },
        "compared_above_part_of_frame_maximum": FLOOR,
        "signals": entries,
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(json.dumps(manifest, indent=2))


if __name__ == "__main__":
    main()
