//! A VEML7700 at register level, a tenth slower than its nominal integration times.

use super::chip::{count16, solve};
use super::{Ailment, Air, Chip};

const ID: u16 = 0xC481;
const WRONG_ID: u16 = 0xC426;
const SHUT_DOWN: u16 = 1;
const START_US: u64 = 2_500;
/// From here on the part is no longer linear at its low gains.
const LINEAR_LX: f64 = 1_000.0;

#[derive(Clone, Copy, Debug)]
struct Integration {
    ends_us: u64,
    result: u16,
}

/// The chip.
#[derive(Clone, Debug)]
pub struct Veml7700Chip {
    air: Air,
    pointer: u8,
    configuration: u16,
    data: u16,
    integration: Option<Integration>,
    ailment: Option<Ailment>,
}

impl Default for Veml7700Chip {
    fn default() -> Self {
        Self {
            air: Air::default(),
            pointer: 0,
            configuration: SHUT_DOWN,
            data: 0,
            integration: None,
            ailment: None,
        }
    }
}

impl Chip for Veml7700Chip {
    fn expose(&mut self, air: Air) {
        self.air = air;
    }

    fn ail(&mut self, ailment: Option<Ailment>) {
        self.ailment = ailment;
    }

    fn power_cycle(&mut self) {
        *self = Self { air: self.air, ailment: self.ailment, ..Self::default() };
    }

    /// A register, and its two bytes, the low one first, if they are there.
    fn write(&mut self, bytes: &[u8], now_us: u64) {
        self.settle(now_us);
        match *bytes {
            [register] => self.pointer = register,
            [0x00, low, high] => {
                self.configuration = u16::from_le_bytes([low, high]);
                let on = self.configuration & SHUT_DOWN == 0;
                self.integration = on.then(|| self.begin(now_us.saturating_add(START_US)));
            }
            _ => {}
        }
    }

    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool {
        self.settle(now_us);
        let value = match self.pointer {
            0x00 => self.configuration,
            0x04 => self.data,
            0x07 if self.ailment == Some(Ailment::WrongId) => WRONG_ID,
            0x07 => ID,
            _ => 0,
        };
        for (byte, value) in buffer.iter_mut().zip(value.to_le_bytes().into_iter().cycle()) {
            *byte = value;
        }
        true
    }
}

impl Veml7700Chip {
    fn begin(&self, from_us: u64) -> Integration {
        let nominal_ms: u16 = match (self.configuration >> 6) & 0b1111 {
            0b1100 => 25,
            0b1000 => 50,
            0b0001 => 200,
            0b0010 => 400,
            0b0011 => 800,
            _ => 100,
        };
        let gain = match (self.configuration >> 11) & 0b11 {
            0 => 1.0,
            1 => 2.0,
            2 => 0.125,
            _ => 0.25,
        };
        // 0.0036 lx a count at gain 2 and 800 ms.
        let counts_per_lx = gain / 2.0 * f64::from(nominal_ms) / 800.0 / 0.0036;
        let result = count16(felt(self.air.illuminance_lx, gain) * counts_per_lx);
        Integration { ends_us: from_us.saturating_add(u64::from(nominal_ms) * 1_100), result }
    }

    /// Takes over what is finished; the next integration then begins.
    fn settle(&mut self, now_us: u64) {
        if let Some(integration) = self.integration.filter(|integration| now_us >= integration.ends_us) {
            if !matches!(self.ailment, Some(Ailment::Skips | Ailment::Frozen)) {
                self.data = integration.result;
            }
            self.integration = Some(self.begin(now_us));
        }
    }
}

/// What the part's low gains make of bright light: the inverse of the application note's polynomial.
fn felt(lx: f64, gain: f64) -> f64 {
    let true_of = |x: f64| 6.0135e-13 * x.powi(4) - 9.3924e-9 * x.powi(3) + 8.1488e-5 * x * x + 1.0023 * x;
    if gain > 0.5 || lx <= true_of(LINEAR_LX) {
        return lx;
    }
    let slope = |x: f64| 2.405_4e-12 * x.powi(3) - 2.817_72e-8 * x * x + 1.629_76e-4 * x + 1.0023;
    let mut x = lx;
    for _ in 0..8 {
        x = solve(x, |x| (true_of(x) - lx, slope(x)));
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_holds_the_integration_before_until_the_next_is_done() {
        let mut chip = Veml7700Chip::default();
        let read = |chip: &mut Veml7700Chip, now_us| {
            let mut bytes = [0; 2];
            chip.write(&[0x04], now_us);
            chip.read(&mut bytes, now_us);
            u16::from_le_bytes(bytes)
        };
        chip.expose(Air { illuminance_lx: 57.6, ..Air::default() });
        chip.write(&[0x00, 0x00, 0x00], 0);
        assert_eq!(read(&mut chip, 112_499), 0);
        assert_eq!(read(&mut chip, 112_500), 1000);
    }

    #[test]
    fn bright_light_is_felt_as_the_application_note_has_it() {
        assert!((felt(500.0, 0.125) - 500.0).abs() < 1e-9);
        let x = felt(50_000.0, 0.125);
        let back = veml6030::convert_raw_als_to_lux(
            veml6030::IntegrationTime::Ms25,
            veml6030::Gain::OneEighth,
            count16(x / 1.8432),
        );
        assert!((back - 50_000.0).abs() < 20.0, "{back}");
    }
}
