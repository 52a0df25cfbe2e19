//! Quantities that follow from what a station measures: never sent, never stored, computed where they are shown.
//!
//! Pure. Each formula names its source and the domain in which it holds; outside it the value is absent.
//!
//! # Layout
//!
//! - [`Derived`]: all of a reading's derived values, each with the worst flag of what it was made of
//! - [`moisture`]: vapour pressure, dew point, wet bulb
//! - [`comfort`]: heat index, humidex, feels-like
//! - [`pressure`]: reduction to sea level
//! - [`tendency`]: the last three hours of pressure and their WMO characteristic

pub mod comfort;
pub mod moisture;
pub mod pressure;
pub mod tendency;
#[cfg(test)]
mod vectors;

use minuano_telemetry::{ByQuantity, Flag, Quantity};

/// A quantity that follows from one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DerivedQuantity {
    /// [`moisture::dew_point_c`]
    DewPoint,
    /// [`pressure::sea_level_pressure_hpa`]
    SeaLevelPressure,
    /// [`comfort::heat_index_c`]
    HeatIndex,
    /// [`comfort::humidex_c`]
    Humidex,
    /// [`moisture::wet_bulb_c`]
    WetBulb,
    /// [`comfort::feels_like_c`]
    FeelsLike,
}

impl DerivedQuantity {
    /// Every one, in the order in which routes and tables list them.
    pub const ALL: [Self; 6] = [
        Self::DewPoint,
        Self::SeaLevelPressure,
        Self::HeatIndex,
        Self::Humidex,
        Self::WetBulb,
        Self::FeelsLike,
    ];

    /// The key in routes and tables, unit included.
    pub const fn key(self) -> &'static str {
        match self {
            Self::DewPoint => "dew_point_c",
            Self::SeaLevelPressure => "sea_level_pressure_hpa",
            Self::HeatIndex => "heat_index_c",
            Self::Humidex => "humidex_c",
            Self::WetBulb => "wet_bulb_c",
            Self::FeelsLike => "feels_like_c",
        }
    }

    /// What it is made of. Sea-level pressure takes humidity too where there is any.
    const fn needs(self) -> &'static [Quantity] {
        match self {
            Self::WetBulb => &[Quantity::Temperature, Quantity::Humidity, Quantity::Pressure],
            Self::SeaLevelPressure => &[Quantity::Temperature, Quantity::Pressure],
            Self::DewPoint | Self::HeatIndex | Self::Humidex | Self::FeelsLike => {
                &[Quantity::Temperature, Quantity::Humidity]
            }
        }
    }
}

/// A derived value and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// In its key's unit, to 0.01.
    pub value: f64,
    /// The worst flag of what it was made of: good, not evaluated or suspect.
    pub flag: Flag,
}

/// The derived values of one reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Derived([Option<Value>; 6]);

impl Derived {
    /// From a reading's values and flags, and the station's altitude where it is known. Nothing is made of a
    /// value flagged 4 (fail); what is made of one flagged 3 (suspect) is suspect too.
    pub fn of(values: &ByQuantity<f64>, flags: &[Flag; 4], altitude_m: Option<f64>) -> Self {
        let usable = |quantity: Quantity| match flags[quantity as usize] {
            Flag::Fail | Flag::Missing => None,
            Flag::Good | Flag::NotEvaluated | Flag::Suspect => values.get(quantity),
        };
        let temperature = usable(Quantity::Temperature);
        let pressure = usable(Quantity::Pressure);
        let humidity = usable(Quantity::Humidity).map(moisture::up_to_saturation);
        let moist = |formula: fn(f64, f64) -> Option<f64>| formula(temperature?, humidity?);
        Self(DerivedQuantity::ALL.map(|quantity| {
            let mut flag = worst(quantity.needs(), flags);
            let value = match quantity {
                DerivedQuantity::DewPoint => moist(moisture::dew_point_c),
                DerivedQuantity::HeatIndex => moist(comfort::heat_index_c),
                DerivedQuantity::Humidex => moist(comfort::humidex_c),
                DerivedQuantity::FeelsLike => moist(comfort::feels_like_c),
                DerivedQuantity::WetBulb => moisture::wet_bulb_c(temperature?, humidity?, pressure?),
                DerivedQuantity::SeaLevelPressure => {
                    if humidity.is_some() {
                        flag = worse(flag, flags[Quantity::Humidity as usize]);
                    }
                    pressure::sea_level_pressure_hpa(pressure?, temperature?, humidity, altitude_m?)
                }
            }?;
            Some(Value { value: (value * 100.0).round() / 100.0, flag })
        }))
    }

