"""Writes pictures/: one small picture in many forms, and pictures.json with what Pillow reads in them.

python3 make_picture_goldens.py    (Pillow 12 with WebP)
"""

import io
import json
import os
import struct

from PIL import Image

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
WIDTH, HEIGHT = 13, 9
pixels = bytes(
    (x * 17 + y * 5 + c * 60) % 256 for y in range(HEIGHT) for x in range(WIDTH) for c in range(3)
)
picture = Image.frombytes("RGB", (WIDTH, HEIGHT), pixels)
few = picture.quantize(16)
written = {}


def keep(name, data):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data)
    written[name] = list(Image.open(io.BytesIO(data)).convert("RGB").tobytes())


def save(name, image, **options):
    data = io.BytesIO()
    image.save(data, **options)
    keep(name, data.getvalue())
    return data.getvalue()


os.makedirs(FOLDER, exist_ok=True)
save("lossless.webp", picture, format="WEBP", lossless=True)
save("lossy.webp", picture, format="WEBP", quality=80)
transparent = picture.convert("RGBA")
transparent.putalpha(200)
save("alpha.webp", transparent, format="WEBP", lossless=True, exact=True)
exif = Image.Exif()
exif[274] = 6
save("turned.webp", picture, format="WEBP", lossless=True, exif=exif)
save("turned.png", picture, format="PNG", exif=exif)
full = save("24.bmp", picture, format="BMP")
save("8.bmp", few, format="BMP")
save("1.bmp", picture.convert("1"), format="BMP")
save("32.bmp", picture.convert("RGBA"), format="BMP")
# Rows from the top: a negative height.
rows = full[54:]
stride = len(rows) // HEIGHT
flipped = b"".join(rows[stride * y : stride * (y + 1)] for y in reversed(range(HEIGHT)))
keep("top-down.bmp", full[:22] + struct.pack("<i", -HEIGHT) + full[26:54] + flipped)
save("plain.gif", few, format="GIF", interlace=0)
save("interlaced.gif", few, format="GIF", interlace=1)
# More than 4096 codes: the table is filled and cleared.
noise = Image.frombytes("L", (90, 90), bytes((i * i * 31 + i // 7) % 256 for i in range(8100)))
save("noise.gif", noise, format="GIF")
del written["noise.gif"]  # the test computes it
save("two-frames.gif", few, format="GIF", save_all=True, append_images=[few.rotate(180)], duration=9)
save("animated.webp", picture, format="WEBP", save_all=True, append_images=[picture.rotate(180)])
save("tiff.tiff", picture, format="TIFF")

with open(os.path.join(FOLDER, "pictures.json"), "w") as file:
    json.dump(written, file, separators=(",", ":"))
