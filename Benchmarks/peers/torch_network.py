"""The networks of our ONNX export in PyTorch: the handful of operators that they consist of."""
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional


class OnnxNetwork(nn.Module):
    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.output = graph.output[0].name
        self.image = graph.input[0].name
        self.layers = nn.ModuleList()
        self.steps = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            values = [constants[name] for name in node.input if name in constants]
            inputs = [name for name in node.input if name not in constants]
            self.steps.append((self.step(node.op_type, attributes, values), inputs, node.output[0]))

    def step(self, kind, attributes, values):
        if kind in ("Conv", "Gemm"):
            weight, bias = (torch.from_numpy(np.array(v)) for v in values)
            if kind == "Gemm":
                layer = nn.Linear(weight.shape[1], weight.shape[0])
            else:
                groups = attributes.get("group", 1)
                layer = nn.Conv2d(
                    weight.shape[1] * groups, weight.shape[0], weight.shape[2:],
                    attributes["strides"], attributes["pads"][:2], groups=groups)
            layer.weight.data, layer.bias.data = weight, bias
            self.layers.append(layer)
            return layer
        window = {key: attributes.get(key) for key in ("kernel_shape", "strides")}
        if kind == "MaxPool":
            return lambda x: functional.max_pool2d(
                x, window["kernel_shape"], window["strides"], attributes["pads"][:2])
        if kind == "Clip":
            lower, upper = map(float, values)
            return lambda x: functional.hardtanh(x, lower, upper)
        return {
            "Relu": functional.relu,
            "Add": lambda x, y: x + y,
            "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
            "Flatten": lambda x: x.flatten(1),
        }[kind]

    def forward(self, x):
        values = {self.image: x}
        for step, inputs, output in self.steps:
            values[output] = step(*[values[name] for name in inputs])
        return values[self.output]
