"""Writes FOLDER/cifar100 (CIFAR-100's binary version), FOLDER/imagenet (train/CLASS/*.png and
val/CLASS/*.png), and of each suite a short form, FOLDER/NAME-short.json.

    made_up.py FOLDER
    made_up.py --check RESULTS.jsonl      (no run failed, and none was done twice)
"""
import json, pathlib, random, struct, sys, zlib

CLASSES = 100
# More than the largest set of classes that the suite draws three of.
FOLDERS = 120
SIDE = 32


def picture(label, seed):
    """A colour of its class with noise, as rows of RGB bytes."""
    noise = random.Random(seed)
    colour = [37 * label % 256, 91 * label % 256, 153 * label % 256]
    return [
        bytes(
            min(255, max(0, channel + noise.randrange(-40, 41)))
            for _ in range(SIDE) for channel in colour)
        for _ in range(SIDE)
    ]


def png(rows):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def cifar(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fine_label_names.txt").write_text(
        "".join(f"class {label}\n" for label in range(CLASSES)))
    for split, each in (("train", 20), ("test", 4)):
        records = []
        for number in range(each * CLASSES):
            label = number % CLASSES
            flat = b"".join(picture(label, f"{split}{number}"))
            planes = flat[0::3] + flat[1::3] + flat[2::3]
            records.append(bytes([label // 5, label]) + planes)
        (folder / f"{split}.bin").write_bytes(b"".join(records))


def imagenet(folder):
    for split, each in (("train", 20), ("val", 4)):
        for label in range(FOLDERS):
            place = folder / split / f"n{label:08d}"
            place.mkdir(parents=True, exist_ok=True)
            for number in range(each):
                name = place / f"{number}.png"
                name.write_bytes(png(picture(label, f"{split}{label}/{number}")))


def short(suite):
    """The same groups and variants with two runs' worth of everything."""
    for group in suite["groups"]:
        group["sets"] = [{"random": {"size": 5, "count": 1}}]
        group["sparsities"] = [0.8]
        group["seeds"] = [0]
        group["recipe"].update(
            dense_epochs=1, iterations=2, epochs_per_iteration=1, final_epochs=1, samples_per_class=16,
            batch_size=16)
    return suite


def check(results):
    records = [json.loads(line) for line in pathlib.Path(results).read_text().splitlines()]
    keys = [record["key"] for record in records]
    failed = [record for record in records if record.get("outcome") is None]
    assert len(set(keys)) == len(keys), "a run was done twice"
    assert not failed, failed[0]
    print(f"{len(keys)} runs, each once")


if sys.argv[1] == "--check":
    check(sys.argv[2])
else:
    folder = pathlib.Path(sys.argv[1])
    cifar(folder / "cifar100")
    imagenet(folder / "imagenet")
    for name in ("cifar100", "imagenet"):
        suite = short(json.loads((pathlib.Path(__file__).parent / f"{name}.json").read_text()))
        (folder / f"{name}-short.json").write_text(json.dumps(suite))
