//! Calls in the form of ioos_qc, run over the streaming checks.

use minuano_telemetry::Flag;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::attenuated::{Attenuated, Measure, Thresholds};
use super::flat::FlatLine;
use super::range::GrossRange;
use super::rate::RateOfChange;
use super::rollup;
use super::spike::{Method, Spike};
use super::times::{self, Nanos, SECOND, TimeGap, whole_seconds};

/// One call: a function of ioos_qc's `qartod` module and its arguments by name.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// Which function.
    #[serde(rename = "fn")]
    pub function: String,
    /// Its arguments. `tinp` is in seconds since 1970 or in the form `YYYY-MM-DD HH:MM:SS`.
    pub args: Map<String, Value>,
}

/// Why a call has no flags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no such function here.
    #[error("{0} is none of the functions known here")]
    Unknown(String),
    /// An argument is missing or of another form.
    #[error("{0}: {1}")]
    Argument(&'static str, &'static str),
}

impl Call {
    /// The flags that it gives; `now` stands for the present where the call names none.
    pub fn flags(&self, now: Nanos) -> Result<Vec<Flag>, CallError> {
        match self.function.as_str() {
            "gross_range_test" => self.gross_range(),
            "percentile_range_test" => self.percentile_range(),
            "spike_test" => self.spike(),
            "rate_of_change_test" => self.rate_of_change(),
            "flat_line_test" => self.flat_line(),
            "attenuated_signal_test" => self.attenuated(),
            "qartod_compare" => self.compare(),
            "data_reception_test" => self.reception(now),
            "time_gap_test" => self.time_gap(),
            other => Err(CallError::Unknown(other.to_owned())),
        }
    }

    fn gross_range(&self) -> Result<Vec<Flag>, CallError> {
        let fail = self.span("fail_span")?.ok_or(CallError::Argument("fail_span", "is missing"))?;
        let check = GrossRange::new(fail, self.span("suspect_span")?)
            .map_err(|_| CallError::Argument("suspect_span", "reaches outside fail_span"))?;
        Ok(self.values()?.into_iter().map(|value| check.check(value)).collect())
    }

    fn percentile_range(&self) -> Result<Vec<Flag>, CallError> {
        let values = self.values()?;
        let mut known: Vec<f64> = values.iter().copied().flatten().collect();
        let [low, high, pad] = [("low_percentile", 5.0), ("hi_percentile", 95.0), ("pad", 0.0)]
            .map(|(name, default)| self.number(name).map(|number| number.unwrap_or(default)));
        let check = GrossRange::of_percentiles(&mut known, low?, high?, pad?)
            .ok_or(CallError::Argument("inp", "has no value"))?;
        Ok(values.into_iter().map(|value| check.check(value)).collect())
    }

    fn spike(&self) -> Result<Vec<Flag>, CallError> {
        let method = match self.args.get("method").and_then(Value::as_str) {
            None | Some("average") => Method::Average,
            Some("differential") => Method::Differential,
            Some(_) => return Err(CallError::Argument("method", "takes average or differential")),
        };
        let mut check = Spike::new(self.number("suspect_threshold")?, self.number("fail_threshold")?, method);
        let mut flags: Vec<Flag> = self.values()?.into_iter().filter_map(|value| check.push(value)).collect();
        flags.extend(check.last());
        Ok(flags)
    }

    fn rate_of_change(&self) -> Result<Vec<Flag>, CallError> {
        let mut check = RateOfChange::new(self.required("threshold")?, self.number("fail_threshold")?);
        let readings = self.times()?.into_iter().zip(self.values()?);
        Ok(readings.map(|(at, value)| check.push(at, value)).collect())
    }

    fn flat_line(&self) -> Result<Vec<Flag>, CallError> {
        let values = self.values()?;
        if values.len() < 3 {
            return Ok(vec![Flag::Good; values.len()]);
        }
        let interval = whole_seconds(median_interval(&self.times_known()?));
        if interval <= 0.0 {
            return Err(CallError::Argument("tinp", "has readings less than a second apart"));
        }
        let count = |name| Ok::<usize, CallError>(whole(self.required(name)?.trunc() / interval));
        let tolerance = self.number("tolerance")?.unwrap_or(0.0);
        let mut check = FlatLine::new(count("suspect_threshold")?, count("fail_threshold")?, tolerance);
        Ok(values.into_iter().map(|value| check.push(value)).collect())
    }

