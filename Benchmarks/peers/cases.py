"""What is measured: networks, the engines that run them, and the goals that ratios are held to."""
from collections import namedtuple

# A row of a table. `network` is what pattern-networks writes; ours also says how values are stored.
Entry = namedtuple("Entry", "label engine network storage")
# `batches` holds the thread counts by batch; `entries` take turns in their order, engines in
# `without` stay out of a batch.
Case = namedtuple("Case", "name batches entries without", defaults=[{}])
# ours and peer are lists of labels: the fastest of each counts.
Goal = namedtuple("Goal", "text case batch ours peer least")

PEERS = ["onnxruntime", "openvino-f32", "openvino-bf16", "torch", "tflite"]
ORT = "onnxruntime"


def ours(case, pattern, storage="f32"):
    keep, sparsity, rows = pattern.split("-")
    label = f"ours {keep.replace('of', ':')} {sparsity} % V={rows[1:]} {storage}"
    return Entry(label, "ours", f"{case}-{pattern}", storage)


def peers(case, pattern, names=PEERS):
    return [Entry(name, name, f"{case}-{pattern}", None) for name in names]


def deepsparse(case, pattern):
    keep, sparsity, rows = pattern.split("-")
    label = f"deepsparse {keep.replace('of', ':')} {sparsity} % V={rows[1:]}"
    return Entry(label, "deepsparse", f"{case}-{pattern}", None)


def dense(case):
    return Entry("ours dense f32", "ours", f"{case}-dense", "f32")


def simple(case, batches, pattern="2of4-95", without={}):
    v4 = f"{pattern}-v4"
    return Case(case, batches, [
        ours(case, f"{pattern}-v1"), ours(case, v4), ours(case, v4, "f16"), dense(case),
        *peers(case, v4), deepsparse(case, v4)], without)


BOTH = (1, 2)
CASES = [
    Case("resnet50-224", {1: BOTH, 8: BOTH, 64: BOTH}, [
        ours("resnet50-224", "2of4-90-v1"), ours("resnet50-224", "2of4-90-v1", "f16"),
        ours("resnet50-224", "2of4-90-v4"),
        ours("resnet50-224", "2of4-90-v4", "f16"),
        ours("resnet50-224", "2of4-95-v1"), ours("resnet50-224", "2of4-95-v1", "f16"),
        ours("resnet50-224", "2of4-95-v4"),
        ours("resnet50-224", "2of4-95-v4", "f16"),
        ours("resnet50-224", "1of4-95-v4"), dense("resnet50-224"),
        *peers("resnet50-224", "2of4-95-v4"),
        Entry("onnxruntime, no zeros", ORT, "resnet50-224-dense", None),
        deepsparse("resnet50-224", "2of4-90-v4"), deepsparse("resnet50-224", "2of4-95-v1"),
        deepsparse("resnet50-224", "2of4-95-v4"), deepsparse("resnet50-224", "1of4-95-v4")]),
    # A pass of 64 takes dense engines 10 s and more: two threads and the quicker of them only.
    simple("vgg16-224", {1: BOTH, 8: BOTH, 64: (2,)},
           without={64: ("torch", "tflite", "openvino-f32")}),
    simple("mobilenet_v2-224", {1: BOTH, 8: BOTH, 64: BOTH}, "2of4-80"),
    simple("resnet20-32", {1: BOTH, 32: BOTH}),
    simple("resnet50-32", {1: BOTH, 32: BOTH}),
    simple("vgg16-32", {1: BOTH, 32: BOTH}),
    simple("mobilenet_v2-32", {1: BOTH, 32: BOTH}, "2of4-80"),
]


def both(text):
    return [f"{text} f32", f"{text} f16"]


GOALS = [
    Goal("ResNet-50, V=4, 90 %: 6x ONNX Runtime", "resnet50-224", 1,
         both("ours 2:4 90 % V=4"), [ORT], 6),
    Goal("ResNet-50, V=4, 95 %: 10x ONNX Runtime", "resnet50-224", 1,
         both("ours 2:4 95 % V=4"), [ORT], 10),
    Goal("ResNet-50, V=1, 90 %: 3.5x ONNX Runtime", "resnet50-224", 1,
         both("ours 2:4 90 % V=1"), [ORT], 3.5),
    Goal("ResNet-50, V=1, 95 %: 6x ONNX Runtime", "resnet50-224", 1,
         both("ours 2:4 95 % V=1"), [ORT], 6),
    Goal("VGG-16, 95 %: 10x ONNX Runtime", "vgg16-224", 1, both("ours 2:4 95 % V=4"), [ORT], 10),
    Goal("MobileNetV2, 80 %: 2x ONNX Runtime", "mobilenet_v2-224", 1,
         both("ours 2:4 80 % V=4"), [ORT], 2),
    Goal("ResNet-50, 95 %: 4x OpenVINO bf16", "resnet50-224", 1,
         both("ours 2:4 95 % V=4"), ["openvino-bf16"], 4),
    Goal("ResNet-50, 95 %: 6x DeepSparse, same weights", "resnet50-224", 1,
         both("ours 2:4 95 % V=4"), ["deepsparse 2:4 95 % V=4"], 6),
    Goal("ResNet-50, 95 %, 1:4: 6x DeepSparse, same weights", "resnet50-224", 1,
         ["ours 1:4 95 % V=4 f32"], ["deepsparse 1:4 95 % V=4"], 6),
    Goal("ResNet-50, 95 %: 2x DeepSparse, same weights", "resnet50-224", 64,
         both("ours 2:4 95 % V=4"), ["deepsparse 2:4 95 % V=4"], 2),
    Goal("ResNet-50, 95 %, 1:4: 2x DeepSparse, same weights", "resnet50-224", 64,
         ["ours 1:4 95 % V=4 f32"], ["deepsparse 1:4 95 % V=4"], 2),
]
# Two threads against one, of ours.
SCALING = 1.8

# Files are weighed and loaded in a process of their own; the last two stand for the size goals.
SIZES = ["resnet50-224-2of4-90-v4", "resnet50-224-2of4-95-v4", "vgg16-224-2of4-95-v4",
         "mobilenet_v2-224-2of4-80-v4", "resnet50-224-2of4-80-v1-b16",
         "resnet50-224-1of4-95-v1-b16"]
