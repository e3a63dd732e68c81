//! Compose file and Kubernetes manifests against the schemas in docker/schemas, and what no schema says of them.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::root;

fn documents(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(root().join("docker").join(file)).expect("the file can be read");
    serde_yaml_ng::Deserializer::from_str(&text)
        .map(|document| {
            let value = serde_yaml_ng::Value::deserialize(document).and_then(|mut value| {
                value.apply_merge()?;
                serde_yaml_ng::from_value(value)
            });
            value.unwrap_or_else(|error| unreachable!("{file}: {error}"))
        })
        .collect()
}

fn schema(name: &str) -> Value {
    let path = root().join("docker/schemas").join(name);
    let text = fs::read_to_string(&path).expect("schemas lie there");
    serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{path:?}: {error}"))
}

/// What a schema has against a document.
fn objections(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap_or_else(|error| unreachable!("{error}"));
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The schema of a manifest, by its kind.
fn schema_of(manifest: &Value) -> Value {
    let kind = manifest["kind"].as_str().unwrap_or_default();
    let version = manifest["apiVersion"].as_str().unwrap_or_default();
    if (version, kind) == ("postgresql.cnpg.io/v1", "Cluster") {
        return schema("cloudnativepg.json");
    }
    let mut all = schema("kubernetes.json");
    let group =
        version.split_once('/').map_or("core", |(group, _)| group.split('.').next().unwrap_or_default());
    let number = version.rsplit('/').next().unwrap_or_default();
    let name = format!("io.k8s.api.{group}.{number}.{kind}");
    assert!(all["$defs"][&name].is_object(), "there is no schema of {name}");
    all["$ref"] = json!(format!("#/$defs/{name}"));
    all
}

/// All manifests that the kustomization names.
fn manifests() -> Vec<Value> {
    let kustomization = documents("kubernetes/kustomization.yaml").remove(0);
    let files = kustomization["resources"].as_array().cloned().unwrap_or_default();
    files
        .iter()
        .flat_map(|file| documents(&format!("kubernetes/{}", file.as_str().unwrap_or_default())))
        .collect()
}

#[test]
fn manifests_follow_their_schemas() {
    let manifests = manifests();
    assert!(manifests.len() >= 12, "there are {}", manifests.len());
    for manifest in &manifests {
        let found = objections(&schema_of(manifest), manifest);
        assert!(found.is_empty(), "{} {}: {found:#?}", manifest["kind"], manifest["metadata"]["name"]);
    }
}

/// A schema that lets everything through would prove nothing.
#[test]
fn schemas_find_what_is_wrong() {
    let wrong = |kind: &str, path: &str, value: Value| {
        let mut manifest =
            manifests().into_iter().find(|manifest| manifest["kind"] == kind).expect("it is there");
        *manifest.pointer_mut(path).unwrap_or_else(|| unreachable!("{kind} has no {path}")) = value;
        let found = objections(&schema_of(&manifest), &manifest);
        assert!(!found.is_empty(), "{kind}: {path} is wrong, and nobody minds");
    };
    wrong("Deployment", "/spec/template/spec/containers/0/ports/0", json!({"containerPort": "https"}));
    wrong("Deployment", "/spec/template/spec/securityContext", json!({"runAsNonroot": true}));
    wrong("HorizontalPodAutoscaler", "/spec/maxReplicas", json!("ten"));
    wrong("NetworkPolicy", "/spec/podSelector", json!({"matchLabel": {}}));
    wrong("CronJob", "/spec/schedule", Value::Null);
    wrong("Cluster", "/spec/instances", json!("three"));
    wrong("Cluster", "/spec/bootstrap/initdb", json!({"databse": "botdet"}));
    let mut compose = documents("compose.yaml").remove(0);
    compose["services"]["service"]["port"] = json!(["8080:8080"]);
    assert!(!objections(&schema("compose.json"), &compose).is_empty());
}

#[test]
fn containers_run_with_no_more_rights_than_they_need() {
    for manifest in manifests() {
        let pod = match manifest["kind"].as_str() {
            Some("Deployment") => &manifest["spec"]["template"]["spec"],
            Some("CronJob") => &manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"],
            _ => continue,
        };
        let name = &manifest["metadata"]["name"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{name}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        for container in pod["containers"].as_array().into_iter().flatten() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{name}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        }
    }
}

#[test]
fn the_compose_file_follows_its_schema_and_holds_no_password() {
    let compose = documents("compose.yaml").remove(0);
    assert_eq!(objections(&schema("compose.json"), &compose), Vec::<String>::new());
    let services = compose["services"].as_object().expect("there are services");
    assert_eq!(services.len(), 5, "{:?}", services.keys());
    for (name, service) in services {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().is_some_and(|port| port.starts_with("127.0.0.1:")), "{name}: {port}");
        }
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            let is_secret = variable.contains("PASSWORD");
            let names_a_file = value.as_str().is_some_and(|value| value.starts_with("/run/secrets/"));
            assert!(!is_secret || names_a_file, "{name}: {variable} is {value}");
            assert!(!value.to_string().contains("://botdet_api:"), "{name}: {variable} has a password");
        }
        let secrets = service["secrets"].as_array().into_iter().flatten();
        for secret in secrets.filter_map(Value::as_str) {
            assert!(compose["secrets"][secret].is_object(), "{name}: there is no secret {secret}");
        }
    }
}

/// Names that files share: a typo in one of them would show in a cluster only.
#[test]
fn files_agree_on_names() {
    let read =
        |file: &str| fs::read_to_string(root().join("docker").join(file)).expect("the file can be read");
    let (compose, script, logins) =
        (read("compose.yaml"), read("compose/secrets.sh"), read("initdb/20-logins.sql"));
    let parsed = documents("compose.yaml").remove(0);
    for (secret, _) in parsed["secrets"].as_object().into_iter().flatten() {
        assert!(script.contains(secret.as_str()), "nobody makes the secret {secret}");
    }
    for login in ["botdet_api", "botdet_jobs", "grafana"] {
        assert!(logins.contains(&format!("CREATE ROLE {login} LOGIN")), "{login} is not made");
    }
    assert!(compose.contains("postgresql://botdet_api@database/botdet"));
    let datasources = documents("grafana/provisioning/datasources/botdet.yml").remove(0);
    let uids: Vec<&str> = datasources["datasources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["uid"].as_str())
        .collect();
    for file in fs::read_dir(root().join("docker/grafana/dashboards")).expect("dashboards lie there") {
        let text = fs::read_to_string(file.expect("it can be read").path()).expect("it can be read");
        let dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
        for panel in
            dashboard["panels"].as_array().into_iter().flatten().filter(|panel| panel["type"] != "row")
        {
            let uid = panel["datasource"]["uid"].as_str().unwrap_or_default();
            assert!(uids.contains(&uid), "{}: there is no source {uid}", panel["title"]);
        }
    }
}