    fn attenuated(&self) -> Result<Vec<Flag>, CallError> {
        let values = self.values()?;
        let thresholds = Thresholds {
            suspect: self.required("suspect_threshold")?,
            fail: self.required("fail_threshold")?,
        };
        let measure = match self.args.get("check_type").and_then(Value::as_str) {
            None | Some("std") => Measure::Deviation,
            Some("range") => Measure::Range,
            Some(_) => return Err(CallError::Argument("check_type", "takes std or range")),
        };
        let Some(period) = self.number("test_period")?.filter(|period| *period > 0.0) else {
            return Ok(thresholds.of_series(measure, &values));
        };
        let times = self.times_known()?;
        let least = match (self.number("min_obs")?, self.number("min_period")?) {
            (Some(least), _) => whole(least),
            // One reading has no interval, and is a window by itself.
            (None, Some(_)) if times.len() < 2 => 0,
            (None, Some(span)) => whole(span / whole_seconds(median_interval(&times))),
            (None, None) => 1,
        };
        let mut check = Attenuated::new(thresholds, measure, nanos(period), least);
        Ok(times.into_iter().zip(values).map(|(at, value)| check.push(at, value)).collect())
    }

    fn compare(&self) -> Result<Vec<Flag>, CallError> {
        const FORM: CallError = CallError::Argument("vectors", "takes lists of flags, all of one length");
        let vectors: Vec<Vec<u8>> =
            self.args.get("vectors").and_then(|list| Vec::deserialize(list).ok()).ok_or(FORM)?;
        let length = vectors.first().map_or(0, Vec::len);
        if vectors.iter().any(|vector| vector.len() != length) {
            return Err(FORM);
        }
        let at = |place: usize| rollup(vectors.iter().filter_map(|vector| Flag::from_number(vector[place])));
        Ok((0..length).map(at).collect())
    }

    fn reception(&self, now: Nanos) -> Result<Vec<Flag>, CallError> {
        let now = match self.args.get("from_time") {
            None | Some(Value::Null) => now,
            Some(time) => self::time(time)?.ok_or(CallError::Argument("from_time", "is not a time"))?,
        };
        let oldest = hours(self.number("fail_span")?.unwrap_or(6.0));
        Ok(self.times()?.into_iter().map(|at| times::reception(at, now, oldest)).collect())
    }

    fn time_gap(&self) -> Result<Vec<Flag>, CallError> {
        let times = self.times()?;
        let mut check = TimeGap::new(hours(self.number("fail_span")?.unwrap_or(2.0)));
        let mut flags: Vec<Flag> = times.iter().map(|at| check.push(*at)).collect();
        if let [first, second, ..] = times[..] {
            flags[0] = TimeGap::first(first, second, flags[1]);
        }
        Ok(flags)
    }

    fn values(&self) -> Result<Vec<Option<f64>>, CallError> {
        let Some(Value::Array(list)) = self.args.get("inp") else {
            return Err(CallError::Argument("inp", "takes a list"));
        };
        list.iter().map(value).collect()
    }

    fn times(&self) -> Result<Vec<Option<Nanos>>, CallError> {
        let Some(Value::Array(list)) = self.args.get("tinp") else {
            return Err(CallError::Argument("tinp", "takes a list"));
        };
        list.iter().map(time).collect()
    }

    fn times_known(&self) -> Result<Vec<Nanos>, CallError> {
        let known: Option<Vec<Nanos>> = self.times()?.into_iter().collect();
        known.ok_or(CallError::Argument("tinp", "has a missing time, which this function cannot take"))
    }

