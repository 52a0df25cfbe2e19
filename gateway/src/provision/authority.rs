//! The local certificate authority: made on first use, or your own, put into its folder as `ca.pem` and `ca.key`.

use std::net::IpAddr;

use minuano_telemetry::Millis;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use super::files::{Folder, PRIVATE, PUBLIC};
use super::{ProvisionError, Said};

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca.key";
/// How long certificates are valid. A station stands on a roof for years and nobody thinks of it.
const AUTHORITY: Duration = Duration::days(20 * 365);
const MEMBER: Duration = Duration::days(5 * 365);
/// One that ends so soon is made anew.
const RENEW_BEFORE: Duration = Duration::days(90);
/// Certificates begin here, not now: a Pi has no clock of its own and may start in the past. No reading can be older.
const FROM: i64 = 1_577_836_800;
/// How a client on the broker's own machine dials it.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Who signs.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
pub struct Identity {
    /// Everybody may see it.
    pub certificate: String,
    /// Its owner alone may.
    pub key: String,
}

impl Authority {
    /// The one in `folder`, or a new one.
    pub fn open(folder: &Folder, now: Millis, said: &mut Said) -> Result<Self, ProvisionError> {
        let wrong = |name: &str, what: String| ProvisionError::Content { file: folder.file(name), what };
        let (pem, key) = match (folder.read(CERTIFICATE)?, folder.read(KEY)?) {
            (Some(pem), Some(key)) => {
                let key = KeyPair::from_pem(&key).map_err(|error| {
                    wrong(KEY, format!("is no key: {error}; it takes PKCS #8 in PEM without a passphrase"))
                })?;
                (pem, key)
            }
            (Some(_), None) => return Err(wrong(KEY, format!("is missing beside {CERTIFICATE}"))),
            // What was signed before would be worth nothing.
            (None, Some(_)) => return Err(wrong(CERTIFICATE, format!("is missing beside {KEY}"))),
            (None, None) => {
                let key = KeyPair::generate()?;
                let mut params = CertificateParams::default();
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
                params.distinguished_name = named("Minuano broker authority");
                (params.not_before, params.not_after) = validity(now, AUTHORITY);
                let pem = params.self_signed(&key)?.pem();
                folder.keep(KEY, &key.serialize_pem(), PRIVATE, said)?;
                folder.keep(CERTIFICATE, &pem, PUBLIC, said)?;
                (pem, key)
            }
        };
        let signs = with(&pem, |certificate| {
            certificate.is_ca() && certificate.public_key().subject_public_key.data == key.public_key_raw()
        });
        if signs != Some(true) {
            let what = format!("is no authority's certificate, or not of the key in {KEY}");
            return Err(wrong(CERTIFICATE, what));
        }
        let issuer = Issuer::from_ca_cert_pem(&pem, key)?;
        Ok(Self { pem, issuer })
    }

    /// Its certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// For the broker under all its names.
    pub fn server(&self, hosts: &[String], now: Millis) -> Result<Identity, ProvisionError> {
        let mut params = CertificateParams::new(names(hosts))?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params, hosts.first().map_or("broker", String::as_str), now)
    }

    /// For a user of the broker.
    pub fn client(&self, user: &str, now: Millis) -> Result<Identity, ProvisionError> {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params, user, now)
    }

    /// Whether this is the broker's certificate under just these names, and good for long.
    pub fn is_servers(&self, pem: &str, hosts: &[String], now: Millis) -> bool {
        let mut wanted = names(hosts);
        wanted.sort();
        self.is_good(pem, now, |certificate| {
            let mut found: Vec<String> = certificate
                .subject_alternative_name()
                .ok()
                .flatten()
                .map(|names| names.value.general_names.iter().filter_map(name).collect())
                .unwrap_or_default();
            found.sort();
            found == wanted
        })
    }

    /// Whether this is the user's certificate, and good for long.
    pub fn is_clients(&self, pem: &str, user: &str, now: Millis) -> bool {
        self.is_good(pem, now, |certificate| {
            certificate.subject().iter_common_name().any(|name| name.as_str() == Ok(user))
        })
    }

    fn is_good(&self, pem: &str, now: Millis, fits: impl FnOnce(&X509Certificate<'_>) -> bool) -> bool {
        let good = with(pem, |certificate| {
            let signed = with(&self.pem, |authority| {
                certificate.verify_signature(Some(authority.public_key())).is_ok()
            });
            let ends = certificate.validity().not_after.timestamp();
            signed == Some(true) && ends > (time(now) + RENEW_BEFORE).unix_timestamp() && fits(certificate)
        });
        good == Some(true)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        common_name: &str,
        now: Millis,
    ) -> Result<Identity, ProvisionError> {
        params.distinguished_name = named(common_name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = validity(now, MEMBER);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// Each once, as it was given.
fn names(hosts: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in hosts.iter().map(String::as_str).chain(LOCAL) {
        if !names.iter().any(|other| other == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            address.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

fn with<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let (pem, _) = Pem::read(std::io::Cursor::new(pem.as_bytes())).ok()?;
    pem.parse_x509().ok().map(|certificate| look(&certificate))
}

fn named(common_name: &str) -> rcgen::DistinguishedName {
    let mut name = rcgen::DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn time(at: Millis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.get().div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn validity(now: Millis, length: Duration) -> (OffsetDateTime, OffsetDateTime) {
    let from = OffsetDateTime::from_unix_timestamp(FROM).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (from, time(now).saturating_add(length))
}
