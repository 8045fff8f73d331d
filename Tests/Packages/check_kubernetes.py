"""The manifests of deploy/kubernetes against Kubernetes' own schemas, strictly, and what no schema says:
that every pod is locked up and names of one another fit: check_kubernetes.py
"""

import pathlib

import kubernetes_validate
import yaml

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy/kubernetes"
VERSIONS = ("1.29", "1.37")  # the oldest that has ReadWriteOncePod, and the newest with schemas here


def pod_problems(name, template):
    pod = template["spec"]
    if pod.get("enableServiceLinks") is not False:
        yield f"{name}: enableServiceLinks sets CRISP_ variables"
    if not pod["securityContext"].get("runAsNonRoot"):
        yield f"{name}: runs as root"
    mounted = {volume["name"] for volume in pod.get("volumes", [])}
    for container in pod["containers"]:
        locked = container["securityContext"]
        if not locked.get("readOnlyRootFilesystem") or locked.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: {container['name']} is not locked up"
        if locked["capabilities"]["drop"] != ["ALL"]:
            yield f"{name}: {container['name']} keeps capabilities"
        if "memory" not in container["resources"]["limits"]:
            yield f"{name}: {container['name']} has no limit of memory"
        # What ends by itself needs none.
        if "livenessProbe" not in container and "restartPolicy" not in pod:
            yield f"{name}: {container['name']} has no probe"
        names = {port["name"] for port in container.get("ports", [])}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container and container[probe]["httpGet"]["port"] not in names:
                yield f"{name}: {probe} asks a port that is not there"
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in mounted | {"data"}:
                yield f"{name}: there is no volume {mount['name']}"


def selected(labels, objects):
    """Pod templates that a selector finds."""
    return [one for one in objects if one["kind"] in ("Deployment", "StatefulSet")
            and labels.items() <= one["spec"]["template"]["metadata"]["labels"].items()]


def check(folder):
    files = [file for file in sorted(folder.glob("*.yaml")) if file.name != "kustomization.yaml"]
    objects = [one for file in files for one in yaml.safe_load_all(file.read_text())]
    problems = []
    for one in objects:
        name = f"{folder.name}: {one['kind']} {one['metadata']['name']}"
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                problems.append(f"{name} ({version}): {'.'.join(map(str, error.path))}: {error.message}")
        spec = one.get("spec", {})
        if one["kind"] in ("Deployment", "StatefulSet", "Job"):
            problems += pod_problems(name, spec["template"])
        if one["kind"] in ("Deployment", "StatefulSet"):
            if not spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items():
                problems.append(f"{name} does not select its pods")
        labels = {"Service": lambda: spec["selector"],
                  "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
                  "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"]}.get(one["kind"])
        if labels and not selected(labels(), objects):
            problems.append(f"{name} selects nothing")
        if one["kind"] == "HorizontalPodAutoscaler":
            target = spec["scaleTargetRef"]
            if not any(other["kind"] == target["kind"]
                       and other["metadata"]["name"] == target["name"] for other in objects):
                problems.append(f"{name} scales nothing")
    listed = folder / "kustomization.yaml"
    if listed.exists() and sorted(yaml.safe_load(listed.read_text())["resources"]) != [
            file.name for file in files]:
        problems.append(f"{listed} does not list every file")
    return len(objects), problems


found = [check(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]
for _, problems in found:
    for problem in problems:
        print(problem)
if any(problems for _, problems in found):
    raise SystemExit(1)
print(f"  {sum(count for count, _ in found)} objects fit the schemas of Kubernetes {' and '.join(VERSIONS)}")
