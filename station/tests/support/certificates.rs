//! A certificate authority for one test.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key, as files.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, folder: tempfile::tempdir().unwrap() }
    }

    /// The authority's own certificate.
    pub fn file(&self) -> String {
        self.write("ca.pem", &self.issuer.pem())
    }

    /// The authority itself, as `openssl req -x509` makes it and many a broker shows it.
    pub fn itself(&self) -> Identity {
        let key = self.write("ca.key", &self.issuer.key().serialize_pem());
        Identity { certificate: self.file(), key }
    }

    /// For this name, until the first day of this year.
    pub fn identity(&self, name: &str, until: i32) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            certificate: self.write(&format!("{name}-{until}.pem"), &certificate.pem()),
            key: self.write(&format!("{name}-{until}.key"), &key.serialize_pem()),
        }
    }

    fn write(&self, name: &str, text: &str) -> String {
        let file: PathBuf = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}
