"""Decodes a packed CRISP model with numpy and safetensors alone: decode_packed.py FILE [DENSE_FILE].

Prints each packed layer; with DENSE_FILE (PyTorch names, OIHW), checks every weight's bits with it.
"""
import json
import sys

import numpy as np
from safetensors import safe_open

with safe_open(sys.argv[1], "np") as file:
    meta, t = file.metadata(), {k: file.get_tensor(k) for k in file.keys()}
nodes = {n["name"]: n for n in json.loads(meta["graph"])["nodes"]}
for layer in json.loads(meta["packed_layers"]):
    name, N, B, V = (layer[k] for k in ("name", "keep", "block", "rows"))
    node, values = nodes[name], t.pop(f"{name}.weight.values")
    scales = t.pop(f"{name}.weight.scales") if values.dtype == np.int8 else np.ones(1, np.float32)
    values = values.astype(np.float32)
    cols, nm = t.pop(f"{name}.weight.block_cols"), t.pop(f"{name}.weight.nm")
    kh, kw = node.get("kernel", [1, 1])
    S, cin = node["out"], node["in"]
    K, (R, T, _, J) = kh * kw * cin, values.shape
    positions = (nm.reshape(-1, 1) >> np.array([0, 2, 4, 6]) & 3).reshape(R, T, B // V, J)
    r, s, i, j = np.indices(values.shape)
    rows = r * B + i
    columns = cols[r, s].astype(int) * B + j // N * 4 + positions[r, s, i // V, j]
    inside = (rows < S) & (columns < K)
    assert not values[~inside].any()
    matrix = np.zeros((S, K), np.float32)
    matrix[rows[inside], columns[inside]] = values[inside]
    matrix *= scales[:, None]
    oihw = matrix.reshape(S, kh, kw, cin).transpose(0, 3, 1, 2)
    t[f"{name}.weight"] = oihw if node["op"] == "convolution" else matrix
    print(f"{name}: {S}x{K}, {T} of {-(-K // B)} tiles, {np.count_nonzero(matrix)} nonzero")
if len(sys.argv) > 2:
    with safe_open(sys.argv[2], "np") as file:
        dense = {k: file.get_tensor(k) for k in file.keys()}
    assert dense.keys() == t.keys(), dense.keys() ^ t.keys()
    bits = lambda tensor: (tensor.shape, tensor.astype(np.float32).tobytes())
    assert all(bits(dense[k]) == bits(t[k]) for k in t)
    print("all weights equal", sys.argv[2])
