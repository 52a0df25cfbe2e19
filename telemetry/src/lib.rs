//! The wire format of Minuano, version 1: every topic and every payload, both ways.
//!
//! Shared by the station and the gateway, so that neither can say what the other cannot hear. It does
//! no I/O, knows no clock, and holds everything in bounded types; encoding allocates nothing.
//!
//! # Layout
//!
//! - [`Topic`], [`Leaf`]: `minuano/v1/<station>/<leaf>`, read and written
//! - [`Payload`]: what each leaf carries; [`Payload::decode`] gives a value or a typed error for any bytes
//! - [`Batch`], [`Reading`]: what was measured
//! - [`Streams`], [`About`], [`Status`], [`Health`]: what a station says of itself
//! - [`Acknowledged`], [`Anomaly`] with its [`Facts`], [`WeatherEvent`]: what a gateway says
//! - [`Discovery`]: what Home Assistant hears
//! - [`Millis`], [`StreamId`], [`StationName`], [`GatewayName`], [`Quantity`], [`Fault`], [`Flag`]: the words
#![no_std]
#![warn(missing_docs)]

#[cfg(test)]
extern crate std;

mod codec;
mod discovery;
mod facts;
mod gateway;
mod name;
mod quantity;
mod reading;
mod station;
mod stream;
mod time;
mod topic;
mod weather;

pub use codec::{DecodeError, EncodeError, MAX_MESSAGE, Payload};
pub use discovery::{BIRTH, Discovery, MAX_PREFIX, birth_topic, discovery_topic};
pub use facts::{Beside, Facts, MAX_BESIDE};
pub use gateway::{Acknowledged, Anomaly, AnomalyKind, AnomalyState, Flag, MAX_ACKNOWLEDGED, Through};
pub use name::{GatewayName, MAX_GATEWAY_NAME, MAX_STATION_NAME, NameError, StationName};
pub use quantity::{ByQuantity, Fault, Quantity};
pub use reading::{Batch, Clock, Live, MAX_READINGS, Reading};
pub use station::{
    About, Health, LogHealth, MAX_SENSORS, MAX_STREAMS, MAX_WARNING, SensorAbout, SensorHealth, SensorState,
    StationState, Status, StreamState, Streams,
};
pub use stream::{MAX_SEQ, SeqError, StreamId, StreamIdError};
pub use time::{Millis, TimeError};
pub use topic::{EVERYTHING, Leaf, Topic, TopicError, VERSION};
pub use weather::{WeatherEvent, WeatherKind};
