//! The embedded broker, so that a newcomer needs nothing else: rumqttd on a loopback address.
//!
//! It has no users, no topic rules and no TLS here, so the configuration holds it to loopback; brokers
//! that are open to a network are joined, not embedded. Its log is in RAM and bounded: what it drops is
//! sent again, because stations wait for the gateway's acknowledgement and not for the broker's.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};
use tokio::sync::oneshot;

/// Stations that may be connected at once.
const MAX_CONNECTIONS: usize = 10_000;
/// The broker's log of one filter: ten segments of ten mebibytes.
const SEGMENT_BYTES: usize = 10 * 1024 * 1024;
const SEGMENTS: usize = 10;
/// Larger messages end the sender's connection; smaller ones that are too large for Minuano are refused
/// by the gateway and counted.
const MAX_PAYLOAD: usize = 2 * 1024 * 1024;
const START_WITHIN: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT_MS: u16 = 10_000;

/// What stops the embedded broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The port is taken, or the address is not this machine's.
    #[error("broker.listen {0}: {1}; it takes a free port on this machine")]
    Listen(SocketAddr, std::io::Error),
    /// No thread could be started.
    #[error("the embedded broker did not start: {0}")]
    Thread(std::io::Error),
    /// It started and takes no connection.
    #[error("the embedded broker does not answer on {0}")]
    Silent(SocketAddr),
}

/// Starts the broker and waits until it takes connections. It ends with the process; should it end before, the
/// answer comes.
pub fn start(listen: SocketAddr) -> Result<oneshot::Receiver<()>, BrokerError> {
    // rumqttd binds on a thread of its own and only logs a port in use: find out first.
    drop(TcpListener::bind(listen).map_err(|error| BrokerError::Listen(listen, error))?);
    let config = configuration(listen);
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name("broker".to_owned())
        .spawn(move || {
            let _ended = ended;
            if let Err(error) = Broker::new(config).start() {
                tracing::error!(%error, "the embedded broker stopped");
            }
        })
        .map_err(BrokerError::Thread)?;
    let deadline = Instant::now() + START_WITHIN;
    while TcpStream::connect_timeout(&listen, START_WITHIN).is_err() {
        if Instant::now() > deadline {
            return Err(BrokerError::Silent(listen));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    tracing::info!(%listen, "embedded broker started");
    Ok(end)
}

fn configuration(listen: SocketAddr) -> Config {
    let server = ServerSettings {
        name: "minuano".to_owned(),
        listen,
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: CONNECT_TIMEOUT_MS,
            max_payload_size: MAX_PAYLOAD,
            max_inflight_count: 500,
            auth: None,
            external_auth: None,
            dynamic_filters: true,
        },
    };
    Config {
        id: 0,
        router: RouterConfig {
            max_connections: MAX_CONNECTIONS,
            max_outgoing_packet_count: 200,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS,
            ..RouterConfig::default()
        },
        v4: Some(HashMap::from([("minuano".to_owned(), server)])),
        ..Config::default()
    }
}
