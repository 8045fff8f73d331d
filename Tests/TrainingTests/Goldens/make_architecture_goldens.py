"""Writes architectures.safetensors: scores and a summary of every weight gradient of each
architecture, computed by PyTorch in double precision, and how far PyTorch's own single precision
is from that.

    python3 -m venv venv && venv/bin/pip install torch torchvision numpy safetensors
    venv/bin/python make_architecture_goldens.py [CASE such as vgg16-224 ...]

Weights and images are not stored. Both sides make them from one formula: number i of the stream
called NAME is the SplitMix64 output for the state fnv1a(NAME) + (i + 1) * 0x9e3779b97f4a7c15.

The loss is a fixed linear function of the scores, so that its gradient is the same in every
precision and does not saturate. Two modes are run: `training` with the batch's statistics, and
`evaluation` with running statistics, which are those of the same batch (momentum 1).

A gradient is summarised by COLUMNS numbers: its norm, its largest magnitude, its sum, PROJECTIONS
dot products with vectors of random signs and SAMPLES of its values. The difference of two
gradients has about the length that its projections have (root mean square).
"""

import json
import os
import sys

import numpy as np
import torch
import torch.library
from torch import nn
from safetensors import safe_open
from safetensors.numpy import save_file

torch.library.register_fake = lambda *a, **k: (lambda f: f)  # PyPI's torchvision with a plain torch
import torchvision  # noqa: E402
from torchvision.models.resnet import BasicBlock  # noqa: E402

PROJECTIONS = 4
SAMPLES = 9
COLUMNS = 3 + PROJECTIONS + SAMPLES
BATCH = 2
MODES = ["training", "evaluation"]
GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
CHUNK = 1 << 22


def fnv1a(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return np.uint64(value)


def bits(name, start, stop):
    with np.errstate(over="ignore"):
        z = fnv1a(name) + np.arange(start + 1, stop + 1, dtype=np.uint64) * GOLDEN_RATIO
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(name, shape, middle, half, pairs=None):
    """Single-precision numbers within `half` of `middle`; every step is exact or rounded once. With
    `pairs`, a row length, each odd number of a row is the one before it with the other sign."""
    count = int(np.prod(shape))
    result = np.empty(count, np.float32)
    for start in range(0, count, CHUNK):
        stop = min(start + CHUNK, count)
        z = bits(name, start, stop) >> np.uint64(40)
        unit = z.astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
        product = unit * np.float32(half)
        result[start:stop] = product + np.float32(middle)
    if pairs:
        rows = result.reshape(-1, pairs)
        rows[:, 1::2] = -rows[:, 0 : pairs - 1 : 2]
    return torch.from_numpy(result.reshape(shape))


def fill(model):
    """Random weights under which single precision can be judged.

    A unit within rounding of ReLU's kink goes either way in single precision, and one such unit in
    a late layer changes every gradient by up to a percent. Photographs give tens of millions of
    units: with half of them cut, PyTorch's single precision was 10 % off. So constants of about 3
    keep most units away from the kinks (one in a hundred is cut). Pairs of opposite weights keep
    those constants from adding up, which would drown what varies. Where a global average follows,
    half are cut all the same: the same gradient at every position is what batch norm takes away.
    """
    norms = [name for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)]
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            # Batch norm takes a convolution's constant away; there it would only cost digits.
            constant = 0 if norms and isinstance(module, nn.Conv2d) else 3
            length = module.weight[0].numel()
            bound = float(np.sqrt(3 / length))
            module.weight.data = uniform(
                f"{name}.weight", module.weight.shape, 0, bound, pairs=length)
            if module.bias is not None:
                module.bias.data = uniform(f"{name}.bias", module.bias.shape, constant, 0.25)
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.data = uniform(f"{name}.weight", module.weight.shape, 0.875, 0.25)
            constant = 3
            if name == norms[-1] and not isinstance(model, torchvision.models.VGG):
                # Every block of a ResNet's last stage adds 3 to the shortcut.
                stage = getattr(model, "layer4", getattr(model, "layer3", []))
                constant = -3 * len(stage)
            module.bias.data = uniform(f"{name}.bias", module.bias.shape, constant, 0.25)
            module.momentum = 1.0
        elif isinstance(module, nn.Dropout):
            module.p = 0.0


def summary(name, gradient):
    flat = gradient.detach().reshape(-1).numpy().astype(np.float64)
    sums = np.zeros(PROJECTIONS)
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        z = bits(f"signs of {name}", start, start + part.size)
        for k in range(PROJECTIONS):
            sums[k] += np.where((z >> np.uint64(k)) & np.uint64(1), -part, part).sum()
    places = (bits(f"samples of {name}", 0, SAMPLES) % np.uint64(flat.size)).astype(np.int64)
    return np.concatenate(
        [[np.linalg.norm(flat), np.abs(flat).max(), flat.sum()], sums, flat[places]])


def run(model, images, direction, mode):
    model.train(mode == "training")
    model.zero_grad(set_to_none=True)
    scores = model(images)
    (scores * direction).sum().backward()
    rows = {name: summary(name, p.grad) for name, p in model.named_parameters()}
    model.zero_grad(set_to_none=True)
    return scores.detach().numpy().astype(np.float64), rows


