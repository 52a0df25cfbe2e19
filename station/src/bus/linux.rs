//! `/dev/i2c-N` through I2C_RDWR, so that a write and its read are one transaction with a repeated start.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use embedded_hal::i2c::{I2c, Operation};
use linux_embedded_hal::{I2CError, I2cdev, i2cdev::linux::LinuxI2CError};

use super::BusError;
use super::held::Held;
use super::node::Node;

const ENXIO: i32 = 6;
const EAGAIN: i32 = 11;
const ENODEV: i32 = 19;
const ENOTTY: i32 = 25;
const ETIMEDOUT: i32 = 110;
const EREMOTEIO: i32 = 121;

/// A kernel I²C bus; clones share it.
#[derive(Clone)]
pub struct LinuxBus(Arc<Mutex<Inner>>);

struct Inner {
    node: Node<I2cdev>,
    held: Held,
}

impl LinuxBus {
    /// Opens a device such as `/dev/i2c-1`.
    pub fn open(device: &str) -> Result<Self, OpenError> {
        let node = Node::open(device, |device| {
            I2cdev::new(device).map_err(|error| OpenError::from(device, error.into()))
        })?;
        Ok(Self(Arc::new(Mutex::new(Inner { node, held: Held::default() }))))
    }

    pub(super) fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), BusError> {
        // A panic elsewhere leaves no half-done transaction behind: the kernel finishes or fails each one.
        let mut bus = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { node, held } = &mut *bus;
        if !held.may_try(Instant::now()) {
            return Err(BusError::Held);
        }
        let device = node.device().ok_or(BusError::Gone)?;
        let result = I2c::<u8>::transaction(device, address, operations);
        let result = result.map_err(|error| by_errno(errno(&error)));
        // What a driver says of an adapter that is no longer there may be anything, even that nobody answered.
        if result.is_err() && !node.is_still_there() {
            *held = Held::default();
            return Err(BusError::Gone);
        }
        held.note(result, Instant::now());
        result
    }
}

/// Why the bus could not be opened, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such device.
    #[error("{device}: no such device; enable I²C with raspi-config, or dtparam=i2c_arm=on in config.txt")]
    Missing {
        /// Its path.
        device: String,
    },
    /// This user may not use it.
    #[error("{device}: permission denied; add the user that runs the station to the group i2c")]
    Forbidden {
        /// Its path.
        device: String,
    },
    /// It is something else.
    #[error("{device}: not an I²C bus; name one such as /dev/i2c-1")]
    NotABus {
        /// Its path.
        device: String,
    },
    /// Anything else.
    #[error("{device}: {source}")]
    Other {
        /// Its path.
        device: String,
        /// What the kernel said.
        source: io::Error,
    },
}

impl OpenError {
    fn from(device: &str, source: io::Error) -> Self {
        let device = device.to_owned();
        match (source.kind(), source.raw_os_error()) {
            (io::ErrorKind::NotFound, _) | (_, Some(ENXIO | ENODEV)) => Self::Missing { device },
            (io::ErrorKind::PermissionDenied, _) => Self::Forbidden { device },
            (io::ErrorKind::IsADirectory, _) | (_, Some(ENOTTY)) => Self::NotABus { device },
            _ => Self::Other { device, source },
        }
    }
}

fn errno(error: &I2CError) -> i32 {
    match error.inner() {
        LinuxI2CError::Errno(errno) => *errno,
        LinuxI2CError::Io(error) => error.raw_os_error().unwrap_or(0),
    }
}

/// What an errno means, controller by controller (Documentation/i2c/fault-codes in the kernel's source).
fn by_errno(errno: i32) -> BusError {
    match errno {
        // EREMOTEIO is what i2c-bcm2835 (to the Pi 3) gives for a NACK; linux-embedded-hal calls it `Other`.
        ENXIO | EREMOTEIO => BusError::NoAcknowledge,
        EAGAIN => BusError::ArbitrationLost,
        ETIMEDOUT => BusError::Held,
        errno => BusError::Failed { errno },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nack_is_told_from_a_broken_bus_on_every_controller() {
        assert_eq!(by_errno(EREMOTEIO), BusError::NoAcknowledge);
        assert_eq!(by_errno(ENXIO), BusError::NoAcknowledge);
        assert_eq!(by_errno(EAGAIN), BusError::ArbitrationLost);
        assert_eq!(by_errno(ETIMEDOUT), BusError::Held);
        assert_eq!(by_errno(5), BusError::Failed { errno: 5 });
    }

    #[test]
    fn an_unusable_device_is_named_with_what_would_be_right() {
        let said = |device: &str| LinuxBus::open(device).err().expect("opens no bus").to_string();
        assert!(said("/dev/i2c-none").contains("/dev/i2c-none: no such device; enable I²C"));
        assert!(said("/dev/null").contains("/dev/null: not an I²C bus"));
        assert!(said("/tmp").contains("/tmp: not an I²C bus"));
        let forbidden = OpenError::from("/dev/i2c-1", io::ErrorKind::PermissionDenied.into());
        assert!(forbidden.to_string().contains("group i2c"));
    }
}
