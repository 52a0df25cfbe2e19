//! The emulated I²C bus: addresses to chips, no acknowledgement where none stands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_hal::i2c::{ErrorType, I2c, Operation};

use super::{Bh1750Chip, Bme280Chip, Chip, Clock, Weather};
use crate::bus::BusError;

/// The weather changes less than the sensors resolve within this time, so that it is looked up no oftener.
const AIR_LASTS_MS: u64 = 100;

/// Chips on a bus; clones share them.
#[derive(Clone)]
pub struct EmulatedBus(Arc<Mutex<Inner>>);

struct Inner {
    clock: Clock,
    weather: Weather,
    exposed_ms: Option<u64>,
    chips: BTreeMap<u8, Chip>,
    unplugged: BTreeMap<u8, Chip>,
}

impl EmulatedBus {
    /// A BME280 at 0x76 and a BH1750 at 0x23, in this weather.
    pub fn new(clock: Clock, weather: Weather) -> Self {
        let bus = Self::empty(clock, weather);
        bus.attach(0x76, Chip::Bme280(Box::default()));
        bus.attach(0x23, Chip::Bh1750(Bh1750Chip::default()));
        bus
    }

    /// No chip yet.
    pub fn empty(clock: Clock, weather: Weather) -> Self {
        let (chips, unplugged) = (BTreeMap::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Inner { clock, weather, exposed_ms: None, chips, unplugged })))
    }

    /// Puts a chip at an address, instead of what stood there.
    pub fn attach(&self, address: u8, chip: Chip) {
        let mut inner = self.lock();
        inner.exposed_ms = None;
        inner.chips.insert(address, chip);
    }

    /// Takes the chip off the bus: its address is no longer acknowledged.
    pub fn unplug(&self, address: u8) {
        let mut inner = self.lock();
        if let Some(chip) = inner.chips.remove(&address) {
            inner.unplugged.insert(address, chip);
        }
    }

    /// Puts an unplugged chip back, as it comes out of a power-on.
    pub fn plug(&self, address: u8) {
        let fresh = match self.lock().unplugged.remove(&address) {
            Some(Chip::Bme280(_)) => Chip::Bme280(Box::<Bme280Chip>::default()),
            Some(Chip::Bh1750(_)) => Chip::Bh1750(Bh1750Chip::default()),
            None => return,
        };
        self.attach(address, fresh);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No chip leaves a register half-written, so that a panic elsewhere is no reason to stop here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Lets the chips feel the present weather.
    fn expose(&mut self) {
        let now_ms = self.clock.now_ms();
        if self.exposed_ms.is_some_and(|at| now_ms.abs_diff(at) < AIR_LASTS_MS) {
            return;
        }
        self.exposed_ms = Some(now_ms);
        let air = self.weather.at(now_ms);
        for chip in self.chips.values_mut() {
            chip.expose(air);
        }
    }
}

impl ErrorType for EmulatedBus {
    type Error = BusError;
}

impl I2c for EmulatedBus {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        let mut inner = self.lock();
        inner.expose();
        let now_us = inner.clock.now_us();
        let chip = inner.chips.get_mut(&address).ok_or(BusError::NoAcknowledge)?;
        for operation in operations {
            match operation {
                Operation::Write(bytes) => chip.write(bytes, now_us),
                Operation::Read(buffer) => chip.read(buffer, now_us),
            }
        }
        Ok(())
    }
}
