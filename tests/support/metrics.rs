//! Numbers in the Prometheus text format.

/// A scrape.
#[derive(Debug)]
pub struct Scrape(pub String);

impl Scrape {
    /// The sum of all samples with this name and label, such as `reason="empty"`; 0 where there is none.
    pub fn sum(&self, name: &str, label: &str) -> f64 {
        self.0
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(series, _)| series.split('{').next() == Some(name) && series.contains(label))
            .map(|(_, value)| value.parse::<f64>().unwrap())
            .sum()
    }
}
