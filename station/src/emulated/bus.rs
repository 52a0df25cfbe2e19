//! The emulated I²C bus: addresses to chips, no acknowledgement where none stands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_hal::i2c::{ErrorType, I2c, Operation};

use super::{Ailment, Air, Chip, Clock, Weather};
use crate::bus::BusError;
use crate::sensors::Part;

/// The weather changes less than the sensors resolve within this time, so that it is looked up no oftener.
const AIR_LASTS_MS: u64 = 100;

/// What can be wrong between the chips and the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The address is not acknowledged.
    Nack,
    /// Transactions with the address fail.
    Fails,
    /// The data line is held low: whatever the address, every bit reads 0, acknowledgements included.
    StuckLow,
    /// The clock is held low: the kernel gives up on every transaction, whatever the address.
    TimesOut,
    /// Every bit of the address's answers reads 1.
    StuckHigh,
}

/// Chips on a bus; clones share them.
#[derive(Clone)]
pub struct EmulatedBus(Arc<Mutex<Inner>>);

struct Inner {
    clock: Clock,
    weather: Weather,
    /// Instead of the weather.
    air: Option<Air>,
    exposed_ms: Option<u64>,
    chips: BTreeMap<u8, Box<dyn Chip>>,
    unplugged: BTreeMap<u8, Box<dyn Chip>>,
    troubles: BTreeMap<u8, Trouble>,
}

impl EmulatedBus {
    /// These parts, each at its first free address, in this weather.
    pub fn with(clock: Clock, weather: Weather, parts: &[Part]) -> Self {
        let bus = Self::empty(clock, weather);
        for &part in parts {
            let free = |address: &&u8| !bus.lock().chips.contains_key(*address);
            if let Some(&address) = part.addresses().iter().find(free) {
                bus.attach(address, <dyn Chip>::of(part));
            }
        }
        bus
    }

    /// No chip yet.
    pub fn empty(clock: Clock, weather: Weather) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            clock,
            weather,
            air: None,
            exposed_ms: None,
            chips: BTreeMap::new(),
            unplugged: BTreeMap::new(),
            troubles: BTreeMap::new(),
        })))
    }

    /// Puts a chip at an address, instead of what stood there.
    pub fn attach(&self, address: u8, chip: Box<dyn Chip>) {
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
        let chip = self.lock().unplugged.remove(&address);
        if let Some(mut chip) = chip {
            chip.power_cycle();
            self.attach(address, chip);
        }
    }

    /// Lets the chips feel this air from now on, whatever the weather.
    pub fn feel(&self, air: Air) {
        let mut inner = self.lock();
        inner.air = Some(air);
        inner.exposed_ms = None;
    }

    /// Makes the chip at the address ail, or well again.
    pub fn ail(&self, address: u8, ailment: Option<Ailment>) {
        if let Some(chip) = self.lock().chips.get_mut(&address) {
            chip.ail(ailment);
        }
    }

    /// Puts something wrong at the address, or takes it away.
    pub fn trouble(&self, address: u8, trouble: Option<Trouble>) {
        let mut inner = self.lock();
        match trouble {
            Some(trouble) => inner.troubles.insert(address, trouble),
            None => inner.troubles.remove(&address),
        };
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
        let air = self.air.unwrap_or_else(|| self.weather.at(now_ms));
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
        if inner.troubles.values().any(|trouble| *trouble == Trouble::TimesOut) {
            return Err(BusError::Held);
        }
        let held = inner.troubles.values().any(|trouble| *trouble == Trouble::StuckLow);
        let trouble = if held { Some(Trouble::StuckLow) } else { inner.troubles.get(&address).copied() };
        let (forced, chip) = match trouble {
            Some(Trouble::StuckLow) => (Some(0x00), None),
            Some(Trouble::Nack) => return Err(BusError::NoAcknowledge),
            Some(Trouble::Fails) => return Err(BusError::Failed { errno: 5 }),
            Some(Trouble::TimesOut) => return Err(BusError::Held),
            Some(Trouble::StuckHigh) => (Some(0xFF), inner.chips.get_mut(&address)),
            None => (None, inner.chips.get_mut(&address)),
        };
        if chip.is_none() && !held {
            return Err(BusError::NoAcknowledge);
        }
        let mut chip = chip;
        for operation in operations {
            let acknowledged = match (operation, chip.as_mut(), forced) {
                (Operation::Read(buffer), _, Some(byte)) => {
                    buffer.fill(byte);
                    true
                }
                (Operation::Read(buffer), Some(chip), None) => chip.read(buffer, now_us),
                (Operation::Write(bytes), Some(chip), _) => {
                    chip.write(bytes, now_us);
                    true
                }
                _ => true,
            };
            if !acknowledged {
                return Err(BusError::NoAcknowledge);
            }
        }
        Ok(())
    }
}
