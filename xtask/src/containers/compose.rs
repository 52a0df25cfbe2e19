//! Every compose file, with what it goes on top of, as compose itself understands it. No engine has to run what is in it:
//! this is all that is known here of services whose images cannot be pulled.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::images::Images;
use super::stack::Stack;

const STACKS: [&[&str]; 6] = [
    &["demo.yaml"],
    &["station.yaml"],
    &["gateway.yaml"],
    &["gateway.yaml", "monitoring.yaml"],
    &["gateway.yaml", "elastic.yaml"],
    &["gateway.yaml", "monitoring.yaml", "elastic.yaml"],
];
/// What `prepare.sh` makes, and the station's folder that is copied.
const MADE: [&str; 4] = ["broker", "objects", "secrets", "station"];
/// Seen from outside the machine: by stations, and by who looks at the panel.
const OPEN: [&str; 2] = ["8883", "8443"];
/// Whose images write beside their volumes.
const WRITES: &str = "docker.elastic.co/";
/// Where the engine keeps what containers say.
const LOGS: &str = "/var/lib/docker/containers";

/// Each is a stack, and each of its services has no more rights than it needs.
pub fn files(images: &Images<'_>) -> anyhow::Result<()> {
    let mut services = 0;
    for files in STACKS {
        let mut stack = Stack::new(images.engine, &images.folder.join("compose"), files)?;
        for name in ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "S3_RPC_SECRET"] {
            stack = stack.with(name, "made");
        }
        let model = stack.model()?;
        let found = model["services"].as_object().context("it has no services")?;
        for (name, service) in found {
            is_bounded(service, &stack.folder, files[0] == "demo.yaml")
                .with_context(|| format!("{name} of {files:?}"))?;
        }
        services += found.len();
    }
    println!("{services} services in {} stacks", STACKS.len());
    Ok(())
}

fn is_bounded(service: &Value, folder: &Path, is_demo: bool) -> anyhow::Result<()> {
    let has = |list: &str, wanted: &str| items(&service[list]).any(|item| item == wanted);
    ensure!(has("cap_drop", "ALL"), "it keeps capabilities: {}", service["cap_drop"]);
    ensure!(has("security_opt", "no-new-privileges:true"), "it may gain privileges");
    ensure!(service["privileged"] != true, "it is privileged");
    ensure!(!service["restart"].is_null(), "it is not started again");
    ensure!(is_demo || !service["mem_limit"].is_null(), "its memory has no bound");
    let image = service["image"].as_str().context("it has no image")?;
    ensure!(service["read_only"] == true || image.starts_with(WRITES), "its root file system can be written");
    let is_ours = image.starts_with("minuano-");
    ensure!(!is_ours || service["user"] == "65532:65532", "it runs as {}", service["user"]);
    for port in items(&service["ports"]) {
        let is_open = OPEN.iter().any(|open| port["published"] == *open);
        ensure!(is_open || port["host_ip"] == "127.0.0.1", "{port} is open to everybody");
    }
    for mount in items(&service["volumes"]).filter(|mount| mount["type"] == "bind") {
        let source = Path::new(mount["source"].as_str().context("a mount of nothing")?);
        let Ok(inside) = source.strip_prefix(folder) else {
            ensure!(source == Path::new(LOGS), "{} is not the stack's", source.display());
            continue;
        };
        ensure!(
            MADE.iter().any(|made| inside.starts_with(made)) || source.exists(),
            "there is no {inside:?}"
        );
    }
    Ok(())
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
