"""Exports a dense and a pruned model to ONNX and compares onnxruntime's scores with crisp's, on test
pictures of Fashion-MNIST. The pruned model comes from a short run of `crisp prune`.

    python check_onnx_export.py PATH/TO/crisp FOLDER
"""

import gzip
import json
import pathlib
import sys

import numpy as np
import onnx
from PIL import Image

import peers

CRISP, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
BASE = "Sources/CEmbeddedModel/resnet18-fashion-mnist.safetensors"
DATA = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"

pixels = np.frombuffer(gzip.open(DATA).read(), np.uint8, offset=16).reshape(-1, 28, 28)
pictures = []
for number in range(16):
    pictures.append(FOLDER / f"fashion-{number}.png")
    Image.fromarray(pixels[number]).save(pictures[-1])

pruned = FOLDER / "pruned.crisp.safetensors"
peers.crisp(
    CRISP, "prune", "--model", BASE, "--data", "fashion-mnist", "--classes", "Sandal,Sneaker,Bag",
    "--sparsity", "0.9", "--recipe",
    '{"iterations": 2, "epochs_per_iteration": 1, "final_epochs": 1, "samples_per_class": 64}',
    "--out", pruned)

failed = False
for name, model in [("dense", BASE), ("pruned", pruned)]:
    target = FOLDER / f"{name}.onnx"
    peers.crisp(CRISP, "convert", model, target)
    file = onnx.load(target)
    onnx.checker.check_model(file, full_check=True)
    metadata = {entry.key: entry.value for entry in file.metadata_props}
    labels = json.loads(metadata["labels"])
    preprocessing = json.loads(metadata["preprocessing"])
    logits = peers.onnxruntime_logits(
        target, pictures, preprocessing["mean"], preprocessing["std"], grey=True)
    error = peers.relative_error(peers.crisp_scores(CRISP, model, pictures, labels), logits)
    weights = [onnx.numpy_helper.to_array(t) for t in file.graph.initializer if len(t.dims) == 4]
    zeros = sum((w == 0).sum() for w in weights) / sum(w.size for w in weights)
    print(f"  {name}: {len(labels)} classes, {zeros:.0%} of the convolutions' weights zero, "
          f"largest error {error:.1e} of the largest logit (limit 1e-4)")
    failed |= not error < 1e-4
sys.exit(failed)
