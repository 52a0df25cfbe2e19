//! Where a station is, as far as it says so.

use minuano_telemetry::About;

/// What checks use of a station's place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Metres above the sea.
    pub altitude_m: Option<f64>,
}

/// Mean radius of the Earth.
const EARTH_KM: f64 = 6371.0;

impl Place {
    /// From what the station says of itself.
    pub fn of(about: &About) -> Self {
        Self { latitude: about.latitude, longitude: about.longitude, altitude_m: about.altitude_m }
    }

    /// Kilometres over the ground and metres of height to another place, where both are known. Without a height
    /// on either side, the height is taken as the same.
    pub fn distance(&self, other: &Self) -> Option<(f64, f64)> {
        let (a, b) = (self.latitude?.to_radians(), other.latitude?.to_radians());
        let east = (other.longitude? - self.longitude?).to_radians();
        let haversine = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (east / 2.0).sin().powi(2);
        let km = 2.0 * EARTH_KM * haversine.sqrt().min(1.0).asin();
        let height = self.altitude_m.zip(other.altitude_m).map_or(0.0, |(a, b)| (a - b).abs());
        Some((km, height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_as_far_apart_as_on_the_map() {
        let place = |latitude, longitude, altitude_m| Place {
            latitude: Some(latitude),
            longitude: Some(longitude),
            altitude_m,
        };
        let (jena, erfurt) = (place(50.927, 11.586, Some(155.0)), place(50.978, 11.029, Some(195.0)));
        let (km, height) = jena.distance(&erfurt).unwrap();
        assert!((km - 39.4).abs() < 0.2, "{km}");
        assert_eq!(height, 40.0);
        assert_eq!(
            jena.distance(&place(50.927, 11.586, None)),
            Some((0.0, 0.0)),
            "a height that nobody knows"
        );
        assert_eq!(jena.distance(&Place::default()), None);
    }
}
