//! Every check there is, and what one of them found. How a finding is told is in [`super::evidence`].
//!
//! A check has the name of the episodes that it opens, in the configuration and on the wire.

pub use minuano_telemetry::AnomalyKind as Check;
use minuano_telemetry::Flag;

/// Whether a check runs where the configuration names none. What is off either flags good weather more often
/// than half a time a day (docs/quality.md has the figures) or says nothing new.
pub const fn runs_by_default(check: Check) -> bool {
    !matches!(
        check,
        Check::Attenuated | Check::Percentile | Check::Hampel | Check::Cusum | Check::Isolation | Check::Late
    )
}

/// What a check says against one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// Not evaluated, suspect or fail.
    pub flag: Flag,
    /// The value.
    pub value: f64,
    /// How far it went, in the quantity's unit.
    pub change: f64,
    /// In how many seconds.
    pub seconds: f64,
    /// What would have been well.
    pub limit: f64,
}

impl Finding {
    /// Whether weather that the neighbours share explains it. What they say is of the last ten minutes that
    /// are complete, so it explains what comes slowly and no jump.
    pub const fn is_weather_perhaps(&self) -> bool {
        matches!(self.flag, Flag::Suspect)
            && matches!(self.check, Check::Drift | Check::Cusum | Check::Percentile | Check::Climatology)
    }
}
