"""Compares C, Python and `crisp predict` on one picture, and the decoder with `crisp convert` on
every fixture: check.py CRISP WORK_FOLDER FOLDER_OF_EXAMPLES. run.sh has made what it needs."""
import json
import math
import pathlib
import struct
import subprocess
import sys
import zlib

crisp, work, here = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def write_pictures(width, height, channels):
    """The same pixels as PPM or PGM, for the examples, and as PNG, for `crisp predict`."""
    pixels = bytes((37 * i + i * i // 7) % 256 for i in range(width * height * channels))
    plain, png = work / "picture.ppm", work / "picture.png"
    kind = b"P6" if channels == 3 else b"P5"
    plain.write_bytes(b"%s\n%d %d\n255\n" % (kind, width, height) + pixels)
    row = width * channels
    lines = b"".join(b"\0" + pixels[y * row : (y + 1) * row] for y in range(height))

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    png.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b""))
    return plain, png


def compare_programs(model, width, height, channels):
    plain, png = write_pictures(width, height, channels)
    c = run(work / "example", model, plain)
    python = run(sys.executable, here / "example.py", work / "prefix/lib/libcrisp.so", model, plain)
    assert c == python, f"C and Python differ:\n{c}\n{python}"
    lines = [line.split("\t") for line in c.splitlines()[:-1]]
    scores = {label: float(score) for score, label in lines}
    best = max(scores, key=scores.get)
    assert c.splitlines()[-1] == f"best: {best}", c
    report = json.loads(run(crisp, "predict", model, png, "--json", "--top", 100))[0]
    predicted = {one["label"]: one["probability"] for one in report["classes"]}
    total = sum(math.exp(score - scores[best]) for score in scores.values())
    assert predicted.keys() == scores.keys(), (predicted, scores)
    for label, score in scores.items():
        probability = math.exp(score - scores[best]) / total
        # One rounding to single precision apart.
        assert abs(probability - predicted[label]) < 1e-7, (label, probability, predicted[label])
    assert report["classes"][0]["label"] == best
    print(f"  {model.name}: C = Python = crisp predict, {len(scores)} classes")


def refuse(model):
    """A failure is a status and a text, in both examples."""
    broken = work / "broken.safetensors"
    broken.write_bytes(model.read_bytes()[:-1])
    for command in ([work / "example"], [sys.executable, here / "example.py",
                                         work / "prefix/lib/libcrisp.so"]):
        done = subprocess.run([*map(str, command), broken, work / "picture.ppm"],
                              capture_output=True, text=True)
        assert done.returncode == 1, done
        assert done.stderr.startswith("truncated_data: ") and str(broken) in done.stderr, done


def decode(model):
    dense = work / "dense.safetensors"
    run(crisp, "convert", model, dense)
    out = run(sys.executable, here / "decode_packed.py", model, dense)
    assert "all weights equal" in out, out
    return len(out.splitlines()) - 1


fixtures = sorted((work / "fixtures").glob("*.crisp.safetensors"))
assert len(fixtures) >= 10, fixtures
for model in fixtures:
    if model.name.startswith("residual"):
        compare_programs(model, 6, 6, 3)
    elif model.name.startswith("linear"):
        compare_programs(model, 5, 5, 1)
refuse(fixtures[0])
layers = sum(decode(model) for model in fixtures)
print(f"  {len(fixtures)} files, {layers} packed layers: numpy = crisp convert, bit for bit")
print("libcrisp: all checks passed")
