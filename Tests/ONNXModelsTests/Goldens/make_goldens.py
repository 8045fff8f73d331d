"""Writes the networks that the import tests read, with onnxruntime's answers.

Every NAME-OPSET.onnx has a NAME-OPSET.safetensors with an `input` of two images and the `output`
that onnxruntime computes for it; operators.md lists which operator occurs where.

    pip install onnx==1.23.2 onnxruntime==1.32.0 safetensors numpy torch==2.13.0 onnxscript
    python make_goldens.py
"""

import collections
import io
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
table = collections.defaultdict(lambda: collections.defaultdict(list))


class Net:
    """A graph under construction; values are referred to by name."""

    def __init__(self, opset, channels=3, side=9, seed=0):
        self.opset, self.shape = opset, (channels, side, side)
        self.random = np.random.default_rng(seed)
        self.nodes, self.tensors = [], []
        self.batch = "N"

    def op(self, kind, *inputs, name=None, outputs=None, **attributes):
        name = name or f"{kind.lower()}{len(self.nodes)}"
        outputs = outputs or [name + "_out"]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs[0]

    def const(self, array, name=None, dtype=np.float32):
        name = name or f"constant{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def ints(self, *values):
        return self.const(values, dtype=np.int64)

    def weight(self, *shape, name=None):
        scale = 1 / np.sqrt(max(np.prod(shape[1:]), 1))
        return self.const(self.random.normal(0, 1, shape) * scale, name)

    def conv(self, x, i, o, k=1, group=1, bias=True, name=None, **attributes):
        name = name or f"layer{len(self.nodes)}"
        inputs = [x, self.weight(o, i // group, k, k, name=name + ".weight")]
        if bias:
            inputs.append(self.weight(o, name=name + ".bias"))
        return self.op("Conv", *inputs, group=group, name=f"node_of_{name}", **attributes)

    def norm(self, x, c, name, **attributes):
        r = self.random
        parts = [("weight", r.uniform(0.5, 1.5, c)), ("bias", r.normal(0, 0.3, c)),
                 ("running_mean", r.normal(0, 0.3, c)), ("running_var", r.uniform(0.5, 2, c))]
        inputs = [self.const(value, f"{name}.{key}") for key, value in parts]
        return self.op("BatchNormalization", x, *inputs, name=f"node_of_{name}", **attributes)

    def mean(self, x, keep=1, axes=None):
        if self.opset < 18:
            return self.op("ReduceMean", x, axes=list(axes or (2, 3)), keepdims=keep)
        return self.op("ReduceMean", x, self.ints(*(axes or (-2, -1))), keepdims=keep)

    def axes(self, kind, x, *axes):
        if self.opset < 13:
            return self.op(kind, x, axes=list(axes))
        return self.op(kind, x, self.ints(*axes))

    def head(self, x, c, classes=5):
        """Mean over space and a classifier."""
        x = self.op("Flatten", self.op("GlobalAveragePool", x))
        return self.op("Gemm", x, self.weight(classes, c, name="fc.weight"),
                       self.weight(classes, name="fc.bias"), transB=1, name="node_of_fc")

    def model(self, output):
        self.nodes[-1].output[0] = "scores"
        graph = helper.make_graph(
            self.nodes, "net",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [self.batch, *self.shape])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [self.batch, "classes"])],
            self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 8 if self.opset < 19 else 10 if self.opset < 23 else 11
        return model


def layers(n):
    x = n.conv("image", 3, 8, 3, bias=False, name="conv1", pads=[1, 1, 1, 1], strides=[2, 2])
    x = n.op("Relu", n.norm(x, 8, "bn1", epsilon=1e-3))
    y = n.conv(x, 8, 8, 3, group=8, name="depthwise", pads=[0, 1, 2, 1])
    y = n.conv(y, 8, 8, 1, group=2, name="grouped", bias=False)
    x = n.op("Relu", n.op("Add", n.norm(y, 8, "bn2"), x))
    x = n.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    return n.head(x, 8)


