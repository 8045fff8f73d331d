"""Writes engine.safetensors: small networks with the scores, losses, gradients and running
statistics that PyTorch computes for them in double precision.

    python3 -m venv venv && venv/bin/pip install torch numpy safetensors
    venv/bin/python make_goldens.py

Every case puts the operator under test behind a convolution, so that the gradient of that
convolution's weights checks the operator's backward pass by its input.
"""

import json
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(20240601)


class Builder:
    def __init__(self, c, h, w):
        self.input = {"channels": c, "height": h, "width": w}
        self.nodes = []
        self.channels = {"input": c}

    def add(self, name, op, inputs, channels, **attributes):
        self.nodes.append({"name": name, "op": op, "inputs": inputs, **attributes})
        self.channels[name] = channels
        return name

    def conv(self, name, x, out, kernel=(1, 1), stride=(1, 1), padding=(0, 0, 0, 0), groups=1, bias=False):
        return self.add(name, "convolution", [x], out, **{"in": self.channels[x], "out": out, "kernel": list(kernel),
                        "stride": list(stride), "padding": list(padding), "groups": groups, "bias": bias})

    def norm(self, name, x):
        c = self.channels[x]
        return self.add(name, "batch_norm", [x], c, **{"in": c, "epsilon": 1e-5})

    def relu(self, name, x, limit=None):
        return self.add(name, "relu", [x], self.channels[x], **({} if limit is None else {"limit": limit}))

    def pool(self, name, x, kind, kernel, stride, padding):
        return self.add(name, f"{kind}_pool", [x], self.channels[x], kernel=list(kernel), stride=list(stride), padding=list(padding))

    def head(self, x, classes=3):
        x = self.add("pool", "global_average_pool", [x], self.channels[x])
        self.linear("fc", x, self.channels[x], classes)

    def linear(self, name, x, features, out):
        return self.add(name, "linear", [x], out, **{"in": features, "out": out, "bias": True})

    def graph(self):
        return {"input": self.input, "nodes": self.nodes, "output": self.nodes[-1]["name"]}


