"""Renders glyph100: 100 letters and digits in many fonts, as one file of NumPy's.

    apt-get install --no-install-recommends fonts-dejavu-extra fonts-liberation2 \
        fonts-freefont-ttf fonts-noto-core fonts-cmu fonts-linuxlibertine fonts-open-sans \
        fonts-roboto-unhinted fonts-jetbrains-mono fonts-firacode fonts-hack fonts-jura \
        fonts-croscore fonts-play fonts-stix
    pip install numpy pillow
    python render.py glyph100.npz

Writes xtr, ytr (200 images a class), xte, yte (50 a class) and classes; 32x32 grey, white on black.
The test images come from families that no training image comes from. The same seed, fonts and
library versions give the same images.
"""

import argparse
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

CLASSES = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    "ΔΘΛΞΣΨΩαβγδεζηθλμξπ"
    "БДЖЗИЛЦЧШЩЪЫЭЮЯФджю")
SIDE = 32
# Drawn larger and brought down, so that changes of shape stay smooth.
SCALE = 4

# Beginnings of file names. All of these hold Latin, Greek and Cyrillic letters.
TRAINING = ["DejaVuSans", "DejaVuSerif", "Hack-", "LiberationSerif", "LiberationMono", "Tinos",
            "Cousine", "FreeSerif", "FreeMono", "NotoSans-", "NotoSansDisplay-", "NotoSerif-",
            "NotoSerifDisplay-", "OpenSans", "LinLibertine", "Roboto", "JetBrainsMono", "cmun"]
# Relatives stand on one side: Hack comes from DejaVu, Noto Sans and Open Sans are one man's.
TEST = ["LiberationSans", "FreeSans", "FiraCode", "LinBiolinum", "Jura", "Play", "STIX"]
# Ornaments, and what is no letter form of its own.
LEFT_OUT = ["Emoji", "Math", "Initials", "cmunui", "Size", "Var"]


def covers(path):
    """Whether a font draws every class, and none as the box for what it lacks."""
    try:
        font = ImageFont.truetype(str(path), 24)
        missing = bytes(font.getmask("\U0010fffd"))
        drawn = [bytes(font.getmask(letter)) for letter in CLASSES]
    except OSError:
        return False
    return all(any(mask) and mask != missing for mask in drawn)


def fonts(roots, beginnings):
    """Usable font files by the beginning of their names, sorted."""
    found = {}
    for beginning in beginnings:
        files = {path.name: path for root in roots for path in pathlib.Path(root).rglob("*.[to]tf")
                 if path.name.startswith(beginning)
                 and not any(word in path.name for word in LEFT_OUT)}
        usable = [path for _, path in sorted(files.items()) if covers(path)]
        if usable:
            found[beginning] = usable
    return found


def glyph(letter, path, random):
    """One image: a letter of a random size, slant, width and weight, nearly in the middle."""
    side = SIDE * SCALE
    font = ImageFont.truetype(str(path), int(random.uniform(19.5, 23.5) * SCALE))
    image = Image.new("L", (side, side))
    # The baseline is the same for all letters: size and height tell O from o.
    ImageDraw.Draw(image).text((side / 2, side * 0.7), letter, fill=255, font=font, anchor="ms")
    slant = random.normal(0, 0.1)
    width = np.exp(random.normal(0, 0.16))
    dx, dy = random.uniform(-0.75, 0.75, 2) * SCALE
    middle = side / 2
    image = image.transform(
        (side, side), Image.Transform.AFFINE,
        (1 / width, slant, middle - middle / width - slant * middle + dx, 0, 1, dy),
        Image.Resampling.BILINEAR)
    weight = random.choice([-1, 0, 0, 0, 1])
    if weight > 0:
        image = image.filter(ImageFilter.MaxFilter(5))
    elif weight < 0 and np.asarray(image.filter(ImageFilter.MinFilter(5))).max() == 255:
        image = image.filter(ImageFilter.MinFilter(3))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


def render(families, each, random):
    """`each` images a class, in label order; every family as often as the others."""
    names = sorted(families)
    images = []
    for letter in CLASSES:
        for index in range(each):
            files = families[names[index % len(names)]]
            images.append(glyph(letter, files[random.integers(len(files))], random))
    return np.stack(images), np.repeat(np.arange(len(CLASSES)), each)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fonts", nargs="+", default=["/usr/share/fonts"])
    arguments = parser.parse_args()

    families = [fonts(arguments.fonts, beginnings) for beginnings in (TRAINING, TEST)]
    for purpose, found, wanted in zip(("training", "test"), families, (TRAINING, TEST)):
        files = sum(map(len, found.values()))
        print(f"{purpose}: {files} files of {', '.join(sorted(found))}")
        absent = sorted(set(wanted) - set(found))
        if absent:
            print(f"  not installed, or without all {len(CLASSES)} letters: {', '.join(absent)}")
        if len(found) < 3:
            raise SystemExit("too few fonts: install the packages that this script names")
    random = np.random.default_rng(arguments.seed)
    xtr, ytr = render(families[0], 200, random)
    xte, yte = render(families[1], 50, random)
    np.savez_compressed(arguments.out, xtr=xtr, ytr=ytr, xte=xte, yte=yte,
                        classes=np.array(list(CLASSES)))


if __name__ == "__main__":
    main()
