//! The bytes of the log, both ways. Pure: no file, no clock; any bytes decode to a value or to nothing.
//!
//! # Layout
//!
//! - [`segment`]: a file of one stream: a header, then chunks to its end
//! - [`chunk`]: what one spill wrote, under one checksum
//! - [`record`]: one reading in a chunk
//! - [`table`]: cursors, ends of streams, and the last time that was known; two copies in turn
//! - [`scan`]: what of a segment survived

mod bytes;
pub mod chunk;
mod record;
pub mod scan;
pub mod segment;
pub mod table;
#[cfg(test)]
mod tests;
