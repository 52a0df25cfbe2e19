//! From the brokers to the disk: decode, account, check, commit, then acknowledge.
//!
//! # Layout
//!
//! - [`session`]: one broker: connects, subscribes, reads, publishes
//! - [`message`]: bytes to a message, or a refusal that is counted
//! - [`writer`]: the one thread that writes: many messages make one commit
//! - [`ledger`]: what one message does to the store
//! - [`presence`]: who is there

pub mod ledger;
pub mod message;
pub mod presence;
pub mod session;
pub mod writer;
