//! The HTTP client under all places that are no folder.

use std::time::Duration;

use minuano_settings::tls::Tls;
use object_store::ClientOptions;
use object_store::client::{ClientConfigKey, HttpClient, HttpConnector};

use crate::outward;

/// A server that does not answer to a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One request, the upload of the largest batch over a slow line included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// As everything else outward. `object_store`'s own client takes its cryptography from the process and does not begin
/// where the system has no certificate authorities, whether TLS is spoken or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring;

impl HttpConnector for Ring {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allows_plain = options.get_config_value(&ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let tls = Tls::system(None).map_err(failed)?;
        let client = outward::client(&tls)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .https_only(!allows_plain)
            .build();
        Ok(HttpClient::new(client.map_err(failed)?))
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic { store: "HTTP", source: Box::new(error) }
}
