//! `[http]`: where routes and panel are served, to whom, and how much of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::{Problems, Secret};
use serde::Deserialize;

/// A token that can be guessed protects nothing.
const SHORTEST_TOKEN: usize = 16;

/// Where routes and panel are served, to whom, and how much of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What readers show (`Authorization: Bearer …`, or once on the panel's login page); absent: everyone may read.
    pub read_token: Option<Secret>,
    /// File that holds it.
    pub read_token_file: Option<PathBuf>,
    /// The most connections at once; others wait in the kernel's queue.
    pub connections: usize,
    /// How long a client may take for the head of a request, and lie idle between two.
    #[serde(with = "minuano_settings::duration")]
    pub head_within: Duration,
    /// Requests a second that one client may make in the long run; this machine itself 20 times as many.
    pub requests_per_second: u32,
    /// Requests that one client may make at once after a rest; this machine itself 20 times as many.
    pub burst: u32,
    /// Requests of one client that are answered at the same time, open streams among them; this machine itself
    /// 20 times as many.
    pub at_once: u32,
    /// A reverse proxy stands before the gateway: the last address of `X-Forwarded-For` is the client.
    pub behind_proxy: bool,
    /// A line in the log for each request (target `minuano_gateway::access`).
    pub access_log: bool,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            read_token: None,
            read_token_file: None,
            connections: 768,
            head_within: Duration::from_secs(30),
            requests_per_second: 50,
            burst: 200,
            at_once: 32,
            behind_proxy: false,
            access_log: true,
        }
    }
}

impl HttpConfig {
    pub(super) fn checked(mut self, problems: &mut Problems) -> Self {
        self.read_token = Secret::either(
            self.read_token.take(),
            self.read_token_file.as_deref(),
            "http.read_token",
            problems,
        );
        problems.require(
            self.read_token.as_ref().is_none_or(|token| token.reveal().len() >= SHORTEST_TOKEN),
            "http.read_token",
            format_args!("takes at least {SHORTEST_TOKEN} characters, such as those of openssl rand -hex 32"),
        );
        problems.require((16..=65_536).contains(&self.connections), "http.connections", "takes 16 to 65536");
        problems.require(
            (Duration::from_secs(1)..=Duration::from_secs(3_600)).contains(&self.head_within),
            "http.head_within",
            "takes \"1s\" to \"1h\"",
        );
        for (key, number) in [
            ("http.requests_per_second", self.requests_per_second),
            ("http.burst", self.burst),
            ("http.at_once", self.at_once),
        ] {
            problems.require((1..=1_000_000).contains(&number), key, "takes 1 to 1000000");
        }
        self
    }
}
