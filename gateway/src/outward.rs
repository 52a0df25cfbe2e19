//! HTTP outward: the client of alerts, lake and Elasticsearch, with TLS by ring, as toward brokers.

use minuano_settings::tls::Tls;

/// A client that trusts whom `tls` trusts.
#[expect(clippy::disallowed_methods, reason = "the one place where the cryptography is named")]
pub fn client(tls: &Tls) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured((*tls.0).clone())
        .user_agent(concat!("minuano-gateway/", env!("CARGO_PKG_VERSION")))
}
