//! `[mqtt.tls]`: the files that TLS needs, read and tried before anything is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minuano_settings::Problems;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::link::tls;

/// TLS, ready to connect. Certificates are read at the start: a renewed one wants a restart.
#[derive(Clone, Debug)]
pub struct Tls(pub Arc<ClientConfig>);

/// The keys as they are written. An empty table is TLS with the system's own certificate authorities.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    server_name: Option<String>,
}

impl File {
    pub(super) fn checked(self, problems: &mut Problems) -> Option<Tls> {
        let before = problems.0.len();
        let roots = match &self.ca {
            Some(file) => roots(file, problems),
            None => system_roots(problems),
        };
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                certificates("mqtt.tls.certificate", certificate, problems).zip(private_key(key, problems))
            }
            (None, None) => None,
            (Some(_), None) => {
                problems.add("mqtt.tls.key", "is missing beside mqtt.tls.certificate");
                None
            }
            (None, Some(_)) => {
                problems.add("mqtt.tls.certificate", "is missing beside mqtt.tls.key");
                None
            }
        };
        let server_name = self.server_name.and_then(|name| match ServerName::try_from(name.clone()) {
            Ok(name) => Some(name),
            Err(_) => {
                problems.add(
                    "mqtt.tls.server_name",
                    format_args!("{name:?} is neither a DNS name nor an address"),
                );
                None
            }
        });
        let roots = roots.filter(|_| problems.0.len() == before)?;
        match tls::client(roots, identity, server_name) {
            Ok(config) => Some(Tls(config)),
            Err(rustls::Error::InconsistentKeys(_)) => {
                problems.add("mqtt.tls.key", "does not belong to mqtt.tls.certificate");
                None
            }
            Err(error) => {
                problems
                    .add("mqtt.tls.key", format_args!("cannot be used with mqtt.tls.certificate: {error}"));
                None
            }
        }
    }
}

fn roots(file: &Path, problems: &mut Problems) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("mqtt.tls.ca", file, problems)? {
        if let Err(error) = roots.add(certificate) {
            problems.add(
                "mqtt.tls.ca",
                format_args!("{}: a certificate in it is of no use: {error}", file.display()),
            );
            return None;
        }
    }
    Some(roots)
}

fn system_roots(problems: &mut Problems) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let found = !roots.is_empty();
    problems.require(
        found,
        "mqtt.tls.ca",
        "is missing, and this system has no certificate authorities of its own (package ca-certificates)",
    );
    found.then_some(roots)
}

fn certificates(key: &str, file: &Path, problems: &mut Problems) -> Option<Vec<CertificateDer<'static>>> {
    let bytes = read(key, file, problems)?;
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Some(certificates),
        Ok(_) => {
            problems.add(key, format_args!("{} holds no certificate in PEM", file.display()));
            None
        }
        Err(error) => {
            problems.add(key, format_args!("{} is not PEM: {error}", file.display()));
            None
        }
    }
}

fn private_key(file: &Path, problems: &mut Problems) -> Option<PrivateKeyDer<'static>> {
    let bytes = read("mqtt.tls.key", file, problems)?;
    let found = PrivateKeyDer::from_pem_slice(&bytes);
    if let Err(error) = &found {
        let encrypted = bytes.windows(9).any(|word| word == b"ENCRYPTED");
        let what = if encrypted {
            "holds an encrypted key; it takes one without a passphrase".to_owned()
        } else {
            match error {
                pem::Error::NoItemsFound => "holds no private key in PEM".to_owned(),
                other => format!("is not PEM: {other}"),
            }
        };
        problems.add("mqtt.tls.key", format_args!("{} {what}", file.display()));
    }
    found.ok()
}

fn read(key: &str, file: &Path, problems: &mut Problems) -> Option<Vec<u8>> {
    match std::fs::read(file) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            problems.add(key, format_args!("{}: {error}; it takes a readable PEM file", file.display()));
            None
        }
    }
}
