//! A push message through a server of ntfy (https://ntfy.sh or one's own).

use minuano_settings::Secret;
use minuano_telemetry::AnomalyState;
use serde_json::json;

use super::http::Server;
use super::send::SendError;
use super::{Class, Envelope};

/// Where to publish.
#[derive(Clone, Debug)]
pub struct Ntfy {
    /// The server.
    pub server: Server,
    /// The topic that the phone subscribes to.
    pub topic: String,
    /// An access token, where the topic wants one.
    pub token: Option<Secret>,
}

impl Ntfy {
    /// Publishes as JSON, which takes text in any language. ntfy knows 1 (least) to 5.
    pub async fn send(&self, envelope: &Envelope) -> Result<(), SendError> {
        let alert = &envelope.alert;
        let (priority, tag) = match (alert.class, alert.state) {
            (Class::Test, _) | (_, AnomalyState::Closed) => (3, "white_check_mark"),
            (Class::Weather, AnomalyState::Open) => (4, "warning"),
            (Class::Fault | Class::Station, AnomalyState::Open) => (4, "rotating_light"),
        };
        let body = json!({
            "topic": self.topic, "title": alert.title(), "message": alert.text(), "priority": priority,
            "tags": [tag],
        });
        let mut request = self.server.post(body.to_string())?;
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.reveal());
        }
        self.server.confirm(request).await
    }
}
