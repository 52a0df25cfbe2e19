//! From the brokers to the disk: decode, account, check, commit, then acknowledge.
//!
//! # Layout
//!
//! - [`session`]: one broker: connects, subscribes, reads, publishes
//! - [`dial`]: how a broker is dialled
//! - [`message`]: bytes to a message, or a refusal that is counted
//! - [`writer`]: the one thread that writes: many messages make one commit
//! - [`ledger`]: what one message does to the store
//! - [`admit`]: impossible times, and the store's resolution
//! - [`answers`]: acknowledgements and anomalies on their way to the broker
//! - [`presence`]: who is there; [`silence`]: when to look; [`namesakes`]: two stations under one name

pub mod admit;
pub mod answers;
pub mod dial;
pub mod ledger;
pub mod message;
pub mod namesakes;
pub mod presence;
pub mod session;
pub mod silence;
pub mod writer;
