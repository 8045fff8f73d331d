"""Writes the golden files of ModelFormatsTests with PyPI's safetensors and numpy.

types.safetensors   every element type the reader knows
packed.safetensors  a packed model, encoded here from the specification (Documentation/formats/packed-format.md) alone
dense.safetensors   the matrix that packed.safetensors must unpack to, in the order of PyTorch
"""
import json

import numpy as np
import torch
from safetensors.torch import save_file

save_file(
    {
        "a.f32": torch.tensor([[1.5, -2.0, 3.25], [0.0, 1e-3, 65504.0]]),
        "b.f16": torch.tensor([0.5, -1.0, 65504.0], dtype=torch.float16),
        "c.bf16": torch.tensor([1.0, -0.15625], dtype=torch.bfloat16),
        "d.u8": torch.tensor([0, 127, 255], dtype=torch.uint8),
        "e.u16": torch.tensor([0, 65535], dtype=torch.uint16),
        "bn.num_batches_tracked": torch.tensor(12, dtype=torch.int64),
        "empty": torch.zeros(0, 3),
    },
    "types.safetensors",
    metadata={"made by": "PyPI safetensors", "quoted": 'a "b" \\ é'},
)

# A 3x3 convolution of 5 to 10 channels: S = 10 and K = 45 are no multiples of B = 8.
rng = np.random.default_rng(7)
S, cin, B, N, M, V, T = 10, 5, 8, 2, 4, 2, 3
K, R = 9 * cin, -(-S // B)
values = np.zeros((R, T, B, B * N // M), np.float32)
cols = np.zeros((R, T), np.uint16)
positions = np.zeros((R, T, B // V, B * N // M), np.uint8)
dense = np.zeros((S, K), np.float32)
for r in range(R):
    cols[r] = np.sort(rng.choice(-(-K // B), T, replace=False))
    for t in range(T):
        for g in range(B // V):
            for q in range(B // M):
                first = int(cols[r, t]) * B + q * M
                inside = max(0, min(M, K - first))
                kept = sorted(rng.choice(inside, min(N, inside), replace=False).tolist())
                kept = sorted(kept + [p for p in range(M) if p not in kept][: N - len(kept)])
                positions[r, t, g, q * N : q * N + N] = kept
                for i in range(g * V, g * V + V):
                    for j, p in enumerate(kept):
                        if r * B + i < S and first + p < K:
                            w = np.float32(rng.standard_normal())
                            values[r, t, i, q * N + j] = dense[r * B + i, first + p] = w
flat = positions.reshape(-1, 4)
packed = (flat[:, 0] | flat[:, 1] << 2 | flat[:, 2] << 4 | flat[:, 3] << 6).astype(np.uint8)
graph = {
    "input": {"channels": cin, "height": 4, "width": 4},
    "nodes": [
        {"name": "conv", "op": "convolution", "inputs": ["input"], "in": cin, "out": S,
         "kernel": [3, 3], "stride": [1, 1], "padding": [1, 1, 1, 1], "groups": 1, "bias": True},
        {"name": "pool", "op": "global_average_pool", "inputs": ["conv"]},
    ],
    "output": "pool",
}
pattern = {"keep": N, "of": M, "block": B, "rows": V}
metadata = {
    "format": "crisp-packed", "format_version": "1", "graph": json.dumps(graph),
    "axis_order": "rows=out; columns=kh,kw,cin (cin fastest)", "pattern": json.dumps(pattern),
    "packed_layers": json.dumps([{"name": "conv", **pattern}]),
    "labels": json.dumps([f"class {i}" for i in range(S)]),
    "preprocessing": json.dumps(
        {"channels": cin, "height": 4, "width": 4, "mean": [0.5] * cin, "std": [0.25] * cin}),
    "recipe": "{}", "accuracy": "{}", "seed": "7", "base_model_digest": "", "data_digest": "",
    "generator": "make_goldens.py",
}
bias = torch.arange(S, dtype=torch.float32)
save_file(
    {
        "conv.weight.values": torch.from_numpy(values),
        "conv.weight.block_cols": torch.from_numpy(cols),
        "conv.weight.nm": torch.from_numpy(packed.reshape(R, T, -1)),
        "conv.bias": bias,
    },
    "packed.safetensors", metadata=metadata)
oihw = dense.reshape(S, 3, 3, cin).transpose(0, 3, 1, 2).copy()
save_file({"conv.weight": torch.from_numpy(oihw), "conv.bias": bias}, "dense.safetensors")