def auto_pad(n):
    x = n.conv("image", 3, 6, 3, auto_pad="SAME_UPPER", strides=[2, 2])
    x = n.conv(x, 6, 6, 2, auto_pad="SAME_LOWER")
    x = n.op("MaxPool", x, kernel_shape=[2, 2], auto_pad="SAME_UPPER")
    x = n.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_LOWER")
    return n.head(n.conv(x, 6, 6, 2, auto_pad="VALID"), 6)


def clips(n):
    x = n.conv("image", 3, 6, 1)
    zero, six, low, high = (n.const(v) for v in (0, 6, -0.5, 0.7))
    x = n.op("Add", n.op("Clip", x, low), n.op("Clip", x, "", high))
    x = n.op("Add", n.op("Clip", x, low, high), n.op("Clip", x, zero, six))
    x = n.op("Clip", n.op("Clip", x), zero)
    return n.head(x, 6)


def pools(n):
    x = n.conv("image", 3, 6, 1)
    x = n.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    x = n.op("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    x = n.op("AveragePool", x, kernel_shape=[2, 3], pads=[1, 1, 0, 1])
    x = n.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    return n.op("Flatten", n.conv(x, 6, 1, 2), axis=-3)


def pads(n):
    # As PyTorch's exporter turns left 0, right 1, top 1, bottom 2 into ONNX's order.
    zeros = n.op("ConstantOfShape", n.ints(4), value=numpy_helper.from_array(np.int64([0])))
    order = n.op("Reshape", n.op("Concat", n.ints(0, 1, 1, 2), zeros, axis=0), n.ints(-1, 2))
    order = n.op("Slice", order, n.ints(-1), n.ints(-2**63), n.ints(0), n.ints(-1))
    order = n.op("Reshape", n.op("Transpose", order, perm=[1, 0]), n.ints(-1))
    x = n.op("Pad", "image", n.op("Cast", order, to=TensorProto.INT64))
    x = n.conv(x, 3, 6, 3, strides=[2, 2], pads=[1, 1, 0, 1], name="first")
    if n.opset >= 18:
        x = n.op("Pad", x, n.ints(1, 2), "", n.ints(-1))
    else:
        x = n.op("Pad", x, n.ints(0, 0, 0, 1, 0, 0, 0, 2), n.const(0))
    x = n.op("MaxPool", x, kernel_shape=[2, 2])
    x = n.conv(x, 6, 6, 1, pads=[1, 1, 1, 1])
    return n.head(x, 6)


def gates(n):
    x = n.conv("image", 3, 8, 3)
    gate = n.op("Relu", n.conv(n.op("GlobalAveragePool", x), 8, 4))
    gate = n.op("HardSigmoid", n.conv(gate, 4, 8), alpha=1 / 6, beta=0.5)
    x = n.op("Mul", gate, x)
    gate = n.op("Sigmoid", n.conv(n.mean(x), 8, 8))
    x = n.op("Mul", x, gate)
    x = n.op("Mul", x, n.op("Sigmoid", x))
    if n.opset >= 14:
        x = n.op("HardSwish", x)
    half = n.op("Clip", n.op("Add", x, n.const(3)), n.const(0), n.const(6))
    x = n.op("Div", n.op("Mul", x, half), n.const(6))
    return n.head(n.op("HardSigmoid", x), 8)


def constants(n):
    x = n.op("Sub", "image", n.weight(1, 3, 1, 1))
    x = n.op("Div", x, n.const(n.random.uniform(0.5, 2, (3, 1, 1))))
    x = n.conv(x, 3, 4, 3, bias=False)
    y = n.op("Add", x, n.weight(4, 1, 1))
    x = n.op("Add", n.op("Mul", y, n.weight(4, 1, 1)), y)
    x = n.op("Sub", n.const([0.25]), n.op("Relu", x))
    x = n.op("Mul", n.const(2), x)
    x = n.op("Add", x, n.op("Constant", value=numpy_helper.from_array(np.float32([[[1]]]))))
    x = n.op("Relu", n.op("Sub", x, n.op("Constant", value_float=0.125) if n.opset > 11
                          else n.const(0.125)))
    x = n.head(x, 4)
    return n.op("Mul", x, n.weight(5))


def features(n):
    x = n.conv("image", 3, 6, 3)
    if n.opset > 11:
        shape = n.op("Shape", x)
        batch = n.axes("Unsqueeze", n.op("Gather", shape, n.const(0, dtype=np.int64), axis=0), 0)
        shape = n.op("Concat", batch, n.ints(-1), axis=0)
    else:
        shape = n.op("Slice", n.op("Shape", x), n.ints(0), n.ints(1), n.ints(0))
        shape = n.op("Concat", shape, n.ints(294), axis=0)
    x = n.op("Reshape", x, shape)
    x = n.op("MatMul", x, n.weight(294, 7))
    x = n.op("Relu", n.op("Add", n.const(n.random.normal(0, 1, 7)), x))
    x = n.norm(x, 7, "bn")
    x = n.op("Gemm", x, n.weight(7, 8), n.const(0.5), alpha=0.5, beta=2.0)
    x = n.op("Relu", x)
    x = n.conv(n.axes("Unsqueeze", x, 2, 3), 8, 8)
    x = n.axes("Squeeze", x, -1, -2)
    return n.op("MatMul", x, n.weight(8, 5))


def branches(n):
    x = n.conv("image", 3, 4, 3)
    y = n.conv(x, 4, 3, 3, pads=[1, 1, 1, 1])
    x = n.op("Concat", x, y, x, axis=1)
    a, b = n.op("Relu", n.mean(x, keep=0)), n.op("Reshape", n.mean(x), n.ints(0, -1))
    x = n.op("Concat", a, b, axis=-1)
    x = n.op("Reshape", x, n.ints(-1, 22, 1, 1))
    return n.op("Reshape", n.conv(x, 22, 5), n.ints(-1, 5))


def endings(n):
    x = n.op("Cast", n.op("Identity", "image"), to=TensorProto.FLOAT)
    x = n.conv(x, 3, 6, 3, name="first")
    x = n.op("Dropout", x) if n.opset < 12 else n.op(
        "Dropout", x, n.const(0.5), n.const(False, dtype=np.bool_))
    again = n.op("Identity", "first.bias", outputs=["second.bias"])
    x = n.op("Conv", x, n.weight(6, 6, 1, 1, name="second.weight"), again)
    size = n.op("Mul", n.const(2, dtype=np.int64), n.const(3, dtype=np.int64))
    x = n.op("GlobalAveragePool", x)
    size = n.op("Concat", n.ints(-1), n.axes("Unsqueeze", size, 0), axis=0)
    x = n.op("Identity", n.op("Reshape", x, size))
    return n.op("LogSoftmax" if n.opset == 18 else "Softmax", x, axis=1)


def views(n):
    """One thing said in several ways: sums, rectifiers, pools and means axis by axis."""
    x = n.conv("image", 3, 6, 3, name="first", dilations=[2, 2], pads=[2, 2, 2, 2])
    y = n.conv(x, 6, 6, 3, group=6, name="second", dilations=[1, 2], pads=[1, 2, 1, 2])
    x = n.op("Sum", x, y, x)
    x = n.op("LeakyRelu", x, alpha=0.2)
    x = n.op("PRelu", x, n.const(n.random.uniform(0, 0.5, (6, 1, 1))))
    x = n.op("Min", n.op("Max", n.const(-0.4), x), n.const([1.5]))
    high = n.op("ReduceMax", x, axes=[2, 3], keepdims=0) if n.opset < 18 else n.op(
        "ReduceMax", x, n.ints(2, 3), keepdims=0)
    mean = n.mean(x, axes=(3,), keep=0)
    mean = n.mean(mean, axes=(2,), keep=0)
    other = n.mean(n.mean(x, axes=(-2,)), axes=(-1,))
    other = n.axes("Squeeze", n.axes("Squeeze", other, 3), 2)
    top = n.op("Flatten", n.op("GlobalMaxPool", x))
    x = n.op("Concat", high, mean, other, top, axis=1)
    x = n.op("Gemm", x, n.weight(5, 24, name="fc.weight"), transB=1)
    return n.op("Identity", n.op("Reshape", n.op("Softmax", x), n.ints(-1, 5)))


def folded(n):
    """Weights that are computed: transposed, reshaped, standardised, scaled."""
    w = n.weight(6, 3, 3, 3, name="conv.weight")
    flat = n.op("Reshape", w, n.ints(6, -1))
    mean = n.op("ReduceMean", flat, axes=[1]) if n.opset < 18 else n.op(
        "ReduceMean", flat, n.ints(1))
    off = n.op("Sub", flat, mean)
    square = n.op("Pow", off, n.const(2))
    var = n.op("ReduceMean", square, axes=[1]) if n.opset < 18 else n.op(
        "ReduceMean", square, n.ints(1))
    flat = n.op("Div", off, n.op("Sqrt", n.op("Add", var, n.const(1e-5))))
    w = n.op("Mul", n.op("Reshape", flat, n.ints(6, 3, 3, 3)), n.weight(6, 1, 1, 1))
    half = n.op("Cast", n.const(n.random.normal(0, 1, 6), dtype=np.float16), to=TensorProto.FLOAT)
    x = n.op("Conv", "image", w, half, name="node_of_conv")
    x = n.op("Relu", x)
    # A depthwise kernel as TensorFlow stores it: height, width, channels, multiplier.
    w = n.op("Transpose", n.weight(3, 3, 6, 1), perm=[2, 3, 0, 1])
    x = n.op("Conv", x, w, group=6)
    parts = [n.op("Slice", n.weight(10, 6), n.ints(0), n.ints(10), n.ints(0), n.ints(2)),
             n.op("Gather", n.weight(6, 5), n.ints(0, -1, 3), axis=1)]
    w = n.op("Concat", parts[0], n.op("Transpose", n.op("Concat", parts[1], n.op(
        "Expand", n.weight(1, 2), n.ints(6, 2)), axis=1)), axis=0)
    x = n.op("MatMul", n.op("Flatten", n.op("GlobalAveragePool", x)), n.op("Transpose", w))
    w = n.op("MatMul", n.weight(10, 3), n.weight(3, 5))
    return n.op("MatMul", x, n.op("Neg", w))


def channels_last(n):
    """As tf2onnx and Keras write it: NHWC between the operators that need NCHW."""
    n.shape = (*n.shape[1:], n.shape[0])
    x = n.op("Transpose", "image", perm=[0, 3, 1, 2])
    x = n.op("Transpose", n.conv(x, 3, 8, 3, bias=False), perm=[0, 2, 3, 1])
    x = n.op("Add", x, n.weight(8))
    x = n.op("Relu", n.op("Mul", x, n.const(n.random.uniform(0.5, 1.5, (1, 1, 1, 8)))))
    gate = n.mean(x, axes=(1, 2), keep=0)
    gate = n.op("Reshape", gate, n.ints(-1, 1, 1, 8))
    gate = n.op("Transpose", n.conv(n.op("Transpose", gate, perm=[0, 3, 1, 2]), 8, 8),
                perm=[0, 2, 3, 1])
    x = n.op("Mul", x, n.op("Sigmoid", gate))
    if n.opset >= 13:
        x = n.op("Pad", x, n.ints(0, 0, 1, 0, 0, 1, 0, 0))
    else:
        x = n.op("Pad", x, n.ints(0, 0, 1, 0, 0, 1, 0, 0), n.const(0))
    x = n.op("Concat", x, n.op("Clip", x, n.const(0), n.const(0.5)), axis=-1)
    x = n.op("Transpose", x, perm=[0, 3, 1, 2])
    x = n.op("MaxPool", x, kernel_shape=[2, 2], strides=[3, 2])
    x = n.op("Transpose", x, perm=[0, 2, 3, 1])
    # Flattened as it stands: height, width, channels.
    x = n.op("Reshape", x, n.ints(-1, 16 * 3 * 4))
    return n.op("Add", n.op("MatMul", x, n.weight(16 * 3 * 4, 5)), n.weight(5))


def shuffles(n):
    """Channels taken apart and mixed, and gates that are repeated before the product."""
    x = n.conv("image", 3, 8, 3, name="first")
    y = n.op("Reshape", x, n.ints(0, 2, 4, 7, 7))
    y = n.op("Transpose", y, perm=[0, 2, 1, 3, 4])
    y = n.op("Reshape", y, n.ints(0, -1, 7, 7))
    y = n.conv(y, 8, 8, 1, group=2, name="grouped")
    if n.opset < 13:
        a, b = n.op("Split", y, axis=1, split=[3, 5], outputs=["a", "b"]), "b"
    else:
        a, b = n.op("Split", y, n.ints(3, 5), axis=1, outputs=["a", "b"]), "b"
    half = n.op("Slice", b, n.ints(1), n.ints(2**63 - 1), n.ints(1), n.ints(1))
    x = n.op("Concat", n.op("Relu", half), a, x, axis=1)
    x = n.op("Slice", x, n.ints(0, 0), n.ints(2**63 - 1, 2**63 - 1), n.ints(2, 3), n.ints(2, 2))
    gate = n.op("Sigmoid", n.conv(n.op("GlobalAveragePool", x), 15, 15))
    x = n.op("Mul", x, n.op("Expand", gate, n.op("Shape", x)))
    # Flattened with the channels shuffled.
    x = n.op("Transpose", n.op("Reshape", x, n.ints(0, 3, 5, 4, 4)), perm=[0, 2, 1, 3, 4])
    x = n.op("Flatten", x)
    return n.op("Gemm", x, n.weight(5, 240), n.weight(5), transB=1)


def oldest(n):
    """What operator set 9 says with attributes."""
    x = n.op("Pad", "image", pads=[0, 0, 1, 0, 0, 0, 0, 1])
    x = n.op("Clip", n.conv(x, 3, 6, 3, name="first"), min=0.0, max=6.0)
    x = n.norm(n.op("Dropout", x, ratio=0.3), 6, "bn")
    a, b = n.op("Split", x, axis=1, split=[2, 4], outputs=["a", "b"]), "b"
    x = n.op("Concat", n.op("Relu", b), n.op("Slice", a, axes=[1], starts=[0], ends=[2]), axis=1)
    x = n.op("Squeeze", n.op("ReduceMean", x, axes=[2, 3]), axes=[2, 3])
    size = n.op("Slice", n.op("Shape", x), axes=[0], starts=[0], ends=[1])
    x = n.op("Reshape", x, n.op("Concat", size, n.ints(-1), axis=0))
    x = n.op("Gemm", x, n.weight(5, 6, name="fc.weight"), n.weight(5, name="fc.bias"), transB=1)
    return n.op("Softmax", x)


def fixed_batch(n):
    """The example's batch written into shapes, as exporters do that took it for a constant."""
    n.batch = 1
    x = n.conv("image", 3, 6, 3)
    gate = n.op("Sigmoid", n.conv(n.op("GlobalAveragePool", x), 6, 6))
    x = n.op("Mul", x, n.op("Expand", gate, n.ints(1, 6, 7, 7)))
    x = n.op("Reshape", n.op("GlobalAveragePool", x), n.ints(1, 6))
    x = n.op("Reshape", n.op("Reshape", x, n.ints(1, 6, 1, 1)), n.ints(1, -1))
    return n.op("Gemm", x, n.weight(5, 6), transB=1)


def torch_model(opset, folded, plain=None):
    torch.manual_seed(1)

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = torch.nn.Conv2d(6, 6, 3, padding=1, bias=False)
            self.bn1 = torch.nn.BatchNorm2d(6)
            self.relu = torch.nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.bn1(self.conv1(x)) + x)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3, bias=False),
                                            torch.nn.BatchNorm2d(6), torch.nn.ReLU6())
            self.layer1 = torch.nn.Sequential(Block(), Block())
            self.fc = torch.nn.Linear(6, 5)

        def forward(self, x):
            x = torch.nn.functional.silu(self.layer1(self.stem(x)))
            x = torch.nn.functional.adaptive_avg_pool2d(x, 1)
            return self.fc(x.view(x.size(0), -1))

    model = Model()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    model.eval()
    if plain:
        # As most people call it: the new exporter, a fixed batch, weights in a file of their own.
        torch.onnx.export(model, (torch.zeros(1, 3, 9, 9),), plain, input_names=["image"],
                          verbose=False)
        exported = onnx.load(plain, load_external_data=False)
        # Stack traces, with the folders of the machine that exported.
        for node in exported.graph.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
        pathlib.Path(plain).write_bytes(exported.SerializeToString())
        return exported
    file = io.BytesIO()
    arguments = dict(opset_version=opset, input_names=["image"], output_names=["scores"],
                     dynamic_axes={"image": {0: "N"}}, dynamo=False)
    if not folded:
        arguments |= dict(training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    torch.onnx.export(model, (torch.zeros(1, 3, 9, 9),), file, **arguments)
    return onnx.load_from_string(file.getvalue())


def save(name, opset, model, plain=None):
    if not plain:
        onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(
        plain or model.SerializeToString(), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(7).normal(0, 1, (2, 3, 9, 9)).astype(np.float32)
    batch, *sides = session.get_inputs()[0].shape
    given = images.transpose(0, 2, 3, 1) if sides[-1] == 3 else images
    step = 1 if batch == 1 else 2
    output = np.concatenate([session.run(None, {"image": given[i:i + step]})[0]
                             for i in range(0, 2, step)])
    kinds = sorted({node.op_type for node in model.graph.node})
    ends = [kind for kind in ("Softmax", "LogSoftmax") if kind in kinds]
    stem = HERE / f"{name}-{opset}"
    if not plain:
        stem.with_suffix(".onnx").write_bytes(model.SerializeToString())
    save_file({"input": images, "output": output.astype(np.float32)},
              stem.with_suffix(".safetensors"), {"ends in": ends[0] if ends else "logits"})
    for kind in set(kinds) - ONLY_FOLDED:
        table[kind][opset].append(name)


# Read of constants alone.
ONLY_FOLDED = {"Neg", "Pow", "Sqrt"}
OPSETS = [11, 13, 17, 18, 21, 23]
for build in (layers, auto_pad, clips, pools, pads, gates, constants, features, branches, endings,
              views, folded, channels_last, shuffles):
    for opset in OPSETS:
        net = Net(opset)
        save(build.__name__, opset, net.model(build(net)))
for build, opset in ((oldest, 9), (fixed_batch, 17)):
    net = Net(opset)
    save(build.__name__, opset, net.model(build(net)))
for opset in (11, 17):
    save("torch_folded", opset, torch_model(opset, folded=True))
    save("torch_unfolded", opset, torch_model(opset, folded=False))
plain = str(HERE / "torch_plain-20.onnx")
save("torch_plain", 20, torch_model(20, False, plain), plain)

with open(HERE / "operators.md", "w") as file:
    file.write("Which networks here hold which operators, by operator set (see make_goldens.py).\n\n")
    file.write("| operator | " + " | ".join(map(str, OPSETS)) + " |\n|---")
    file.write("|---" * len(OPSETS) + "|\n")
    for kind in sorted(table):
        cells = [", ".join(table[kind][opset]) or "–" for opset in OPSETS]
        file.write(f"| {kind} | " + " | ".join(cells) + " |\n")
