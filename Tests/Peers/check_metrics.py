"""/metrics as Prometheus reads it: the official Python parser, and promtool's linter."""

import pathlib
import shutil
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from server import Server

program, work = sys.argv[1], pathlib.Path(sys.argv[2])
database = work / "metrics.sqlite"
for file in work.glob("metrics.sqlite*"):
    file.unlink()

with Server(program, database) as server:
    model = server.make_model()["result_model"]
    server.get(f"/models/{model}")
    text = server.get("/metrics").decode()

families = {family.name: family for family in text_string_to_metric_families(text)}
for family in families.values():
    assert family.documentation and family.type != "unknown", family.name
    assert family.samples or family.type in ("counter", "histogram"), family.name


def value(name, **labels):
    family = families[name.removesuffix("_total").removesuffix("_count")]
    return sum(
        sample.value for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items())


assert value("crisp_job_attempts_total", outcome="succeeded") == 1
assert value("crisp_model_accuracy_ratio_count", network="pruned") == 1
assert value("crisp_http_requests_total", route="/models/{model}", status="200") == 1
assert value("crisp_http_response_body_bytes_total", route="/models/{model}") > 1000
assert value("process_resident_memory_bytes") > 1e6
assert value("crisp_database_up") == 1
print(f"  {len(families)} metrics, {sum(len(f.samples) for f in families.values())} samples")

promtool = shutil.which("promtool")
if promtool is None:
    print("  promtool is missing (Debian package prometheus): not linted")
else:
    lint = subprocess.run([promtool, "check", "metrics"], input=text, text=True)
    assert lint.returncode == 0, "promtool complains"
    print("  promtool check metrics: nothing to complain of")
