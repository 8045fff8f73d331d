"""Classifies a picture with libcrisp: example.py libcrisp.so MODEL.crisp.safetensors PICTURE.ppm

Python's standard library is enough. Prints the score of each class and the best one.
"""
import ctypes
import sys

Floats = ctypes.POINTER(ctypes.c_float)


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_char * 64), ("message", ctypes.c_char * 960)]


class Description(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("channels", "height", "width")),
        ("class_count", ctypes.c_size_t), ("batch_capacity", ctypes.c_size_t),
        ("labels", ctypes.POINTER(ctypes.c_char_p)), ("mean", Floats), ("deviation", Floats),
        ("resize", ctypes.c_size_t),
    ]


def check(status, error):
    if status != 0:
        sys.exit(f"{error.code.decode()}: {error.message.decode()}")


library = ctypes.CDLL(sys.argv[1])
for name in ("run", "run_pixels"):
    getattr(library, f"crisp_{name}").argtypes = [
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]

model, error, about = ctypes.c_void_p(), Error(), Description()
path = sys.argv[2].encode()
check(library.crisp_open(path, None, ctypes.byref(model), ctypes.byref(error)), error)
library.crisp_describe(model, ctypes.byref(about))
labels = [about.labels[i].decode() for i in range(about.class_count)]

with open(sys.argv[3], "rb") as file:
    kind, size, depth = file.readline(), file.readline(), file.readline()
    pixels = file.read()
scores = (ctypes.c_float * about.class_count)()
status = library.crisp_run_pixels(model, pixels, len(pixels), scores, about.class_count)
if status != 0:
    library.crisp_last_error(model, ctypes.byref(error))
check(status, error)
library.crisp_close(model)

for score, label in zip(scores, labels):
    print("%.9g\t%s" % (score, label))
print("best:", labels[max(range(len(labels)), key=lambda i: scores[i])])