    fn number(&self, name: &'static str) -> Result<Option<f64>, CallError> {
        match self.args.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or(CallError::Argument(name, "takes a number")),
        }
    }

    fn required(&self, name: &'static str) -> Result<f64, CallError> {
        self.number(name)?.ok_or(CallError::Argument(name, "is missing"))
    }

    fn span(&self, name: &'static str) -> Result<Option<(f64, f64)>, CallError> {
        match self.args.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(span) => {
                let span = <(f64, f64)>::deserialize(span);
                span.map(Some).map_err(|_| CallError::Argument(name, "takes two numbers"))
            }
        }
    }
}

/// A number, or null; a list of one stands for what is in it.
fn value(value: &Value) -> Result<Option<f64>, CallError> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(number.as_f64().filter(|number| number.is_finite())),
        Value::Array(list) if list.len() == 1 => self::value(&list[0]),
        _ => Err(CallError::Argument("inp", "takes numbers and null")),
    }
}

fn time(time: &Value) -> Result<Option<Nanos>, CallError> {
    const FORM: CallError =
        CallError::Argument("tinp", "takes seconds since 1970, YYYY-MM-DD HH:MM:SS, NaT or null");
    match time {
        Value::Null => Ok(None),
        Value::Number(seconds) => seconds.as_f64().map(|seconds| Some(nanos(seconds))).ok_or(FORM),
        Value::String(text) if text == "NaT" => Ok(None),
        Value::String(text) => {
            let text = text.trim_end_matches('Z');
            let civil: jiff::civil::DateTime = text.parse().map_err(|_| FORM)?;
            let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| FORM)?.timestamp();
            Ok(Some(Nanos::try_from(instant.as_nanosecond()).map_err(|_| FORM)?))
        }
        _ => Err(FORM),
    }
}

fn median_interval(times: &[Nanos]) -> Nanos {
    let mut intervals: Vec<Nanos> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    intervals.sort_unstable();
    let middle = intervals.len() / 2;
    match intervals.len() {
        0 => 0,
        odd if odd % 2 == 1 => intervals[middle],
        _ => Nanos::midpoint(intervals[middle - 1], intervals[middle]),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
fn nanos(seconds: f64) -> Nanos {
    (seconds * SECOND as f64).round() as Nanos
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn whole(number: f64) -> usize {
    number as usize
}

fn hours(hours: f64) -> Nanos {
    nanos((hours * 3600.0).trunc())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[derive(Deserialize)]
    struct Recorded {
        #[serde(flatten)]
        call: Call,
        flags: Vec<u8>,
    }

    fn replay(recorded: &str) -> usize {
        let recorded: Vec<Recorded> = serde_json::from_str(recorded).unwrap();
        for Recorded { call, flags } in &recorded {
            let ours: Vec<u8> = call.flags(0).unwrap().into_iter().map(Flag::number).collect();
            assert_eq!(ours, *flags, "{} {}", call.function, Value::from(call.args.clone()));
        }
        recorded.len()
    }

    /// Random calls of ours, and the flags that ioos_qc 3.0.0 gave.
    #[test]
    fn flags_are_those_of_ioos_qc() {
        assert!(replay(include_str!("golden.json")) > 200);
    }

    /// The conformance vectors lie beside the project, not in it.
    #[test]
    fn flags_are_those_of_the_conformance_vectors() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/qartod_vectors.json");
        if let Ok(recorded) = std::fs::read_to_string(file) {
            assert_eq!(replay(&recorded), 53);
        }
    }

    #[test]
    fn an_upside_down_span_is_an_error_by_name() {
        let call = |json: &str| serde_json::from_str::<Call>(json).unwrap().flags(0).unwrap_err().to_string();
        let error =
            call(r#"{"fn":"gross_range_test","args":{"inp":[1],"fail_span":[0,5],"suspect_span":[-1,3]}}"#);
        assert_eq!(error, "suspect_span: reaches outside fail_span");
        assert!(call(r#"{"fn":"nothing","args":{}}"#).contains("nothing"));
        assert!(call(r#"{"fn":"spike_test","args":{"inp":"x"}}"#).contains("inp"));
    }
}
