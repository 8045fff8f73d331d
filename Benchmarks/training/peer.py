"""One network in PyTorch that trains on command: the peer of Sources/training-speed.

    peer.py ARCHITECTURE CHANNELS SIDE BATCH f32|bf16 THREADS

Channels-last, SGD with momentum and weight decay, the same networks as our builders make (form by
input side). Reads "steps N" and "memory", answers seconds and bytes, like the Swift program.
"""
import sys
import time

import torch

torch.library.register_fake = lambda *a, **k: (lambda f: f)  # PyPI's CPU torchvision lacks C++ ops
import torchvision
from torch import nn


class SmallResNet(nn.Module):
    """ResNet-20/32 of He et al. section 4.2 with projection shortcuts."""

    class Block(nn.Module):
        def __init__(self, cin, cout, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(cout)
            self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(cout)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = None
            if stride != 1 or cin != cout:
                self.downsample = nn.Sequential(
                    nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

        def forward(self, x):
            y = self.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            return self.relu(y + (x if self.downsample is None else self.downsample(x)))

    def __init__(self, blocks, channels, classes):
        super().__init__()
        layers = [nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16),
                  nn.ReLU(inplace=True)]
        width = 16
        for stage in range(3):
            for block in range(blocks):
                layers.append(self.Block(width, 16 << stage, 2 if stage and not block else 1))
                width = 16 << stage
        self.features = nn.Sequential(*layers)
        self.fc = nn.Linear(width, classes)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


def build(name, channels, side, classes):
    if name in ("resnet20", "resnet32"):
        return SmallResNet({"resnet20": 3, "resnet32": 5}[name], channels, classes)
    net = getattr(torchvision.models, name)(num_classes=classes)
    if side <= 64:
        if name.startswith("resnet"):
            net.conv1 = nn.Conv2d(channels, 64, 3, 1, 1, bias=False)
            net.maxpool = nn.Identity()
        elif name == "mobilenet_v2":
            net.features[0][0].stride = (1, 1)
            net.features[2].conv[1][0].stride = (1, 1)
            net.classifier[0] = nn.Identity()
    return net


def main():
    name, channels, side, batch, precision, threads = (
        sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5],
        int(sys.argv[6]))
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    classes = 1000 if side > 64 else 10 if channels == 1 else 100
    net = build(name, channels, side, classes).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
    images = torch.randn(batch, channels, side, side).to(memory_format=torch.channels_last)
    labels = torch.randint(classes, (batch,))
    loss_function = nn.CrossEntropyLoss()

    def run(count):
        for _ in range(count):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                loss = loss_function(net(images), labels)
            loss.backward()
            optimizer.step()

    run(3)
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "steps":
            start = time.perf_counter()
            run(int(words[1]))
            print(time.perf_counter() - start, flush=True)
        else:
            status = open("/proc/self/status").read().splitlines()
            print(next(l for l in status if l.startswith("VmHWM")), flush=True)


main()
