//! Requests over HTTP, with whatever status they get.

use std::time::Duration;

use serde_json::Value;
use ureq::http;

use crate::SOON;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// The content type, with its parameters.
    pub content_type: String,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

/// One request without a body. `Err` where nobody answers.
pub fn request(method: &str, url: &str, headers: &[(&str, &str)]) -> Result<Answer, ureq::Error> {
    let config = ureq::config::Config::builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_global(Some(SOON))
        .proxy(None);
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = config.build().new_agent().run(request.body(()).unwrap())?;
    let content_type = response.headers().get("content-type");
    Ok(Answer {
        status: response.status().as_u16(),
        content_type: content_type.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default(),
        body: response.body_mut().with_config().limit(64 << 20).read_to_string()?,
    })
}
