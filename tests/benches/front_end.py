"""Mel frames by other libraries, for front_end.rs: one line in, one line out.

    front_end.py SOUND RATE FFT HOP MELS        # SOUND holds 32-bit floats

Says which libraries are there, then waits for their names; for each it computes the frames of the file once, on one thread, and
prints the seconds that took.
"""

import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

RATE, FFT, HOP, MELS = (int(number) for number in sys.argv[2:])


def torchaudio(sound):
    import torch
    from torchaudio.transforms import MelSpectrogram

    torch.set_num_threads(1)
    mel = MelSpectrogram(RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS, f_max=RATE / 2, center=False, mel_scale="htk")
    sound = torch.from_numpy(sound)
    return lambda: torch.log1p(100 * mel(sound)).T.numpy()


def librosa(sound):
    from librosa.feature import melspectrogram

    settings = dict(sr=RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS, htk=True, norm=None, center=False)
    return lambda: np.log1p(100 * melspectrogram(y=sound, **settings)).T


def kaldi_native_fbank(sound):
    from kaldi_native_fbank import FbankOptions, OnlineFbank

    options = FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.frame_length_ms = 1e3 * FFT / RATE
    options.frame_opts.frame_shift_ms = 1e3 * HOP / RATE
    options.frame_opts.dither = 0
    options.frame_opts.preemph_coeff = 0
    options.frame_opts.remove_dc_offset = False
    options.frame_opts.window_type = "hanning"
    options.mel_opts.num_bins = MELS
    options.mel_opts.low_freq = 0
    options.mel_opts.high_freq = 0
    options.use_energy = False

    def run():
        bank = OnlineFbank(options)
        bank.accept_waveform(RATE, sound)
        bank.input_finished()
        return np.array([bank.get_frame(i) for i in range(bank.num_frames_ready)])

    return run


def main():
    sound = np.fromfile(sys.argv[1], dtype=np.float32)
    ready = {}
    for library in (torchaudio, librosa, kaldi_native_fbank):
        try:
            ready[library.__name__] = library(sound)
            frames = ready[library.__name__]()
            if abs(len(frames) - (1 + (len(sound) - FFT) // HOP)) > 4 or frames.shape[1] != MELS:
                sys.exit(f"{library.__name__}: {frames.shape} is not what the front end gives")
        except ImportError:
            ready.pop(library.__name__, None)
    print(" ".join(ready), flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        ready[line.strip()]()
        print(time.perf_counter() - begun, flush=True)


main()
