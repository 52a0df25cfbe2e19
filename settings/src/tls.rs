//! TLS outward. `[mqtt.tls]` and the like: the files that it needs, read and tried before anything is opened.

mod verifier;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::Problems;

/// TLS, ready to connect. Certificates are read at the start: a renewed one wants a restart.
#[derive(Clone, Debug)]
pub struct Tls(pub Arc<ClientConfig>);

impl Tls {
    /// Trusts who the system trusts and, beside them, the authorities of a PEM file's text. A system that trusts nobody
    /// is no reason not to start: who needs no TLS needs no authority, and who does is told so when he connects.
    pub fn system(beside: Option<&[u8]>) -> Result<Self, UnusableTls> {
        let mut roots = system_authorities();
        for certificate in CertificateDer::pem_slice_iter(beside.unwrap_or_default()) {
            roots.add(certificate?)?;
        }
        if roots.is_empty() {
            return Self::nobody();
        }
        Ok(Self(verifier::client(roots, None, None)?))
    }

    /// Trusts nobody: for what is spoken to without TLS.
    pub fn nobody() -> Result<Self, UnusableTls> {
        Ok(Self(verifier::trusting_nobody()?))
    }
}

/// Why TLS cannot be made of these certificates.
#[derive(Debug, thiserror::Error)]
pub enum UnusableTls {
    /// The text is none.
    #[error("no PEM: {0}")]
    Pem(#[from] pem::Error),
    /// A certificate is of no use.
    #[error(transparent)]
    Certificate(#[from] rustls::Error),
}

/// The keys as they are written. An empty table is TLS with the system's own certificate authorities.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsFiles {
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    server_name: Option<String>,
}

impl TlsFiles {
    /// Reads them; `key` is where they stand in the configuration, such as `mqtt.tls`.
    pub fn checked(self, key: &str, problems: &mut Problems) -> Option<Tls> {
        let named = |file: &str| format!("{key}.{file}");
        let before = problems.0.len();
        let roots = match &self.ca {
            Some(file) => roots(&named("ca"), file, problems),
            None => system_roots(&named("ca"), problems),
        };
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => certificates(&named("certificate"), certificate, problems)
                .zip(private_key(&named("key"), key, problems)),
            (None, None) => None,
            (Some(_), None) => {
                problems.add(named("key"), format_args!("is missing beside {}", named("certificate")));
                None
            }
            (None, Some(_)) => {
                problems.add(named("certificate"), format_args!("is missing beside {}", named("key")));
                None
            }
        };
        let server_name = self.server_name.and_then(|name| match ServerName::try_from(name.clone()) {
            Ok(name) => Some(name),
            Err(_) => {
                problems
                    .add(named("server_name"), format_args!("{name:?} is neither a DNS name nor an address"));
                None
            }
        });
        let roots = roots.filter(|_| problems.0.len() == before)?;
        match verifier::client(roots, identity, server_name) {
            Ok(config) => Some(Tls(config)),
            Err(rustls::Error::InconsistentKeys(_)) => {
                problems.add(named("key"), format_args!("does not belong to {}", named("certificate")));
                None
            }
            Err(error) => {
                let what = format_args!("cannot be used with {}: {error}", named("certificate"));
                problems.add(named("key"), what);
                None
            }
        }
    }
}

fn roots(key: &str, file: &Path, problems: &mut Problems) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(key, file, problems)? {
        if let Err(error) = roots.add(certificate) {
            problems.add(key, format_args!("{}: a certificate in it is of no use: {error}", file.display()));
            return None;
        }
    }
    Some(roots)
}

fn system_roots(key: &str, problems: &mut Problems) -> Option<RootCertStore> {
    let roots = system_authorities();
    let found = !roots.is_empty();
    problems.require(found, key, format_args!("is missing, and {}", verifier::NO_AUTHORITIES));
    found.then_some(roots)
}

fn system_authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
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

fn private_key(key: &str, file: &Path, problems: &mut Problems) -> Option<PrivateKeyDer<'static>> {
    let bytes = read(key, file, problems)?;
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
        problems.add(key, format_args!("{} {what}", file.display()));
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
