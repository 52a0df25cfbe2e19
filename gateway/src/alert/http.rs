//! What webhook and ntfy share: a POST, and words for what went wrong.

use std::time::Duration;

use minuano_settings::tls::Tls;
use reqwest::{RequestBuilder, Response, Url, redirect};

use super::send::SendError;
use crate::cause::chain;
use crate::outward;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(15);
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
        let unusable = |error: &dyn std::error::Error| SendError::Http(chain(error));
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
            .map_err(|error| SendError::Http(format!("{place}: {}", chain(&error.without_url()))))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let said = words(answer).await;
        let colon = if said.is_empty() { "" } else { ": " };
        Err(SendError::Refused(format!("{place}: it answered {status}{colon}{said}")))
    }
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
