//! Gross range and percentile range: a value against fixed limits.

use minuano_telemetry::Flag;

/// Limits, both inclusive.
pub type Span = (f64, f64);

/// Fail outside one span, suspect outside a narrower one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrossRange {
    fail: Option<Span>,
    suspect: Option<Span>,
}

/// The suspect span reaches outside the fail span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the suspect span must lie within the fail span")]
pub struct SuspectOutsideFail;

impl GrossRange {
    /// Spans may be given either way round.
    pub fn new(fail: Span, suspect: Option<Span>) -> Result<Self, SuspectOutsideFail> {
        let (fail, suspect) = (sorted(fail), suspect.map(sorted));
        match suspect {
            Some((lowest, highest)) if lowest < fail.0 || highest > fail.1 => Err(SuspectOutsideFail),
            _ => Ok(Self { fail: Some(fail), suspect }),
        }
    }

    /// Suspect outside what lies between two percentiles of `values`, widened by `pad`. None without values.
    pub fn of_percentiles(values: &mut [f64], low: f64, high: f64, pad: f64) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let span = (percentile(values, low)? - pad, percentile(values, high)? + pad);
        Some(Self { fail: None, suspect: Some(span) })
    }

    /// The flag of one value.
    pub fn check(&self, value: Option<f64>) -> Flag {
        let Some(value) = value else { return Flag::Missing };
        let outside = |span: Option<Span>| span.is_some_and(|(low, high)| value < low || value > high);
        if outside(self.fail) {
            Flag::Fail
        } else if outside(self.suspect) {
            Flag::Suspect
        } else {
            Flag::Good
        }
    }
}

fn sorted((a, b): Span) -> Span {
    if a <= b { (a, b) } else { (b, a) }
}

/// The percentile of sorted values, interpolated linearly between the two beside it.
fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = (percent / 100.0).clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the last index")]
    let below = place.floor() as usize;
    let (a, b) = (*sorted.get(below)?, *sorted.get((below + 1).min(last))?);
    let share = place - place.floor();
    // From the nearer end, as numpy does, so that the ends are met exactly.
    Some(if share < 0.5 { a + (b - a) * share } else { b - (b - a) * (1.0 - share) })
}