def parameters(graph):
    result = {}
    for node in graph["nodes"]:
        name = node["name"]
        if node["op"] == "convolution":
            shape = [node["out"], node["in"] // node["groups"], *node["kernel"]]
            result[f"{name}.weight"] = torch.randn(shape) / (shape[1] * shape[2] * shape[3]) ** 0.5
            if node["bias"]:
                result[f"{name}.bias"] = torch.randn(node["out"]) * 0.3
        elif node["op"] == "linear":
            result[f"{name}.weight"] = torch.randn(node["out"], node["in"]) / node["in"] ** 0.5
            result[f"{name}.bias"] = torch.randn(node["out"]) * 0.3
        elif node["op"] == "scale_shift":
            result[f"{name}.weight"] = torch.rand(node["in"]) + 0.5
            result[f"{name}.bias"] = torch.randn(node["in"]) * 0.3
        elif node["op"] == "batch_norm":
            c = node["in"]
            result[f"{name}.weight"] = torch.rand(c) + 0.5
            result[f"{name}.bias"] = torch.randn(c) * 0.3
            result[f"{name}.running_mean"] = torch.randn(c) * 0.2
            result[f"{name}.running_var"] = torch.rand(c) + 0.5
    return result


def padded(x, node, value):
    top, left, bottom, right = node["padding"]
    return F.pad(x, (left, right, top, bottom), value=value)


def run(graph, weights, images, training):
    values = {"input": images}
    for node in graph["nodes"]:
        name = node["name"]
        x = values[node["inputs"][0]]
        w = lambda kind: weights.get(f"{name}.{kind}")
        if node["op"] == "convolution":
            y = F.conv2d(padded(x, node, 0), w("weight"), w("bias"), stride=node["stride"], groups=node["groups"])
        elif node["op"] == "batch_norm":
            y = F.batch_norm(x, w("running_mean"), w("running_var"), w("weight"), w("bias"), training, 0.1, node["epsilon"])
        elif node["op"] == "relu":
            y = F.relu(x) if "limit" not in node else F.hardtanh(x, 0, node["limit"])
        elif node["op"] == "max_pool":
            y = F.max_pool2d(padded(x, node, float("-inf")), node["kernel"], node["stride"])
        elif node["op"] == "average_pool" and node.get("counts_padding"):
            y = F.avg_pool2d(padded(x, node, 0), node["kernel"], node["stride"])
        elif node["op"] == "average_pool":
            sums = F.avg_pool2d(padded(x, node, 0), node["kernel"], node["stride"], divisor_override=1)
            counts = F.avg_pool2d(padded(torch.ones_like(x), node, 0), node["kernel"], node["stride"], divisor_override=1)
            y = sums / counts
        elif node["op"] == "global_average_pool":
            y = x.mean((2, 3), keepdim=True)
        elif node["op"] == "clip":
            y = x.clamp(node["lower"], node["upper"])
        elif node["op"] == "sigmoid":
            y = x.sigmoid()
        elif node["op"] == "hard_sigmoid":
            y = (x * node["slope"] + node["offset"]).clamp(0, 1)
        elif node["op"] == "hard_swish":
            y = F.hardswish(x)
        elif node["op"] == "scale_shift":
            y = x * w("weight")[:, None, None] + w("bias")[:, None, None]
        elif node["op"] == "multiply":
            y = x * values[node["inputs"][1]]
        elif node["op"] == "concatenate":
            y = torch.cat([values[i] for i in node["inputs"]], 1)
        elif node["op"] == "pad":
            y = padded(x, node, 0)
        elif node["op"] == "add":
            y = x + values[node["inputs"][1]]
        elif node["op"] == "linear":
            y = F.linear(x.flatten(1), w("weight"), w("bias"))[:, :, None, None]
        values[name] = y
    return values[graph["output"]].flatten(1)


def cases():
    def convolution(c, h, w, out, **attributes):
        b = Builder(2, h, w)
        x = b.conv("probe", "input", c)
        x = b.relu("relu", b.conv("op", x, out, **attributes))
        b.head(x)
        return b.graph()

    yield "conv 3x3 pad 1", convolution(8, 7, 7, 16, kernel=(3, 3), padding=(1, 1, 1, 1))
    yield "conv 3x3 stride 2", convolution(16, 9, 8, 16, kernel=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1), bias=True)
    yield "conv 1x1 stride 2", convolution(16, 8, 8, 32, stride=(2, 2))
    yield "conv 5x3 stride 2x1 asymmetric padding", convolution(5, 9, 8, 7, kernel=(5, 3), stride=(2, 1), padding=(2, 0, 1, 1), bias=True)
    yield "conv 7x7 stride 2 pad 3", convolution(3, 11, 11, 8, kernel=(7, 7), stride=(2, 2), padding=(3, 3, 3, 3))
    yield "conv 2x2 no padding", convolution(6, 5, 6, 10, kernel=(2, 2), bias=True)
    yield "conv 3 groups", convolution(12, 6, 6, 9, kernel=(3, 3), padding=(1, 1, 1, 1), groups=3, bias=True)
    yield "depthwise 3x3", convolution(16, 7, 7, 16, kernel=(3, 3), padding=(1, 1, 1, 1), groups=16)
    yield "depthwise 3x3 stride 2, odd channels", convolution(11, 8, 9, 11, kernel=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1), groups=11, bias=True)
    yield "depthwise 5x5 multiplier 2", convolution(4, 8, 8, 8, kernel=(5, 5), padding=(2, 2, 2, 2), groups=4)

    for limit, label in [(None, "relu"), (0.6, "relu with limit")]:
        b = Builder(2, 6, 6)
        x = b.norm("bn", b.conv("probe", "input", 16, kernel=(3, 3), padding=(1, 1, 1, 1)))
        b.head(b.relu("act", x, limit))
        yield f"batch norm and {label}", b.graph()
    b = Builder(2, 5, 4)
    x = b.norm("bn", b.conv("probe", "input", 5))
    b.head(b.conv("after", x, 6))
    yield "batch norm alone, odd channels", b.graph()

    for kind in ["max", "average"]:
        for kernel, stride, padding in [((2, 2), (2, 2), (0, 0, 0, 0)), ((3, 3), (2, 2), (1, 1, 1, 1)), ((3, 2), (1, 2), (0, 1, 1, 0))]:
            b = Builder(2, 8, 7)
            x = b.pool("op", b.conv("probe", "input", 6), kind, kernel, stride, padding)
            b.head(b.conv("after", x, 5))
            yield f"{kind} pool {kernel} {stride} {padding}", b.graph()

    b = Builder(2, 6, 6)
    x = b.relu("r0", b.norm("b0", b.conv("c0", "input", 16, kernel=(3, 3), padding=(1, 1, 1, 1))))
    y = b.norm("b2", b.conv("c2", b.relu("r1", b.norm("b1", b.conv("c1", x, 16, kernel=(3, 3), padding=(1, 1, 1, 1)))), 16, kernel=(3, 3), padding=(1, 1, 1, 1)))
    x = b.relu("r2", b.add("a1", "add", [y, x], 16))
    y = b.norm("b3", b.conv("c3", x, 24, kernel=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1)))
    s = b.norm("b4", b.conv("c4", x, 24, stride=(2, 2)))
    x = b.add("a2", "add", [y, s], 24)
    z = b.relu("r3", x)
    x = b.add("a3", "add", [x, z], 24)
    b.head(x)
    yield "residual blocks", b.graph()

    b = Builder(2, 5, 4)
    x = b.relu("r1", b.linear("l1", b.conv("probe", "input", 3), 60, 17))
    b.linear("l2", x, 17, 4)
    yield "linear on a map, then on features", b.graph()

    yield from imported()


