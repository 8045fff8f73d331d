"""Checks `crisp convert` against PyTorch: torchvision's state dicts come in, `load_state_dict`
accepts what goes out, and both sides give the same scores.

    python3 -m venv venv && venv/bin/pip install torch torchvision safetensors
    venv/bin/python check_state_dict.py PATH/TO/crisp [FOLDER FOR FILES]

Three ways are gone, each ending in `load_state_dict(strict=True)`:

- state dict -> dense model -> state dict: tensors are equal, bit for bit;
- torchvision's own VGG-16 trained on 32x32 pictures (its pool repeats one position 49 times);
- state dict -> dense model -> `crisp prune` -> state dict: dense, with zeros, as many classes as
  were asked for, and the probabilities of `crisp predict`.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import torch
import torch.library
from safetensors.torch import load_file, save_file
from torch import nn

# PyPI's torchvision registers fakes of operators that a CPU build of torch does not have.
torch.library.register_fake = lambda *a, **k: (lambda f: f)
import torchvision  # noqa: E402
from PIL import Image  # noqa: E402

CRISP = sys.argv[1]
torch.manual_seed(7)


def crisp(*arguments):
    result = subprocess.run([CRISP, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"crisp {' '.join(map(str, arguments))}\n{result.stderr}")
    return result.stdout


def network(name, classes, channels=3, small=True):
    """torchvision's network, in the form for small pictures if asked for."""
    model = getattr(torchvision.models, name)(num_classes=classes)
    if name.startswith("resnet"):
        stem = dict(kernel_size=3, padding=1) if small else dict(kernel_size=7, stride=2, padding=3)
        model.conv1 = nn.Conv2d(channels, 64, bias=False, **stem)
        if small:
            model.maxpool = nn.Identity()
    elif name.startswith("vgg"):
        model.features[0] = nn.Conv2d(channels, 64, 3, padding=1)
        if small:
            model.avgpool = nn.Identity()
            model.classifier[0] = nn.Linear(512, 4096)
    else:
        stride = 1 if small else 2
        model.features[0][0] = nn.Conv2d(channels, 32, 3, stride, 1, bias=False)
        model.features[2].conv[1][0].stride = (stride, stride)
    for module in model.modules():  # batch norm that does something
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model.eval()


def same_tensors(model, path):
    found = load_file(path)
    expected = model.state_dict()
    assert set(found) == set(expected), set(found) ^ set(expected)
    for name, tensor in expected.items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(found[name], tensor), name
        assert found[name].dtype == tensor.dtype and found[name].shape == tensor.shape, name


def round_trips(folder):
    for name, small, classes in [
        ("resnet18", True, 10), ("resnet34", True, 10), ("resnet50", False, 1000),
        ("vgg16_bn", True, 10), ("mobilenet_v2", True, 10), ("mobilenet_v2", False, 1000),
    ]:
        model = network(name, classes, small=small)
        labels = os.path.join(folder, "labels.txt")
        with open(labels, "w") as file:
            file.write("\n".join(f"class {i}" for i in range(classes)) + "\n")
        source, dense, back = (os.path.join(folder, f) for f in ("in.safetensors", "dense.safetensors", "back.safetensors"))
        save_file(model.state_dict(), source)
        options = ["--input", "3x32x32", "--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25"] if small else []
        report = json.loads(crisp("convert", source, dense, "--labels", labels, "--json", *options))
        assert report["architecture"] == name, report
        assert report["input"] == ("3x32x32" if small else "3x224x224"), report
        crisp("convert", dense, back, "--format", "state-dict")
        same_tensors(model, back)
        model.load_state_dict(load_file(back), strict=True)
        print(f"ok  {name} {'small' if small else 'photograph'}: {len(model.state_dict())} tensors there and back")


def picture(folder, channels, name="picture.png"):
    pixels = torch.randint(0, 256, (32, 32, channels), dtype=torch.uint8)
    path = os.path.join(folder, name)
    Image.fromarray(pixels.squeeze(-1).numpy() if channels == 1 else pixels.numpy()).save(path)
    return path, pixels.permute(2, 0, 1)[None].float() / 255


