//! The bus as the drivers see it: the kernel's or an emulated one, one error type, one delay.
//!
//! A [`Bus`] is a cheap handle. Each driver owns a clone, because the `bme280` crate keeps the bus that it is
//! given; transactions exclude each other by a lock that is only ever held for one transaction.

mod held;
mod linux;
mod node;

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

pub use self::linux::{LinuxBus, OpenError};
use crate::emulated::{Clock, EmulatedBus, Weather};
use crate::sensors::Part;

/// Where the sensors are.
#[derive(Clone)]
pub enum Bus {
    /// `/dev/i2c-N`.
    Linux(LinuxBus),
    /// Chips in this process.
    Emulated(EmulatedBus),
}

impl Bus {
    /// The kernel's bus, such as `/dev/i2c-1`, with real delays.
    pub fn linux(device: &str) -> Result<(Self, Delay), OpenError> {
        Ok((Self::Linux(LinuxBus::open(device)?), Delay::Real))
    }

    /// Emulated parts that feel this weather, with the clock's delays.
    pub fn emulated(clock: &Clock, weather: Weather, parts: &[Part]) -> (Self, Delay) {
        let bus = EmulatedBus::with(clock.clone(), weather, parts);
        (Self::Emulated(bus), Delay::Emulated(clock.clone()))
    }
}

impl ErrorType for Bus {
    type Error = BusError;
}

impl I2c for Bus {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        match self {
            Self::Linux(bus) => bus.transaction(address, operations),
            Self::Emulated(bus) => bus.transaction(address, operations),
        }
    }
}

/// Why a transaction failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// No part answered at the address.
    #[error("no part acknowledged the address")]
    NoAcknowledge,
    /// The part refused a byte.
    #[error("the part did not acknowledge a byte")]
    Refused,
    /// Another master, or a disturbance, won the bus.
    #[error("arbitration lost")]
    ArbitrationLost,
    /// Nothing moves.
    #[error(
        "the bus is held low: a part that lost count, or a short circuit of SDA or SCL; take the parts' supply \
         away and give it back, then unplug them one by one to find which it is"
    )]
    Held,
    /// Its adapter is not there.
    #[error("the bus is gone: its adapter was unplugged, or its driver taken away")]
    Gone,
    /// Anything else on the wires.
    #[error("the bus failed (errno {errno})")]
    Failed {
        /// As the kernel gave it; 0 when it gave none.
        errno: i32,
    },
}

impl embedded_hal::i2c::Error for BusError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoAcknowledge => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address),
            Self::Refused => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data),
            Self::ArbitrationLost => ErrorKind::ArbitrationLoss,
            Self::Held | Self::Gone | Self::Failed { .. } => ErrorKind::Bus,
        }
    }
}

/// How a driver waits on this bus.
#[derive(Clone)]
pub enum Delay {
    /// Sleeps.
    Real,
    /// Lets the emulated clock decide.
    Emulated(Clock),
}

impl DelayNs for Delay {
    fn delay_ns(&mut self, ns: u32) {
        match self {
            Self::Real => linux_embedded_hal::Delay.delay_ns(ns),
            Self::Emulated(clock) => clock.sleep_ns(ns.into()),
        }
    }
}
