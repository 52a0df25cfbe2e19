//! Becomes the gateway that acknowledges a station.
//!
//! A station belongs to the gateway whose name stands in its retained `acknowledged`. Publishing one with
//! this gateway's name and no streams tells both gateways so, and the station nothing new.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use minuano_telemetry::{Acknowledged, Leaf, MAX_MESSAGE, Payload, StationName};
use rumqttc::{Event, Packet, QoS};

use crate::clock::now;
use crate::config::{Config, MqttConfig};
use crate::ingest::dial::{self, Line};
use crate::store::{Store, stations};

const WITHIN: Duration = Duration::from_secs(10);

/// Takes over `station`, or every station that another gateway owned, and gives their names.
pub async fn take_over(config: &Config, station: Option<StationName>) -> anyhow::Result<Vec<StationName>> {
    let store = Store::open(&config.store.file, now())?;
    let known = store.read(stations::load_all)?;
    let chosen: Vec<StationName> = match &station {
        Some(station) => {
            if !known.iter().any(|(name, ..)| name == station) {
                bail!("there is no station {station} in {}", store.file().display());
            }
            vec![station.clone()]
        }
        None => known.into_iter().filter(|(.., now)| now.owner.is_some()).map(|(name, ..)| name).collect(),
    };
    for broker in &config.mqtt {
        tokio::time::timeout(WITHIN, announce(config, broker, &chosen)).await.with_context(|| {
            format!("broker {}:{} did not answer within {} s", broker.host, broker.port, WITHIN.as_secs())
        })??;
    }
    let connection = store.writer()?;
    for name in &chosen {
        let id = stations::id(&connection, name)?;
        stations::save_owner(&connection, id, None)?;
    }
    Ok(chosen)
}

/// Publishes to one broker and waits until it has everything.
async fn announce(config: &Config, broker: &MqttConfig, stations: &[StationName]) -> anyhow::Result<()> {
    let id = format!("minuano.take-over.{}", config.gateway);
    let place = format!("broker {}:{}", broker.host, broker.port);
    let connected = dial::connect(broker, id, stations.len() + 1).await;
    let Line { client, mut events } = connected.map_err(|why| anyhow!("{place}: {why}"))?;
    let acknowledged = Acknowledged { gateway: config.gateway.clone(), streams: Default::default() };
    let mut buffer = [0; MAX_MESSAGE];
    let payload = Payload::Acknowledged(acknowledged).encode(&mut buffer)?.to_vec();
    let leaf = Leaf::Acknowledged;
    for station in stations {
        let topic = leaf.of(station.clone()).to_string();
        client.try_publish(topic, QoS::AtLeastOnce, leaf.retained(), payload.clone())?;
    }
    let mut missing = stations.len();
    while missing > 0 {
        let event = events.poll().await.map_err(|error| anyhow!("{place}: {}", dial::why(&error, broker)))?;
        missing -= usize::from(matches!(event, Event::Incoming(Packet::PubAck(_))));
    }
    Ok(())
}
