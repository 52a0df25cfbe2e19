//! `health`: asks the running gateway what a container's health check wants to know.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use minuano_settings::tls::Tls;
use serde_json::Value;

use super::say;
use crate::config::Config;
use crate::outward;

/// A gateway that takes longer is not well.
const WITHIN: Duration = Duration::from_secs(5);

/// Gives whether it is ready; says what is in the way if not.
pub(super) async fn ask(config: &Config) -> anyhow::Result<bool> {
    let address = reachable(config.http.listen);
    ensure!(address.port() != 0, "http.listen has port 0, which is another one at each start");
    // Straight to this machine, whatever proxy the environment names; and without TLS, so that a container without
    // anybody's certificates is no less healthy.
    let client = outward::client(&Tls::nobody()?).no_proxy().timeout(WITHIN).build()?;
    let url = format!("http://{address}/readyz");
    let answer = client.get(&url).send().await.with_context(|| format!("no gateway answers at {address}"))?;
    let status = answer.status();
    let body: Value =
        answer.bytes().await.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
    if status.is_success() {
        say("ready")?;
        return Ok(true);
    }
    let why = body["detail"].as_str().unwrap_or("what answers is no gateway");
    // Nothing is left to say it to if this fails.
    let _ = writeln!(std::io::stderr(), "not ready ({status}): {why}");
    Ok(false)
}

/// Where a server that listens on all addresses can be asked from the same machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
