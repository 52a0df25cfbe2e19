//! A POST of JSON, signed.

use hmac::{Hmac, KeyInit, Mac};
use minuano_settings::Secret;
use sha2::Sha256;

use super::Envelope;
use super::http::Server;
use super::send::SendError;
use crate::clock::now;

/// Where to post.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The address.
    pub server: Server,
    /// Shared with the receiver; none: not signed.
    pub secret: Option<Secret>,
}

impl Webhook {
    /// Posts; any 2xx confirms.
    pub async fn send(&self, envelope: &Envelope) -> Result<(), SendError> {
        let body = serde_json::to_string(envelope).map_err(|error| SendError::lasting(error.to_string()))?;
        let mut request = self.server.post(body.clone())?.header("x-minuano-delivery", &envelope.id);
        if let Some(secret) = &self.secret {
            let seconds = now().get() / 1000;
            request = request.header("x-minuano-signature", signature(secret.reveal(), seconds, &body));
        }
        self.server.confirm(request).await
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
