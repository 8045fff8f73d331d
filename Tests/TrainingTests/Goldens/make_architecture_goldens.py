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

Where a ReLU or a pool would have to choose between values within rounding, the choice falls
differently on every processor, and each changes all gradients before it. So there are no such
choices: the output of a convolution is pinned at the few places that lead to one, to a value MARGIN
off (`Margins`). Pins are stored, and both sides put them in; gradients pass as if they had not been.

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
# Of a standard deviation of the layer. Winograd's rounding has added up to a few 1e-5 of it at the
# last layers of VGG-16.
MARGIN = 1e-3


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


class Margins:
    """Keeps every rectifier's input and every pool's two largest values apart, by pinned outputs of
    the convolution that wrote last: {its name: {row-major index: value}}."""

    def __init__(self, model):
        self.pins = {}
        self.found = 0
        self.is_searching = False
        self.unpinned = float("inf")
        self.hooks = []
        for name, module in model.named_modules():
            if isinstance(module, nn.Conv2d):
                hook = module.register_forward_hook(
                    lambda m, i, out, name=name: self.after_convolution(name, out))
            elif isinstance(module, nn.BatchNorm2d):
                hook = module.register_forward_pre_hook(self.before_norm)
            elif isinstance(module, (nn.ReLU, nn.ReLU6)):
                hook = module.register_forward_pre_hook(self.before_rectifier)
            elif isinstance(module, nn.MaxPool2d):
                hook = module.register_forward_pre_hook(self.before_pool)
            else:
                continue
            self.hooks.append(hook)

    def search(self, model, images):
        self.is_searching = True
        with torch.no_grad():
            for attempt in range(12):
                self.found = 0
                model(images)
                if self.found == 0:
                    break
            else:
                raise SystemExit(f"{self.found} choices are still close")
        self.is_searching = False

    def remove(self):
        for hook in self.hooks:
            hook.remove()

    def after_convolution(self, name, out):
        self.scale = torch.ones(out.shape[1], dtype=out.dtype)
        pins = self.pins.get(name)
        if pins:
            places = torch.tensor(list(pins), dtype=torch.long)
            values = torch.tensor(list(pins.values()), dtype=torch.float32).to(out.dtype)
            change = torch.zeros(out.numel(), dtype=out.dtype)
            change[places] = values - out.detach().reshape(-1)[places]
            out = out + change.reshape(out.shape)
        self.name, self.written = name, out.detach()
        return out

    def before_norm(self, module, inputs):
        x = inputs[0].detach()
        variance = x.var((0, 2, 3), unbiased=False) if module.training else module.running_var
        self.scale = module.weight.detach() / torch.sqrt(variance + module.eps)

    def move(self, places, change):
        """Pins the convolution so that its values behind batch norm change by that much."""
        if len(places) == 0:
            return
        self.found += len(places)
        area = self.written.shape[2] * self.written.shape[3]
        scales = self.scale[(places // area) % self.written.shape[1]]
        values = (self.written.reshape(-1)[places] + change / scales).float()
        self.pins.setdefault(self.name, {}).update(zip(places.tolist(), values.tolist()))

    def before_rectifier(self, module, inputs):
        if not self.is_searching:
            return
        x = inputs[0].detach()
        margin = MARGIN * x.std().item()
        flat = x.reshape(-1)
        for kink in [0.0, 6.0] if isinstance(module, nn.ReLU6) else [0.0]:
            distance = flat - kink
            places = (distance.abs() < margin).nonzero().reshape(-1)
            if x.dim() != 4:  # behind a linear layer: few enough that none is close
                if len(places):
                    raise SystemExit("a classifier's unit is within rounding of its kink")
                continue
            side = torch.where(distance[places] < 0, -1.0, 1.0).to(x.dtype)
            self.move(places, side * 1.5 * margin - distance[places])

    def before_pool(self, module, inputs):
        if not self.is_searching:
            return
        x = inputs[0].detach()
        margin = MARGIN * x.std().item()
        kernel, stride, padding = module.kernel_size, module.stride, module.padding
        padded = nn.functional.pad(x, [padding] * 4, value=-1.0)
        windows = padded.unfold(2, kernel, stride).unfold(3, kernel, stride).flatten(4)
        two = windows.topk(2)
        gap = two.values[..., 0] - two.values[..., 1]
        # Where all are cut, the rectifier lets no gradient through whichever is taken.
        image, channel, row, column = ((gap < margin) & (two.values[..., 0] > 0)).nonzero().T
        largest = two.indices[image, channel, row, column, 0]
        y = row * stride + largest // kernel - padding
        x_ = column * stride + largest % kernel - padding
        places = ((image * x.shape[1] + channel) * x.shape[2] + y) * x.shape[3] + x_
        self.move(places, 1.5 * margin - gap[image, channel, row, column])


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
        self.relu = nn.ReLU()
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
        x = self.relu(self.bn1(self.conv1(x)))
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

def measure(model, images, direction):
    """Scores and gradients of both modes in double precision, single precision's errors, and the
    pins that both were computed with."""
    results, pins = {}, {}
    for precision in [torch.float64, torch.float32]:
        model.to(precision)
        x = images.to(precision)
        # The running statistics that evaluation uses are those of the network without pins.
        model.train()
        with torch.no_grad():
            model(x)
        for mode in reversed(MODES):  # training would move them
            margins = Margins(model)
            model.train(mode == "training")
            if mode not in pins:
                margins.search(model, x)
                pins[mode] = margins.pins
            margins.pins = pins[mode]
            results[precision, mode] = run(model, x, direction.to(precision), mode)
            margins.remove()
    errors = {}
    for mode in MODES:
        scores, rows = results[torch.float64, mode]
        found_scores, found = results[torch.float32, mode]
        set_scales(rows)
        worst = max(error(found[n], row, row[0], row[1]) for n, row in rows.items())
        errors[mode] = (np.abs(found_scores - scores).max() / np.abs(scores).max(), worst)
    return {mode: results[torch.float64, mode] for mode in MODES}, errors, pins


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
        images = uniform("images", (BATCH, channels, side, side), 0, 1.75)
        truth, errors, pins = measure(model, images, direction)
        names = [n for n, _ in model.named_parameters()]
        case = {"architecture": name, "channels": channels, "side": side, "classes": classes,
                "parameters": [[n, list(p.shape)] for n, p in model.named_parameters()], "modes": {}}
        for mode in MODES:
            scores, rows = truth[mode]
            score_error, gradient_error = errors[mode]
            case["modes"][mode] = {"scoreError": float(f"{score_error:.2e}"),
                                   "gradientError": float(f"{gradient_error:.2e}")}
            # One row a pin: row-major index into the output of that convolution, and the value.
            pinned = {n: sorted(p.items()) for n, p in sorted(pins[mode].items())}
            case["modes"][mode]["pinned"] = list(pinned)
            for node, rows_ in pinned.items():
                assert rows_[-1][0] < 1 << 24  # exact as a 32-bit float
                tensors[f"{label}/{mode}/pins/{node}"] = np.array(rows_, np.float32)
            tensors[f"{label}/{mode}/scores"] = scores.astype(np.float32)
            tensors[f"{label}/{mode}/gradients"] = np.stack(
                [rows[n] for n in names]).astype(np.float32)
            count = sum(map(len, pinned.values()))
            print(f"{label:16} {mode:10} {count:5} pins  scores {score_error:.1e}  gradients {gradient_error:.1e}"
                  f"  largest score {np.abs(scores).max():.3g}", flush=True)
        cases[label] = case
        del model, truth
    order = [f"{name}-{side}" for name, _, side, _ in CASES]
    ordered = [cases[label] for label in order if label in cases]
    save_file(tensors, path, metadata={"cases": json.dumps(ordered, separators=(",", ":"))})
    print(os.path.getsize(path), "bytes")


if __name__ == "__main__":
    main()