def set_scales(rows):
    """A bias that a later batch norm takes away again has a gradient that is the small difference
    of large sums, or nothing but rounding: its error is measured against at least a tenth of the
    gradient of its layer's weight."""
    for name, row in rows.items():
        if name.endswith(".bias"):
            row[:2] = np.maximum(row[:2], 0.1 * rows[name.removesuffix(".bias") + ".weight"][:2])


def error(found, expected, scale, largest):
    """Relative error of a gradient: its projections' and its samples', whichever is larger."""
    difference = found - expected
    length = np.sqrt(np.mean(difference[2 : 3 + PROJECTIONS] ** 2))
    return max(length / scale, np.abs(difference[3 + PROJECTIONS :]).max() / largest)


class SmallResNet(nn.Module):
    """He et al. 2016, section 4.2, with projections."""

    def __init__(self, blocks, channels, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        before = 16
        for stage, width in enumerate([16, 32, 64], 1):
            layers = []
            for block in range(blocks):
                stride = 2 if stage > 1 and block == 0 else 1
                shortcut = None
                if stride != 1 or before != width:
                    shortcut = nn.Sequential(
                        nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))
                layers.append(BasicBlock(before, width, stride, shortcut))
                before = width
            setattr(self, f"layer{stage}", nn.Sequential(*layers))
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def build(name, side, classes):
    if name in ("resnet20", "resnet32"):
        return SmallResNet({"resnet20": 3, "resnet32": 5}[name], 1, classes)
    model = getattr(torchvision.models, name)(num_classes=classes, init_weights=False) \
        if name.startswith("vgg") else getattr(torchvision.models, name)(num_classes=classes)
    if side <= 64:  # the forms for small images
        if name.startswith("resnet"):
            model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
            model.maxpool = nn.Identity()
        elif name.startswith("vgg"):
            model.avgpool = nn.Identity()
            model.classifier[0] = nn.Linear(512, 4096)
        else:
            model.features[0][0].stride = (1, 1)
            model.features[2].conv[1][0].stride = (1, 1)
    return model


CASES = [("resnet20", 1, 28, 10), ("resnet32", 1, 28, 10)] + [
    (name, 3, side, classes)
    for name in ["resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn", "mobilenet_v2"]
    for side, classes in [(32, 10), (224, 1000)]
]

# VGG-16 pools 2.6 million windows, of which one or two have two maxima within rounding: single
# precision may then send a gradient to the other one, and every gradient before that pool changes
# by a percent. Of 14 images these have their closest maxima farthest apart.
IMAGES = {"resnet50-224": "images 1", "vgg16_bn-224": "images 6"}


def measure(model, images, direction):
    """Scores and gradients of both modes in double precision, and single precision's errors."""
    results = {}
    for precision in [torch.float64, torch.float32]:
        model.to(precision)
        for mode in MODES:  # training first: it sets the running statistics that evaluation uses
            results[precision, mode] = run(model, images.to(precision), direction.to(precision), mode)
    errors = {}
    for mode in MODES:
        scores, rows = results[torch.float64, mode]
        found_scores, found = results[torch.float32, mode]
        set_scales(rows)
        worst = max(error(found[n], row, row[0], row[1]) for n, row in rows.items())
        errors[mode] = (np.abs(found_scores - scores).max() / np.abs(scores).max(), worst)
    return {mode: results[torch.float64, mode] for mode in MODES}, errors


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "architectures.safetensors")
    tensors, cases = {}, {}
    wanted = sys.argv[1:] or [f"{name}-{side}" for name, _, side, _ in CASES]
    if sys.argv[1:] and os.path.exists(path):  # the others stay as they are
        with safe_open(path, "np") as file:
            cases = {f"{c['architecture']}-{c['side']}": c for c in json.loads(file.metadata()["cases"])}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    for name, channels, side, classes in CASES:
        label = f"{name}-{side}"
        if label not in wanted:
            continue
        model = build(name, side, classes)
        fill(model)
        direction = uniform("direction", (BATCH, classes), 0, 1)
        stream = IMAGES.get(label, "images 0")
        images = uniform(stream, (BATCH, channels, side, side), 0, 1.75)
        truth, errors = measure(model, images, direction)
        names = [n for n, _ in model.named_parameters()]
        case = {"architecture": name, "channels": channels, "side": side, "classes": classes,
                "images": stream,
                "parameters": [[n, list(p.shape)] for n, p in model.named_parameters()], "modes": {}}
        for mode in MODES:
            scores, rows = truth[mode]
            score_error, gradient_error = errors[mode]
            case["modes"][mode] = {"scoreError": float(f"{score_error:.2e}"),
                                   "gradientError": float(f"{gradient_error:.2e}")}
            tensors[f"{label}/{mode}/scores"] = scores.astype(np.float32)
            tensors[f"{label}/{mode}/gradients"] = np.stack(
                [rows[n] for n in names]).astype(np.float32)
            print(f"{label:16} {mode:10} {stream}  scores {score_error:.1e}  gradients {gradient_error:.1e}"
                  f"  largest score {np.abs(scores).max():.3g}", flush=True)
        cases[label] = case
        del model, truth
    order = [f"{name}-{side}" for name, _, side, _ in CASES]
    ordered = [cases[label] for label in order if label in cases]
    save_file(tensors, path, metadata={"cases": json.dumps(ordered, separators=(",", ":"))})
    print(os.path.getsize(path), "bytes")


if __name__ == "__main__":
    main()
