//! The USB device that Linux's `i2c-tiny-usb` driver knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use embedded_hal::i2c::{I2c, Operation};
use minuano_station::bus::BusError;
use minuano_station::emulated::EmulatedBus;

/// The eight bytes before a control transfer.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub request_type: u8,
    pub request: u8,
    pub value: u16,
    pub index: u16,
    pub length: u16,
}

impl Setup {
    /// Whether data goes to the host.
    pub fn is_in(&self) -> bool {
        self.request_type & 0x80 != 0
    }

    fn is_standard(&self) -> bool {
        self.request_type & 0x60 == 0
    }
}

/// The device's own requests.
const FUNCTIONS: u8 = 1;
const SET_DELAY: u8 = 2;
const STATUS: u8 = 3;
/// Plus 1 at the first message of a transaction, plus 2 at the last.
const TRANSFER: u8 = 4;
const TRANSFER_LAST: u8 = 7;

/// The kernel's I2C_M_RD, in a transfer's value.
const READS: u16 = 1;
/// I2C_FUNC_I2C and I2C_FUNC_SMBUS_EMUL.
const I2C_AND_SMBUS: u32 = 0x0EFF_0001;
/// What STATUS answers.
const ACKNOWLEDGED: u8 = 1;
const NOT_ACKNOWLEDGED: u8 = 2;

/// The adapter, with the emulated bus behind it.
pub struct Adapter {
    bus: EmulatedBus,
    status: u8,
    transfers: Arc<AtomicU64>,
}

impl Adapter {
    /// Till Harbaum's, which the driver looks for.
    pub const VENDOR: u16 = 0x0403;
    pub const PRODUCT: u16 = 0xC631;
    pub const VERSION: u16 = 0x0100;

    /// One that nobody has used yet.
    pub fn new(bus: EmulatedBus, transfers: Arc<AtomicU64>) -> Self {
        Self { bus, status: 0, transfers }
    }

    /// Does a control transfer; none is a stall.
    pub fn control(&mut self, setup: &Setup, data: &[u8]) -> Option<Vec<u8>> {
        if setup.is_standard() {
            return standard(setup);
        }
        match setup.request {
            FUNCTIONS => Some(I2C_AND_SMBUS.to_le_bytes().to_vec()),
            SET_DELAY => Some(Vec::new()),
            STATUS => Some(vec![self.status]),
            TRANSFER..=TRANSFER_LAST => self.transfer(setup, data),
            _ => None,
        }
    }

    fn transfer(&mut self, setup: &Setup, data: &[u8]) -> Option<Vec<u8>> {
        self.transfers.fetch_add(1, Ordering::Relaxed);
        self.status = NOT_ACKNOWLEDGED;
        // Ten-bit addresses are nobody's here.
        let address = u8::try_from(setup.index).ok().filter(|address| *address < 0x80);
        let mut buffer = vec![0xFF; if setup.value & READS == 0 { 0 } else { setup.length.into() }];
        let operation =
            if setup.value & READS == 0 { Operation::Write(data) } else { Operation::Read(&mut buffer) };
        let result = match address {
            Some(address) => self.bus.transaction(address, &mut [operation]),
            None => Err(BusError::NoAcknowledge),
        };
        match result {
            Ok(()) => self.status = ACKNOWLEDGED,
            Err(BusError::NoAcknowledge | BusError::Refused) => {}
            // A held bus: the adapter gives up, and the driver says EIO.
            Err(_) => return None,
        }
        Some(buffer)
    }
}

/// What every USB device answers.
fn standard(setup: &Setup) -> Option<Vec<u8>> {
    const GET_STATUS: u8 = 0;
    const CLEAR_FEATURE: u8 = 1;
    const SET_FEATURE: u8 = 3;
    const GET_DESCRIPTOR: u8 = 6;
    const SET_CONFIGURATION: u8 = 9;
    match (setup.request, setup.is_in()) {
        (GET_DESCRIPTOR, true) => descriptor(setup.value),
        (GET_STATUS, true) => Some(vec![0, 0]),
        (CLEAR_FEATURE | SET_FEATURE | SET_CONFIGURATION, false) => Some(Vec::new()),
        _ => None,
    }
}

fn descriptor(value: u16) -> Option<Vec<u8>> {
    let [index, kind] = value.to_le_bytes();
    let [vendor, product, version] =
        [Adapter::VENDOR, Adapter::PRODUCT, Adapter::VERSION].map(u16::to_le_bytes);
    match (kind, index) {
        // USB 1.1, a class of its own, 8 bytes a packet, strings 1 to 2, one configuration.
        (1, _) => {
            Some([&[18, 1, 0x10, 1, 0xFF, 0, 0, 8][..], &vendor, &product, &version, &[1, 2, 0, 1]].concat())
        }
        // One configuration of 100 mA with one interface and no endpoint but 0.
        (2, _) => Some(vec![9, 2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 0xFF, 0, 0, 0]),
        // English.
        (3, 0) => Some(vec![4, 3, 9, 4]),
        (3, 1) => Some(text("minuano tests")),
        (3, 2) => Some(text("i2c-tiny-usb")),
        _ => None,
    }
}

/// A string descriptor of a short ASCII text.
fn text(text: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = [2, 3].into_iter().chain(text.bytes().flat_map(|byte| [byte, 0])).collect();
    bytes[0] = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    bytes
}
