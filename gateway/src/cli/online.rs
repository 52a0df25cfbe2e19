//! `check-config --online`: tries what the configuration names, one line each. Nothing is changed by it but a
//! small file in the store's folder and one in the lake, which are deleted at once.

use std::fmt::Display;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use minuano_telemetry::EVERYTHING;
use rumqttc::{Event, Packet, QoS, SubscribeReasonCode};

use super::say;
use crate::cause::chain;
use crate::config::{Config, MqttConfig};
use crate::elastic::client::Client;
use crate::ingest::dial::{self, Line};
use crate::lake::remote::{Remote, Unusable};
use crate::provision::account::Account;
use crate::store::lock::Lock;

/// What a broker or a lake may take to answer.
const WITHIN: Duration = Duration::from_secs(15);
/// Room in the client for one subscription.
const REQUESTS: usize = 4;

/// What was found, said as it is found.
#[derive(Default)]
struct Findings {
    failed: u32,
}

impl Findings {
    fn take<T: Display, E: Display>(&mut self, key: &str, found: Result<T, E>) -> anyhow::Result<()> {
        match found {
            Ok(well) => say(&format!("{key}: ok: {well}")),
            Err(wrong) => {
                self.failed += 1;
                say(&format!("{key}: FAILED: {wrong}"))
            }
        }
    }
}

/// Gives whether all is well.
pub(super) async fn check(config: &Config) -> anyhow::Result<bool> {
    let mut findings = Findings::default();
    // Its own ports are taken then, as they should be.
    let runs = config.store.file.exists() && Lock::take(&config.store.file).is_err();
    findings.take("store.file", store(&config.store.file, runs))?;
    findings.take("http.listen", listen(config.http.listen, runs))?;
    if let Some(address) = config.broker {
        findings.take("broker.listen", listen(address, runs))?;
    }
    let joined = config.mqtt.iter().skip(usize::from(config.broker.is_some()));
    for (index, broker) in joined.enumerate() {
        findings.take(&format!("mqtt[{index}]"), try_broker(config, broker, runs).await)?;
    }
    if let Some(lake) = &config.lake {
        let tried = async {
            let remote = Remote::open(lake).map_err(|error| error.to_string())?;
            match remote.try_out().await {
                Ok(()) => Ok("a file was written, read back and deleted".to_owned()),
                Err(Unusable::Delete { key, cause }) => Ok(format!(
                    "written and read back; {key} cannot be deleted, which lake compact needs: {}",
                    chain(&cause)
                )),
                Err(error) => Err(error.to_string()),
            }
        };
        let answered = within(tried).await;
        findings.take("lake.url", answered.map(|well| format!("{}: {well}", lake.url)))?;
    }
    if let Some(elastic) = &config.elastic {
        let tried = async {
            let client = Client::new(elastic).map_err(|failure| failure.to_string())?;
            client.cluster().await.map_err(|failure| failure.to_string())
        };
        let answered = within(tried).await.map(|cluster| format!("{}: {}", elastic.url, cluster.version));
        findings.take("elastic.url", answered.map_err(|why| format!("{}: {why}", elastic.url)))?;
    }
    let verdict = match findings.failed {
        0 => "the configuration is right, and all that it names answers".to_owned(),
        1 => "the configuration is right, but one thing that it names fails".to_owned(),
        many => format!("the configuration is right, but {many} things that it names fail"),
    };
    say(&verdict)?;
    Ok(findings.failed == 0)
}

fn store(file: &Path, runs: bool) -> Result<String, String> {
    let shown = file.display();
    if runs {
        return Ok(format!("{shown}: in use by the gateway that runs"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // What does not exist is made at the start, so the nearest that does has to take it.
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let probe = nearest.join(format!(".minuano-check-{}", std::process::id()));
    std::fs::write(&probe, b"check").map_err(|error| {
        format!("{}: {error}; it takes a folder that this user can write", nearest.display())
    })?;
    std::fs::remove_file(&probe).map_err(|error| format!("{}: {error}", probe.display()))?;
    if !file.exists() {
        return Ok(format!("{shown}: will be made"));
    }
    let opened = std::fs::File::options().read(true).write(true).open(file);
    opened.map_err(|error| format!("{shown}: {error}; it takes a file that this user can read and write"))?;
    Ok(format!("{shown}: there, can be read and written"))
}

fn listen(address: SocketAddr, runs: bool) -> Result<String, String> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) if runs && error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(format!("{address} is in use, and a gateway runs on this store"))
        }
        Err(error) => Err(format!("{address}: {error}; it takes a free port on this machine")),
    }
}

async fn try_broker(config: &Config, broker: &MqttConfig, runs: bool) -> Result<String, String> {
    let place = format!("{}:{}", broker.host, broker.port);
    if runs && broker.user.as_deref().and_then(Account::of_user).is_some() {
        return Ok(format!(
            "{place}: not tried, since its user has one connection, which the gateway that runs needs; /readyz says how it is"
        ));
    }
    let begun = Instant::now();
    let resolved: Vec<_> = tokio::net::lookup_host((broker.host.as_str(), broker.port))
        .await
        .map_err(|error| format!("{place}: the name is not known: {error}"))?
        .map(|address| address.ip().to_string())
        .collect();
    let tried = async {
        // Another client id than the running gateway's, which the broker would throw out for it.
        let id = format!("minuano.check.{}.{}", config.gateway, std::process::id());
        let Line { client, mut events } = dial::connect(broker, id, REQUESTS).await?;
        client.try_subscribe(EVERYTHING, QoS::AtLeastOnce).map_err(|error| error.to_string())?;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    let refused = answer.return_codes.contains(&SubscribeReasonCode::Failure);
                    return if refused {
                        Err(format!("it refuses the subscription to {EVERYTHING}; see its topic rules"))
                    } else {
                        Ok(())
                    };
                }
                Ok(_) => {}
                Err(error) => return Err(dial::why(&error, broker)),
            }
        }
    };
    within(tried).await.map_err(|why| format!("{place} ({}): {why}", resolved.join(", ")))?;
    let how = if broker.tls.is_some() { " with TLS" } else { "" };
    let took = begun.elapsed().as_millis();
    Ok(format!(
        "{place} ({}) took the connection{how} and the subscription in {took} ms",
        resolved.join(", ")
    ))
}

async fn within<T>(tried: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let late = || Err(format!("no answer within {} s", WITHIN.as_secs()));
    tokio::time::timeout(WITHIN, tried).await.unwrap_or_else(|_| late())
}