def probabilities(model, path, labels):
    entry = json.loads(crisp("predict", model, path, "--top", len(labels), "--json"))[0]
    found = {c["label"]: c["probability"] for c in entry["classes"]}
    return torch.tensor([found[label] for label in labels])


def torchvisions_pool(folder):
    model = torchvision.models.vgg16(num_classes=4).eval()
    source, dense = os.path.join(folder, "vgg.safetensors"), os.path.join(folder, "vgg-dense.safetensors")
    save_file(model.state_dict(), source)
    labels = ["a", "b", "c", "d"]
    crisp("convert", source, dense, "--labels", ",".join(labels), "--input", "3x32x32",
          "--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25")
    path, pixels = picture(folder, 3)
    expected = model((pixels - 0.5) / 0.25).softmax(1)[0]
    error = (probabilities(dense, path, labels) - expected).abs().max().item()
    assert error < 1e-5, error
    print(f"ok  torchvision's VGG-16 on 32x32 pictures: probabilities within {error:.1e}")


def data_set(folder, classes):
    """Grey 32x32 IDX files; class k is bright in the k-th stripe."""
    for prefix, each in [("train", 40), ("t10k", 10)]:
        labels = [i % classes for i in range(each * classes)]
        pixels = torch.randint(0, 120, (len(labels), 32, 32), dtype=torch.uint8)
        for i, label in enumerate(labels):
            pixels[i, label * 32 // classes : (label + 1) * 32 // classes] += 120
        with open(os.path.join(folder, f"{prefix}-images-idx3-ubyte"), "wb") as file:
            file.write(struct.pack(">IIII", 0x803, len(labels), 32, 32) + pixels.numpy().tobytes())
        with open(os.path.join(folder, f"{prefix}-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">II", 0x801, len(labels)) + bytes(labels))
    with open(os.path.join(folder, "labels.txt"), "w") as file:
        file.write("\n".join(f"class {i}" for i in range(classes)))


def pruned(folder):
    data = os.path.join(folder, "data")
    os.makedirs(data, exist_ok=True)
    data_set(data, 4)
    recipe = json.dumps({"iterations": 1, "dense_epochs": 1, "final_epochs": 1, "samples_per_class": 16,
                         "batch_size": 8})
    for name in ["resnet18", "mobilenet_v2"]:
        source, dense, packed, out = (
            os.path.join(folder, f"{name}-{f}.safetensors") for f in ("in", "dense", "packed", "out"))
        save_file(network(name, 4, channels=1).state_dict(), source)
        crisp("convert", source, dense, "--dataset", data)
        chosen = ["class 2", "class 0"]
        crisp("prune", "--model", dense, "--data", data, "--classes", ",".join(chosen), "--sparsity", "0.85",
              "--recipe", recipe, "--out", packed)
        crisp("convert", packed, out, "--format", "state-dict")
        model = network(name, 2, channels=1)
        tensors = load_file(out)
        model.load_state_dict(tensors, strict=True)
        weights = [t for n, t in tensors.items() if t.dim() > 1]
        zeros = sum((t == 0).sum().item() for t in weights) / sum(t.numel() for t in weights)
        assert zeros > 0.7, zeros
        # The file states how its images are normalised.
        with open(dense, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        how = json.loads(header["__metadata__"]["preprocessing"])
        path, pixels = picture(folder, 1)
        expected = model((pixels - how["mean"][0]) / how["std"][0]).softmax(1)[0]
        error = (probabilities(packed, path, chosen) - expected).abs().max().item()
        assert error < 1e-4, error
        print(f"ok  {name} pruned: {zeros:.1%} zeros, load_state_dict, probabilities within {error:.1e}")


def main():
    with tempfile.TemporaryDirectory() as temporary, torch.no_grad():
        folder = sys.argv[2] if len(sys.argv) > 2 else temporary
        round_trips(folder)
        torchvisions_pool(folder)
        pruned(folder)


if __name__ == "__main__":
    main()
