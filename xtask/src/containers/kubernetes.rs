//! The manifests for Kubernetes: put together by kustomize and held to Kubernetes' own schemas, which refuse what they do
//! not know. What no schema sees is looked at here: names that have to fit each other.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::debian::Programs;
use super::images::Images;
use crate::install;
use crate::process::{must, output, root};

const FOLDER: &str = "docker/kubernetes";
/// Kubernetes' schemas and what reads them, and the Prometheus operator's definitions.
const REQUIREMENTS: &str = "xtask/src/containers/requirements.txt";
/// The Prometheus operator's, which Kubernetes itself does not know.
const FOREIGN: &str = "ServiceMonitor";
/// Reads one by the operator's definition and writes it again: what is unknown there is gone.
const READ_AND_WRITTEN: &str = "import sys; from cloudcoil.models.prometheus_operator.v1 import ServiceMonitor; \
    print(ServiceMonitor.model_validate_json(sys.argv[1]).model_dump_json(by_alias=True, exclude_none=True))";

/// Schemas, then names.
pub fn manifests(images: &Images<'_>) -> anyhow::Result<()> {
    let python = install::environment("python-kubernetes", REQUIREMENTS)?;
    let together = images.folder.join("kubernetes.yaml");
    let built = output(Command::new(Programs::new().kustomize()?).arg("build").arg(root().join(FOLDER)))?;
    fs::write(&together, &built)?;
    let program = python.with_file_name("kubernetes-validate");
    must(Command::new(program).args(["--strict", "--quiet"]).arg(&together))?;

    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let json = output(Command::new(&python).args(["-c", script]).stdin(fs::File::open(&together)?))?;
    let all: Vec<Value> = serde_json::from_str(&json)?;
    let kinds: BTreeSet<&str> = all.iter().filter_map(|one| one["kind"].as_str()).collect();
    for kind in ["StatefulSet", "DaemonSet", "Service", "NetworkPolicy", "PodDisruptionBudget", FOREIGN] {
        ensure!(kinds.contains(kind), "there is no {kind} among {kinds:?}");
    }
    let one = |kind: &str, name: &str| {
        let found = all.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
        found.with_context(|| format!("there is no {kind} {name}"))
    };
    let (gateway, station) = (one("StatefulSet", "gateway")?, one("DaemonSet", "station")?);
    for workload in [gateway, station] {
        is_hardened(&workload["spec"]["template"]["spec"])?;
    }
    let (service, monitor) = (one("Service", "gateway")?, one(FOREIGN, "gateway")?);
    let labels = &gateway["spec"]["template"]["metadata"]["labels"];
    for selector in [
        &service["spec"]["selector"],
        &one("NetworkPolicy", "gateway")?["spec"]["podSelector"]["matchLabels"],
        &one("PodDisruptionBudget", "gateway")?["spec"]["selector"]["matchLabels"],
    ] {
        ensure!(fits(selector, labels), "{selector} selects no pod with {labels}");
    }
    let written = output(Command::new(&python).args(["-c", READ_AND_WRITTEN, &monitor.to_string()]))?;
    let written: Value = serde_json::from_str(&written)?;
    ensure!(written == *monitor, "of {monitor} the Prometheus operator knows {written}");
    let selector = &monitor["spec"]["selector"]["matchLabels"];
    ensure!(fits(selector, &service["metadata"]["labels"]), "{selector} selects no service");
    let (asked, there) = (&monitor["spec"]["endpoints"][0]["port"], &service["spec"]["ports"][0]["name"]);
    ensure!(asked == there, "Prometheus is to ask at the port {asked}, the service has {there}");
    Ok(())
}

/// As little as a container needs, and no more than it may.
fn is_hardened(pod: &Value) -> anyhow::Result<()> {
    let container = &pod["containers"][0];
    let context = &container["securityContext"];
    ensure!(
        pod["securityContext"]["runAsNonRoot"] == true
            && pod["securityContext"]["runAsUser"] == 65532
            && pod["automountServiceAccountToken"] == false
            && context["readOnlyRootFilesystem"] == true
            && context["allowPrivilegeEscalation"] == false
            && context["capabilities"]["drop"][0] == "ALL",
        "{} may do more than it needs: {pod}",
        container["name"]
    );
    ensure!(!container["resources"]["limits"]["memory"].is_null(), "{} has no bound", container["name"]);
    ensure!(!container["livenessProbe"].is_null(), "{} has no probe", container["name"]);
    let image = container["image"].as_str().unwrap_or_default();
    ensure!(image.starts_with("registry.example/"), "kustomize gave {} no image: {image}", container["name"]);
    Ok(())
}

fn fits(selector: &Value, labels: &Value) -> bool {
    selector
        .as_object()
        .is_some_and(|wanted| !wanted.is_empty() && wanted.iter().all(|(key, value)| labels[key] == *value))
}