def imported():
    functions = {
        "clip": {"lower": -0.4, "upper": 0.6},
        "clip above zero": {"lower": 0.2, "upper": 2.5},
        "sigmoid": {},
        "hard_sigmoid": {"slope": 0.5, "offset": 0.4},
        "hard_swish": {},
    }
    for label, attributes in functions.items():
        for c in [16, 19]:
            b = Builder(2, 6, 5)
            x = b.conv("probe", "input", c)
            x = b.add("op", label.split()[0], [x], c, **attributes)
            b.head(b.conv("after", x, 5))
            yield f"{label} on {c} channels", b.graph()

    for c in [16, 5]:
        b = Builder(2, 6, 5)
        x = b.add("scale", "scale_shift", ["input"], 2, **{"in": 2})
        x = b.conv("probe", x, c)
        x = b.add("pool0", "max_pool", [x], c, kernel=[2, 2], stride=[1, 1], padding=[0, 0, 0, 0])
        x = b.add("op", "scale_shift", [x], c, **{"in": c})
        b.head(b.conv("after", x, 6))
        yield f"scale and shift on {c} channels", b.graph()

    for c in [16, 24, 5]:
        b = Builder(2, 7, 6)
        x = b.conv("c0", "input", c)
        y = b.conv("c1", "input", c)
        x = b.add("op", "multiply", [x, y], c)
        x = b.add("square", "multiply", [x, x], c)
        b.head(b.conv("after", x, 5))
        yield f"products of {c} channels", b.graph()

    for c in [32, 24, 5]:
        b = Builder(2, 7, 6)
        x = b.relu("r0", b.norm("b0", b.conv("c0", "input", c)))
        g = b.add("squeeze", "global_average_pool", [x], c)
        g = b.conv("expand", b.relu("r1", b.conv("reduce", g, 4, bias=True)), c, bias=True)
        g = b.add("gate", "hard_sigmoid", [g], c, slope=1 / 6, offset=0.5)
        x = b.add("op", "multiply", [x, g], c)
        b.head(b.add("act", "hard_swish", [b.norm("b1", b.conv("c1", x, 11))], 11))
        yield f"squeeze and excitation on {c} channels", b.graph()

    b = Builder(2, 7, 6)
    x = b.norm("b0", b.conv("c0", "input", 16, kernel=(3, 3), padding=(1, 1, 1, 1)))
    x = b.add("swish", "multiply", [x, b.add("soft", "sigmoid", [x], 16)], 16)
    g = b.linear("expand", b.relu("r1", b.linear("reduce", b.add("squeeze", "global_average_pool", [x], 16), 16, 3)), 3, 16)
    x = b.add("op", "multiply", [x, b.add("gate", "sigmoid", [g], 16)], 16)
    b.head(b.conv("c1", x, 9))
    yield "x sigmoid(x), gates from linear layers", b.graph()

    b = Builder(2, 4, 5)
    b.head(b.conv("c1", b.add("op", "multiply", ["input", b.conv("g", b.add("squeeze", "global_average_pool", ["input"], 2), 2, bias=True)], 2), 5))
    yield "gates on the image", b.graph()

    for widths in [(16, 32), (16, 8), (5, 3), (19, 16)]:
        b = Builder(2, 6, 5)
        x = b.conv("c0", "input", widths[0], kernel=(3, 3), padding=(1, 1, 1, 1))
        y = b.relu("r1", b.norm("b1", b.conv("c1", "input", widths[1])))
        total = 2 * widths[0] + widths[1] + 2
        x = b.add("op", "concatenate", [x, y, "input", x], total)
        b.head(b.relu("r2", b.norm("b2", b.conv("after", x, 6))))
        yield f"concatenation of {widths} channels", b.graph()

    b = Builder(2, 6, 5)
    x = b.conv("c0", "input", 6)
    for i in range(2):
        c = b.channels[x]
        y = b.relu(f"r{i}", b.norm(f"b{i}", x))
        y = b.conv(f"d{i}", y, 5, kernel=(3, 3), padding=(1, 1, 1, 1))
        x = b.add(f"join{i}", "concatenate", [x, y], c + 5)
    b.head(x)
    yield "dense blocks", b.graph()

    b = Builder(2, 4, 4)
    x = b.conv("c0", "input", 7)
    s = b.add("squeeze", "global_average_pool", [x], 7)
    l = b.linear("l0", x, 112, 4)
    x = b.add("op", "concatenate", [s, l], 11)
    x = b.add("sum", "add", [b.linear("l1", x, 11, 6), b.conv("c1", x, 6)], 6)
    b.linear("fc", b.conv("c2", x, 5), 5, 3)
    yield "maps of one pixel from linear layers and convolutions", b.graph()

    for c in [16, 5]:
        b = Builder(2, 5, 6)
        x = b.add("border", "pad", ["input"], 2, padding=[1, 0, 0, 2])
        x = b.conv("c0", x, c, kernel=(3, 3))
        x = b.add("op", "pad", [x], c, padding=[0, 1, 2, 3])
        x = b.conv("after", x, 6, kernel=(2, 2), stride=(2, 2))
        b.head(b.add("again", "pad", [b.norm("bn", x)], 6, padding=[1, 1, 0, 0]))
        yield f"padding around {c} channels", b.graph()

    for kernel, stride, padding in [((3, 3), (1, 1), (1, 1, 1, 1)), ((3, 2), (1, 2), (0, 1, 1, 0))]:
        for c in [16, 6]:
            b = Builder(2, 8, 7)
            x = b.add("op", "average_pool", [b.conv("probe", "input", c)], c, kernel=kernel, stride=stride, padding=padding, counts_padding=True)
            b.head(b.conv("after", x, 5))
            yield f"average pool {kernel} {stride} {padding} that counts padding, {c} channels", b.graph()


