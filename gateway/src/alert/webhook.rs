//! A POST of JSON, signed.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use minuano_settings::Secret;
use sha2::Sha256;

use super::Envelope;
use super::send::SendError;
use crate::clock::now;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(15);

/// Where to post.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The address.
    pub url: reqwest::Url,
    /// Shared with the receiver; none: not signed.
    pub secret: Option<Secret>,
}

/// A client that follows nobody elsewhere.
pub(super) fn client() -> Result<reqwest::Client, SendError> {
    reqwest::Client::builder()
        .timeout(WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("minuano-gateway/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| SendError::Http(chain(&error)))
}

/// An error and what it comes from: reqwest's own words name neither the refusal nor the certificate.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said = format!("{said}: {cause}");
        source = cause.source();
    }
    said
}

impl Webhook {
    /// Posts; any 2xx confirms.
    pub async fn send(&self, envelope: &Envelope) -> Result<(), SendError> {
        let body = serde_json::to_string(envelope).map_err(|error| SendError::Http(error.to_string()))?;
        let mut request = client()?
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("x-minuano-delivery", &envelope.id);
        if let Some(secret) = &self.secret {
            let seconds = now().get() / 1000;
            request = request.header("x-minuano-signature", signature(secret.reveal(), seconds, &body));
        }
        let answer = request.body(body).send().await.map_err(|error| SendError::Http(chain(&error)))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(SendError::Refused(status.to_string())),
        }
    }
}

/// `t=<Unix seconds>,v1=<hex>`: HMAC-SHA256 with the secret over `<seconds>.<body>`.
pub fn signature(secret: &str, seconds: i64, body: &str) -> String {
    use std::fmt::Write;
    let mut signature = format!("t={seconds},v1=");
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return signature };
    mac.update(format!("{seconds}.{body}").as_bytes());
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(signature, "{byte:02x}");
    }
    signature
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_openssl() {
        // printf '1800000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        assert_eq!(signature("secret", 1_800_000_000, "{\"a\":1}"), include_str!("signature.txt").trim());
    }
}
