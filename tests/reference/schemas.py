"""Makes docker/schemas from what Kubernetes, CloudNativePG and the Compose specification publish.

    pip download --no-deps kubernetes-validate==1.37.0 check-jsonschema==0.39.0   # and unzip both
    curl -O .../cloudnative-pg/v1.30.0/config/crd/bases/postgresql.cnpg.io_clusters.yaml
    python3 tests/reference/schemas.py <kubernetes_validate> <check_jsonschema> postgresql.cnpg.io_clusters.yaml docker/schemas

Descriptions are left out, and so is what our manifests have no use for: kinds, and parts of a Cluster that are listed below.
What is left is as strict as kubeconform -strict: a field that no schema names is an error.
"""

import json
import pathlib
import sys

import yaml

KUBERNETES = "v1.34.0"
KINDS = [
    "io.k8s.api.apps.v1.Deployment",
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "io.k8s.api.batch.v1.CronJob",
    "io.k8s.api.core.v1.Namespace",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.core.v1.ServiceAccount",
    "io.k8s.api.networking.v1.NetworkPolicy",
    "io.k8s.api.policy.v1.PodDisruptionBudget",
]
# Large, and not used: each is a schema of its own.
UNUSED = {"backup", "externalClusters", "projectedVolumeTemplate", "replica", "tablespaces", "env", "envFrom", "nodeMaintenanceWindow", "plugins"}
NOISE = ("description", "title", "example", "examples", "default")


def stripped(schema, is_map=False):
    """Without what says nothing about what is allowed. Below `properties`, names are those of fields."""
    if isinstance(schema, dict):
        return {
            key: stripped(value, not is_map and key in ("properties", "$defs", "definitions", "patternProperties"))
            for key, value in schema.items()
            if is_map or (key not in NOISE and not key.startswith("x-"))
        }
    return [stripped(item) for item in schema] if isinstance(schema, list) else schema


def references(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.rsplit("/", 1)[1]
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)


def local(schema):
    """References within one file."""
    if isinstance(schema, dict):
        return {k: "#/$defs/" + v.rsplit("/", 1)[1] if k == "$ref" else local(v) for k, v in schema.items()}
    return [local(item) for item in schema] if isinstance(schema, list) else schema


def kubernetes(root):
    every = json.loads((root / "kubernetes-json-schema" / f"{KUBERNETES}-local-strict" / "_definitions.json").read_text())["$defs"]
    wanted, kept = list(KINDS), {}
    while wanted:
        name = wanted.pop()
        if name not in kept:
            schema = every[name]
            schema.get("properties", {}).pop("status", None)
            kept[name] = local(stripped(schema))
            wanted += references(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": f"Kubernetes {KUBERNETES}", "$defs": kept}


def closed(schema):
    """An operator's server drops fields it does not know; here they are errors."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items() if key != "status"}
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        return schema
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def cluster(path):
    resource = yaml.safe_load(path.read_text())
    schema = resource["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    int_or_string(schema)
    for name in UNUSED:
        schema["properties"]["spec"]["properties"].pop(name, None)
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    schema["properties"].pop("status")
    schema = closed(stripped(schema))
    schema["properties"]["metadata"] = {"type": "object"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": "CloudNativePG 1.30, postgresql.cnpg.io/v1 Cluster", **schema}


def int_or_string(schema):
    """The server's own extension, in the words of JSON Schema."""
    if isinstance(schema, dict):
        if schema.get("x-kubernetes-int-or-string"):
            schema["type"] = ["integer", "string"]
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            schema["additionalProperties"] = True
    for item in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []:
        int_or_string(item)


def write(directory, name, schema):
    # A line for each definition or property: small, and a change of one shows as one.
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    for opening in ('"$defs":{', '"spec":{"additionalProperties":false,"properties":{'):
        text = text.replace(opening, opening + "\n", 1)
    (directory / name).write_text(text + "\n")


def main():
    kubernetes_validate, check_jsonschema, crd, directory = map(pathlib.Path, sys.argv[1:])
    write(directory, "kubernetes.json", kubernetes(kubernetes_validate))
    write(directory, "cloudnativepg.json", cluster(crd))
    compose = json.loads((check_jsonschema / "builtin_schemas/vendor/compose-spec.json").read_text())
    write(directory, "compose.json", {**stripped(compose), "$comment": "Compose specification, as of check-jsonschema 0.39.0"})


main()
