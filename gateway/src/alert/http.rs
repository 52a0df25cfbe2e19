//! What webhook and ntfy share: a POST, and words for what went wrong.

use std::time::Duration;

use minuano_settings::tls::Tls;
use minuano_telemetry::Millis;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode, Url, redirect};

use super::send::{Again, SendError};
use crate::cause::chain;
use crate::clock::now;
use crate::outward;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(15);
/// A server may ask for so long a rest, and no longer.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);
/// What is read of a refusal, in bytes: servers say there what they miss.
const MOST_READ: usize = 1024;
/// And what is told of it, in characters.
const MOST_TOLD: usize = 200;

/// Where to post.
#[derive(Clone, Debug)]
pub struct Server {
    /// The address.
    pub url: Url,
    /// A PEM file's text: the authority that the server's certificate is of, beside the system's.
    pub authority: Option<Vec<u8>>,
}

impl Server {
    /// A POST of JSON that follows nobody elsewhere.
    pub fn post(&self, body: String) -> Result<RequestBuilder, SendError> {
        let unusable = |error: &dyn std::error::Error| SendError::passing(chain(error));
        let tls = Tls::system(self.authority.as_deref()).map_err(|error| unusable(&error))?;
        let client = outward::client(&tls).timeout(WITHIN).redirect(redirect::Policy::none());
        let client = client.build().map_err(|error| unusable(&error))?;
        Ok(client.post(self.url.clone()).header("content-type", "application/json").body(body))
    }

    /// Sends it. Any 2xx confirms; of everything else the reason.
    pub async fn confirm(&self, request: RequestBuilder) -> Result<(), SendError> {
        // Without its path, which may be a secret.
        let port = self.url.port_or_known_default().unwrap_or_default();
        let place = format!("{}:{port}", self.url.host_str().unwrap_or_default());
        let answer = request
            .send()
            .await
            .map_err(|error| SendError::passing(format!("{place}: {}", chain(&error.without_url()))))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let again = again(status, answer.headers(), now());
        let said = words(answer).await;
        let colon = if said.is_empty() { "" } else { ": " };
        Err(SendError::with(format!("{place}: it answered {status}{colon}{said}"), again))
    }
}

/// A client's error stays one however often it is repeated, but for those that speak of time: 408, 425 and 429 (RFC 9110, 8470, 6585).
fn again(status: StatusCode, headers: &HeaderMap, now: Millis) -> Again {
    let of_time =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if status.is_client_error() && !of_time {
        return Again::Never;
    }
    let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    asked.and_then(|text| retry_after(text.trim(), now)).map_or(Again::Later, Again::After)
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: Millis) -> Option<Duration> {
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
            Duration::from_millis(u64::try_from(at - now.get()).unwrap_or(0))
        }
    };
    Some(wait.min(LONGEST_ASKED))
}

/// The beginning of an answer, on one line.
async fn words(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MOST_READ {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_TOLD).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_cannot_take_is_final_and_what_it_cannot_take_now_is_not() {
        let moment = Millis::new(1_795_176_000_000).unwrap();
        let said = |status: u16, asked: Option<&'static str>| {
            let asked = asked.map(|text| (RETRY_AFTER, text.parse().unwrap()));
            again(StatusCode::from_u16(status).unwrap(), &asked.into_iter().collect(), moment)
        };
        for refused in [400, 401, 403, 404, 405, 410, 413, 415, 422, 451] {
            assert_eq!(said(refused, Some("5")), Again::Never, "{refused}");
        }
        for passing in [301, 408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(said(passing, None), Again::Later, "{passing}");
        }
        let after = |seconds| Again::After(Duration::from_secs(seconds));
        assert_eq!(said(429, Some("120")), after(120));
        assert_eq!(said(503, Some("0")), after(0));
        assert_eq!(said(503, Some("Fri, 20 Nov 2026 12:00:30 GMT")), after(30));
        assert_eq!(said(503, Some("Fri, 20 Nov 2026 11:00:00 GMT")), after(0), "it is over");
        assert_eq!(said(503, Some("86400000")), after(3600), "nobody is silenced for years");
        assert_eq!(said(503, Some("soon")), Again::Later);
    }
}