tensors = {}
metadata = {}
for index, (label, graph) in enumerate(cases()):
    weights = parameters(graph)
    shape = [4, *graph["input"].values()]
    images = torch.randn(shape)
    classes = next(n["out"] for n in graph["nodes"][::-1] if n["op"] == "linear")
    labels = torch.randint(0, classes, (4,))
    metadata[f"{index}"] = json.dumps({"label": label, "graph": graph, "labels": labels.tolist()})
    tensors[f"{index}/images"] = images
    for name, value in weights.items():
        tensors[f"{index}/weights/{name}"] = value
    for mode in ["training", "evaluation"]:
        leaves = {n: v.double() for n, v in weights.items()}
        constants = {n["name"] for n in graph["nodes"] if n["op"] == "scale_shift"}
        learned = [n for n in leaves if "running" not in n and n.rsplit(".", 1)[0] not in constants]
        for n in learned:
            leaves[n].requires_grad_(True)
        scores = run(graph, leaves, images.double(), mode == "training")
        loss = F.cross_entropy(scores, labels)
        loss.backward()
        tensors[f"{index}/{mode}/scores"] = scores.detach().float()
        tensors[f"{index}/{mode}/loss"] = loss.detach().float().reshape(1)
        for n in learned:
            tensors[f"{index}/{mode}/gradient/{n}"] = leaves[n].grad.float()
        if mode == "training":
            for n in leaves:
                if "running" in n:
                    tensors[f"{index}/{mode}/statistic/{n}"] = leaves[n].detach().float()

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "engine.safetensors")
save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata)
print(len(metadata), "cases,", os.path.getsize(path), "bytes")
