"""Writes npz/*.npz: one small data set as NumPy saves it in each of its ways.

    pip install numpy
    python make_npz_goldens.py

The values are computed, here and in NPZFileTests.swift.
"""

import io
import os
import zipfile

import numpy as np

os.makedirs("npz", exist_ok=True)

train = (np.arange(30 * 4 * 5) % 251).astype(np.uint8).reshape(30, 4, 5)
test = (255 - np.arange(6 * 4 * 5)).astype(np.uint8).reshape(6, 4, 5)
arrays = {
    "xtr": train, "ytr": np.arange(30) % 3, "xte": test, "yte": np.arange(6) // 2,
    "classes": np.array(["b", "Ψ", "owl 𝄞"]),
}
np.savez("npz/stored.npz", **arrays)
np.savez_compressed("npz/deflated.npz", **arrays)
np.savez("npz/channel.npz", **{**arrays, "xtr": train[..., None], "xte": test[..., None]})
np.savez("npz/types.npz", **{
    **arrays, "ytr": arrays["ytr"].astype(">i2"), "yte": arrays["yte"].astype(np.uint64),
    "classes": arrays["classes"].astype(">U7")})

with zipfile.ZipFile("npz/versions.npz", "w", zipfile.ZIP_DEFLATED) as archive:
    for index, (name, array) in enumerate(arrays.items()):
        content = io.BytesIO()
        np.lib.format.write_array(content, array, version=(1 + index % 3, 0))
        archive.writestr(name + ".npy", content.getvalue())
    archive.comment = b"a comment moves the end record"

# As for archives above 2 GiB: ZIP64 fields everywhere, and its own end records.
limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 16
np.savez_compressed("npz/zip64.npz", **arrays)
zipfile.ZIP64_LIMIT = limit

colour = (np.arange(20 * 2 * 3 * 3) % 253).astype(np.uint8).reshape(20, 2, 3, 3)
np.savez("npz/keras.npz", x_train=colour, y_train=(np.arange(20, dtype=np.uint8) % 2)[:, None],
         x_test=colour[:4], y_test=(np.arange(4, dtype=np.uint8) % 2)[:, None])
