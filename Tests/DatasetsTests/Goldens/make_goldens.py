"""Writes resizing.json: what torchvision makes of a picture on the way to a network.

    pip install torch torchvision pillow
    python make_goldens.py

The picture is computed, here and in InputGeometryTests.swift, so that only results are stored.
"""

import json
import torch

# Wheels whose compiled operators do not match torch fail to register them; none is used here.
torch.library.register_fake = lambda *args, **kwargs: lambda function: function

import numpy as np
from PIL import Image
from torchvision.transforms import functional


def picture(width, height, channels):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    values = (x * 7 + y * 13 + c * 31 + (x * y) % 11 * 5) % 256
    return Image.fromarray(values.astype(np.uint8).squeeze())


def planes(image):
    array = np.asarray(image)
    array = array[:, :, None] if array.ndim == 2 else array
    return array.transpose(2, 0, 1).flatten().tolist()


cases = []
for width, height, channels, resize, side in [
    (40, 30, 3, 16, 12), (30, 47, 3, 16, 12), (21, 20, 1, 32, 28), (9, 40, 3, 12, 12), (33, 33, 1, 9, 8),
]:
    image = functional.resize(picture(width, height, channels), resize)
    cases.append({"width": width, "height": height, "channels": channels, "side": side, "resize": resize,
                  "planes": planes(functional.center_crop(image, side))})
for width, height, channels, side in [(40, 30, 3, 12), (8, 9, 1, 14)]:
    image = functional.resize(picture(width, height, channels), [side, side])
    cases.append({"width": width, "height": height, "channels": channels, "side": side, "planes": planes(image)})
for width, height, x, y, w, h in [(40, 30, 5, 3, 17, 11), (40, 30, 0, 0, 40, 30), (40, 30, 36, 27, 4, 3)]:
    image = functional.resized_crop(picture(width, height, 3), y, x, h, w, [12, 12])
    cases.append({"width": width, "height": height, "channels": 3, "side": 12, "region": [x, y, w, h],
                  "planes": planes(image)})

with open("resizing.json", "w") as file:
    json.dump(cases, file, separators=(",", ":"))
    file.write("\n")
