//! JSON, CSV or Parquet, by the `Accept` header (RFC 9110, 12.5.1).

use std::str::FromStr;

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode};

use super::problem::Problem;

/// Parquet's, as registered with IANA.
pub const PARQUET: &str = "application/vnd.apache.parquet";

/// In which form readings are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/json`: also when the client does not mind.
    Json,
    /// `text/csv`.
    Csv,
    /// `application/vnd.apache.parquet`.
    Parquet,
}

const OFFERED: [(Form, &str, &str); 3] = [
    (Form::Json, "application", "json"),
    (Form::Csv, "text", "csv"),
    (Form::Parquet, "application", "vnd.apache.parquet"),
];

impl Form {
    /// With its parameters.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => PARQUET,
        }
    }

    /// Of a file that holds it; none of what is not meant to be one.
    pub const fn extension(self) -> Option<&'static str> {
        match self {
            Self::Json => None,
            Self::Csv => Some("csv"),
            Self::Parquet => Some("parquet"),
        }
    }
}

impl FromStr for Form {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            _ => Err("a format is json, csv or parquet"),
        }
    }
}

/// The offered form that the client likes best.
pub fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let accepted: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    if accepted.is_empty() {
        return Ok(Form::Json);
    }
    let mut best = None;
    for (form, kind, subtype) in OFFERED {
        let liked = accepted.iter().filter_map(|range| fit(range, kind, subtype)).max_by_key(|fit| fit.0);
        let quality = liked.map_or(0, |(_, quality)| quality);
        if quality > best.map_or(0, |(_, quality)| quality) {
            best = Some((form, quality));
        }
    }
    best.map(|(form, _)| form).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "Accept: readings are given as application/json, text/csv or application/vnd.apache.parquet",
        )
    })
}

/// How exactly a media range names a type, and its quality in thousandths; `None` where it does not.
fn fit(range: &str, kind: &str, subtype: &str) -> Option<(u8, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let (range_kind, range_subtype) = parts.next()?.split_once('/')?;
    let exactness = match (range_kind, range_subtype) {
        ("*", "*") => 0,
        (a, "*") if a.eq_ignore_ascii_case(kind) => 1,
        (a, b) if a.eq_ignore_ascii_case(kind) && b.eq_ignore_ascii_case(subtype) => 2,
        _ => return None,
    };
    let quality = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, value)| value.trim().parse::<f32>().ok())
        .unwrap_or(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 1000")]
    let quality = (quality.clamp(0.0, 1.0) * 1000.0) as u16;
    Some((exactness, quality))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        form(&headers).ok()
    }

    #[test]
    fn the_client_chooses() {
        assert_eq!(form(&HeaderMap::new()).unwrap(), Form::Json);
        assert_eq!(of("*/*"), Some(Form::Json));
        assert_eq!(of("text/csv"), Some(Form::Csv));
        assert_eq!(of("text/*;q=0.5, application/json;q=0.4"), Some(Form::Csv));
        assert_eq!(of("application/json;q=0, */*"), Some(Form::Csv));
        assert_eq!(of("text/html,application/xhtml+xml,*/*;q=0.8"), Some(Form::Json));
        assert_eq!(of("application/vnd.apache.parquet"), Some(Form::Parquet));
        assert_eq!(of("application/*"), Some(Form::Json));
        assert_eq!(of("image/png"), None);
        assert_eq!(of("nonsense"), None);
    }
}
