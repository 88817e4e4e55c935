#!/usr/bin/env python3
"""The trainer's ResNet-34 against the same network in PyTorch: a training step on the same input, in turns.

    python3 trainer/benches/pytorch.py target/release/trainer [--profile quick] [--batch 8] [--rounds 5] [--device cpu]

Prints both paces and their ratio: above 1, the trainer is the faster one. Needs PyTorch; the trainer is asked through
`trainer pace`, which times forward, backward and Adam's step as this program does.
"""

import argparse
import json
import statistics
import subprocess
import time

import torch
from torch import nn

FRAMES = {"thesis": 6625, "quick": 108}
MELS = 128


class Block(nn.Module):
    """He et al. 2016: two 3×3 convolutions and a shortcut."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm_a = nn.BatchNorm2d(outputs)
        self.b = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm_b = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.norm_b(self.b(self.relu(self.norm_a(self.a(x)))))
        return self.relu(y + self.shortcut(x))


def resnet34():
    layers = [nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for outputs, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for i in range(blocks):
            layers.append(Block(inputs, outputs, 2 if i == 0 and outputs != 64 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1))


class PyTorch:
    def __init__(self, arguments):
        self.device = torch.device(arguments.device)
        self.cuda = self.device.type == "cuda"
        self.batch = arguments.batch
        self.network = resnet34().to(self.device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), 1e-4)
        self.scaler = torch.amp.GradScaler(enabled=self.cuda)
        self.input = torch.rand(arguments.batch, 1, MELS, FRAMES[arguments.profile], device=self.device)
        for _ in range(2):
            self.step()

    def step(self):
        self.optimiser.zero_grad()
        with torch.autocast(self.device.type, torch.float16, enabled=self.cuda):
            values = self.network(self.input)
        loss = values.float().square().mean()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return loss.item()

    def pace(self, steps):
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            self.step()
            times.append(time.perf_counter() - start)
        return min(times) / self.batch


def trainer(arguments):
    command = [arguments.trainer, "pace", "--network", "resnet34", "--profile", arguments.profile]
    command += ["--batch", str(arguments.batch), "--steps", str(arguments.steps), "--device", arguments.device]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["train_s_per_clip"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trainer")
    parser.add_argument("--profile", choices=FRAMES, default="quick")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3, help="steps a turn; the fastest counts")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    peer = PyTorch(arguments)
    ratios, ours, theirs = [], [], []
    for i in range(arguments.rounds):
        pair = {}
        for name in ("trainer", "PyTorch") if i % 2 == 0 else ("PyTorch", "trainer"):
            pair[name] = trainer(arguments) if name == "trainer" else peer.pace(arguments.steps)
        ours.append(pair["trainer"])
        theirs.append(pair["PyTorch"])
        ratios.append(pair["PyTorch"] / pair["trainer"])
    print(f"ResNet-34, {arguments.profile} input, batches of {arguments.batch}, {arguments.device}, PyTorch {torch.__version__}")
    print(f"trainer {1 / min(ours):8.3f} clips/s   {min(ours):.4f} s a clip")
    print(f"PyTorch {1 / min(theirs):8.3f} clips/s   {min(theirs):.4f} s a clip")
    ratio = statistics.median(ratios)
    verdict = "met" if ratio >= 1 else "missed"
    print(f"ratio {ratio:.3f} (median of {len(ratios)}, {min(ratios):.3f} to {max(ratios):.3f}); goal >= 1 {verdict}")


if __name__ == "__main__":
    main()
