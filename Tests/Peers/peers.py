"""What the checks share: running crisp and onnxruntime on the same pictures, comparing scores.

`crisp predict` prints probabilities, which are the logits up to a constant per picture once a
logarithm is taken; scores are therefore compared after subtracting their mean.
"""

import json
import subprocess
import sys

import numpy as np
import onnxruntime
from PIL import Image


def crisp(program, *arguments):
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"crisp {' '.join(map(str, arguments))}\n{result.stderr}")
    return result.stdout


def crisp_scores(program, model, pictures, labels):
    """Centred scores [picture, class], in the order of `labels`."""
    text = crisp(program, "predict", model, *pictures, "--top", len(labels), "--json")
    scores = []
    for report in json.loads(text):
        found = {entry["label"]: entry["probability"] for entry in report["classes"]}
        scores.append([found[label] for label in labels])
    return centred(np.log(np.asarray(scores)))


def onnxruntime_logits(model, pictures, mean, deviation, grey=False):
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    images = []
    for path in pictures:
        pixels = np.asarray(Image.open(path).convert("L" if grey else "RGB"), np.float32) / 255
        if grey:
            pixels = pixels[..., None]
        images.append(((pixels - np.float32(mean)) / np.float32(deviation)).transpose(2, 0, 1))
    images = np.stack(images).astype(np.float32)
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def centred(scores):
    return scores - scores.mean(axis=1, keepdims=True)


def relative_error(found, logits):
    """Largest difference, in units of the largest logit."""
    return np.abs(found - centred(logits)).max() / np.abs(logits).max()