    /// One of them, where it could be made.
    pub fn get(&self, quantity: DerivedQuantity) -> Option<Value> {
        self.0[quantity as usize]
    }
}

fn worst(quantities: &[Quantity], flags: &[Flag; 4]) -> Flag {
    quantities.iter().fold(Flag::Good, |worst, quantity| worse(worst, flags[*quantity as usize]))
}

fn worse(one: Flag, other: Flag) -> Flag {
    std::cmp::max_by_key(one, other, |flag| flag.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(temperature: f64, pressure: f64, humidity: f64) -> ByQuantity<f64> {
        let mut values = ByQuantity::default();
        values.set(Quantity::Temperature, Some(temperature));
        values.set(Quantity::Pressure, Some(pressure));
        values.set(Quantity::Humidity, Some(humidity));
        values
    }

    #[test]
    fn all_of_a_hot_day() {
        let derived = Derived::of(&values(30.0, 990.0, 60.0), &[Flag::Good; 4], Some(200.0));
        let shown = DerivedQuantity::ALL.map(|quantity| derived.get(quantity).map(|made| made.value));
        assert_eq!(shown, [Some(21.39), Some(1012.28), Some(32.83), Some(38.76), Some(23.78), Some(34.38)]);
    }

    #[test]
    fn nothing_is_made_of_a_failed_value_and_suspicion_is_passed_on() {
        let [t, _, h, _] = [0, 1, 2, 3];
        let mut flags = [Flag::Good; 4];
        flags[h] = Flag::Fail;
        let derived = Derived::of(&values(30.0, 990.0, 60.0), &flags, Some(200.0));
        assert_eq!(derived.get(DerivedQuantity::DewPoint), None);
        assert_eq!(derived.get(DerivedQuantity::WetBulb), None);
        assert_eq!(derived.get(DerivedQuantity::SeaLevelPressure).unwrap().flag, Flag::Good);
        flags[h] = Flag::Good;
        flags[t] = Flag::Suspect;
        let derived = Derived::of(&values(30.0, 990.0, 60.0), &flags, Some(200.0));
        for quantity in DerivedQuantity::ALL {
            assert_eq!(derived.get(quantity).unwrap().flag, Flag::Suspect, "{}", quantity.key());
        }
    }

    #[test]
    fn a_sensor_a_little_beyond_saturation_is_in_fog() {
        let dew_point = |humidity| {
            let derived = Derived::of(&values(8.0, 990.0, humidity), &[Flag::Good; 4], Some(200.0));
            assert_eq!(
                derived.get(DerivedQuantity::DewPoint).is_some(),
                derived.get(DerivedQuantity::WetBulb).is_some()
            );
            derived.get(DerivedQuantity::DewPoint).map(|made| made.value)
        };
        assert_eq!((dew_point(100.0), dew_point(103.0)), (Some(8.0), Some(8.0)));
        assert_eq!(dew_point(103.01), None);
    }

    #[test]
    fn what_is_missing_leaves_out_only_what_needs_it() {
        let mut dry = values(30.0, 990.0, 60.0);
        dry.set(Quantity::Pressure, None);
        let flags = [Flag::Good, Flag::Missing, Flag::Good, Flag::Missing];
        let derived = Derived::of(&dry, &flags, None);
        let made = DerivedQuantity::ALL.map(|quantity| derived.get(quantity).is_some());
        assert_eq!(made, [true, false, true, true, false, true]);
    }

    #[test]
    fn no_value_makes_anything_but_a_finite_number() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 1e-300, 20.0];
        for temperature in odd {
            for pressure in odd {
                for humidity in odd {
                    for altitude in odd {
                        let values = values(temperature, pressure, humidity);
                        let derived = Derived::of(&values, &[Flag::NotEvaluated; 4], Some(altitude));
                        for quantity in DerivedQuantity::ALL {
                            assert!(derived.get(quantity).is_none_or(|made| made.value.is_finite()));
                        }
                    }
                }
            }
        }
    }
}
