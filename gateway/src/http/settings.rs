//! What the configuration says of HTTP, as the routes need it.

use std::time::Duration;

use super::limit::Allowance;
use super::login::Token;
use crate::config::HttpConfig;

/// What the configuration says of HTTP.
#[derive(Debug)]
pub struct Settings {
    /// What readers show.
    pub token: Option<Token>,
    /// The most connections at once.
    pub connections: usize,
    /// How long a client may take for the head of a request.
    pub head_within: Duration,
    /// What one client may ask for.
    pub allowance: Allowance,
    /// Whether a reverse proxy names the client.
    pub behind_proxy: bool,
    /// Whether each request is logged.
    pub access_log: bool,
}

impl From<&HttpConfig> for Settings {
    fn from(config: &HttpConfig) -> Self {
        Self {
            token: config.read_token.as_ref().map(|token| Token::new(token.reveal())),
            connections: config.connections,
            head_within: config.head_within,
            allowance: Allowance {
                per_second: config.requests_per_second,
                burst: config.burst,
                at_once: config.at_once,
            },
            behind_proxy: config.behind_proxy,
            access_log: config.access_log,
        }
    }
}
