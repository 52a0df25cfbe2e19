//! `[elastic]`: Elasticsearch or OpenSearch.

use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::tls::{Tls, TlsFiles};
use minuano_settings::{Problems, Secret};
use reqwest::Url;
use serde::Deserialize;

/// A search finds at most so many documents at once, unless an index says otherwise.
pub const MOST_DOCUMENTS: usize = 10_000;
/// Elasticsearch takes 100 MB unless it is told otherwise, most proxies less.
const BYTES: std::ops::RangeInclusive<usize> = 10_000..=50_000_000;
/// What a namespace cannot have: what an index cannot, and the separator of a data stream's parts.
const NOT_IN_NAMESPACE: [char; 13] = ['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':', '-'];

/// Where documents go, checked.
#[derive(Clone, Debug)]
pub struct ElasticConfig {
    /// Of the cluster, or of what stands before it.
    pub url: Url,
    /// The last part of the data stream's name.
    pub namespace: String,
    /// Who this gateway is there.
    pub login: ElasticLogin,
    /// Certificates, where the system's are not meant.
    pub tls: Option<Tls>,
    /// The most documents in one request.
    pub batch_documents: usize,
    /// The most bytes in one request.
    pub batch_bytes: usize,
    /// How long a settled reading waits for others.
    pub batch_after: Duration,
    /// Whether the gateway puts the index template.
    pub template: bool,
    /// The most that is waited after a first failure; it doubles with each.
    pub retry_first: Duration,
    /// The longest time between tries.
    pub retry_most: Duration,
    /// How much longer than `store.retention` readings wait for a cluster that is away.
    pub keep_unsent: Duration,
}

/// Who the gateway is to the cluster.
#[derive(Clone, Debug)]
pub enum ElasticLogin {
    /// Nobody asks.
    Nobody,
    /// Basic authentication.
    User {
        /// The name.
        name: String,
        /// Its password.
        password: Secret,
    },
    /// An API key in its encoded form.
    ApiKey(Secret),
}

/// The keys as they are written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    url: String,
    namespace: String,
    user: Option<String>,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
    api_key: Option<Secret>,
    api_key_file: Option<PathBuf>,
    tls: Option<TlsFiles>,
    batch_documents: usize,
    batch_bytes: usize,
    #[serde(with = "minuano_settings::duration")]
    batch_after: Duration,
    template: bool,
    #[serde(with = "minuano_settings::duration")]
    retry_first: Duration,
    #[serde(with = "minuano_settings::duration")]
    retry_most: Duration,
    #[serde(with = "minuano_settings::duration")]
    keep_unsent: Duration,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            url: String::new(),
            namespace: "default".to_owned(),
            user: None,
            password: None,
            password_file: None,
            api_key: None,
            api_key_file: None,
            tls: None,
            batch_documents: 5_000,
            batch_bytes: 5_000_000,
            batch_after: Duration::from_secs(10),
            template: true,
            retry_first: Duration::from_secs(1),
            retry_most: Duration::from_secs(60),
            keep_unsent: Duration::from_secs(30 * 86_400),
        }
    }
}

impl Written {
    /// What it says, or `None` beside the problems.
    pub(super) fn checked(self, problems: &mut Problems) -> Option<ElasticConfig> {
        let url = Url::parse(&self.url).ok().filter(|url| {
            let plain = url.query().is_none() && url.fragment().is_none();
            matches!(url.scheme(), "http" | "https")
                && plain
                && url.username().is_empty()
                && url.password().is_none()
        });
        problems.require(
            url.is_some(),
            "elastic.url",
            "takes https://host:9200, with a path where a proxy wants one, and user and password in keys of their own",
        );
        let encrypted = url.as_ref().is_none_or(|url| url.scheme() == "https");
        problems.require(self.tls.is_none() || encrypted, "elastic.tls", "goes with an https:// url");
        let fits = !self.namespace.is_empty()
            && self.namespace.len() <= 100
            && !self.namespace.contains(NOT_IN_NAMESPACE)
            && self.namespace == self.namespace.to_lowercase();
        problems.require(
            fits,
            "elastic.namespace",
            "takes up to 100 bytes in lower case without - \\ / * ? \" < > | , # : and spaces",
        );
        problems.require(
            (1..=MOST_DOCUMENTS).contains(&self.batch_documents),
            "elastic.batch_documents",
            format_args!("takes 1 to {MOST_DOCUMENTS}"),
        );
        problems.require(
            BYTES.contains(&self.batch_bytes),
            "elastic.batch_bytes",
            format_args!("takes {} to {}", BYTES.start(), BYTES.end()),
        );
        problems.require(
            !self.retry_first.is_zero() && self.retry_first <= self.retry_most,
            "elastic.retry_first",
            "takes more than \"0s\" and at most retry_most",
        );
        let login = login(
            self.user,
            (self.password, self.password_file),
            (self.api_key, self.api_key_file),
            problems,
        );
        let tls = self.tls.and_then(|tls| tls.checked("elastic.tls", problems));
        Some(ElasticConfig {
            url: url?,
            namespace: self.namespace,
            login: login?,
            tls,
            batch_documents: self.batch_documents,
            batch_bytes: self.batch_bytes,
            batch_after: self.batch_after,
            template: self.template,
            retry_first: self.retry_first,
            retry_most: self.retry_most,
            keep_unsent: self.keep_unsent,
        })
    }
}

type InlineOrFile = (Option<Secret>, Option<PathBuf>);

fn login(
    user: Option<String>,
    password: InlineOrFile,
    api_key: InlineOrFile,
    problems: &mut Problems,
) -> Option<ElasticLogin> {
    let has_password = password.0.is_some() || password.1.is_some();
    let has_key = api_key.0.is_some() || api_key.1.is_some();
    let password = Secret::either(password.0, password.1.as_deref(), "elastic.password", problems);
    let key = Secret::either(api_key.0, api_key.1.as_deref(), "elastic.api_key", problems);
    problems.require(
        user.is_some() == has_password,
        "elastic.user",
        "goes with password or password_file: give both or neither",
    );
    problems.require(
        !(has_key && user.is_some()),
        "elastic.api_key",
        "stands instead of user and password: give one of the two",
    );
    let printable = key.as_ref().is_none_or(|key| key.reveal().bytes().all(|byte| byte.is_ascii_graphic()));
    problems.require(
        printable,
        "elastic.api_key",
        "takes the encoded form: the base64 text that Elasticsearch gave as \"encoded\"",
    );
    match (user, password, key) {
        (_, _, Some(key)) if printable => Some(ElasticLogin::ApiKey(key)),
        (Some(name), Some(password), None) => Some(ElasticLogin::User { name, password }),
        (None, None, None) if !has_password && !has_key => Some(ElasticLogin::Nobody),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::load;
    use super::*;

    fn elastic(rest: &str) -> Result<ElasticConfig, String> {
        let text = format!("gateway = \"home\"\n[broker]\nembedded = true\n[elastic]\n{rest}");
        load(&text).map(|config| config.elastic.unwrap()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn it_takes_a_cluster_with_a_user_a_key_or_nobody() {
        let plain = elastic("url = \"http://localhost:9200\"").unwrap();
        assert!(matches!(plain.login, ElasticLogin::Nobody));
        assert_eq!((plain.batch_documents, plain.namespace.as_str()), (5_000, "default"));
        let user = elastic("url = \"https://es/proxied\"\nuser = \"minuano\"\npassword = \"p\"").unwrap();
        assert!(matches!(user.login, ElasticLogin::User { .. }));
        assert!(!format!("{user:?}").contains("\"p\""));
        let key = elastic("url = \"https://es\"\napi_key = \"VnVhQ2ZHY0JDZGJrUW0=\"\nnamespace = \"farm_1\"")
            .unwrap();
        assert!(matches!(key.login, ElasticLogin::ApiKey(_)));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (rest, key) in [
            ("", "elastic.url"),
            ("url = \"es:9200\"", "elastic.url"),
            ("url = \"https://u:p@es\"", "elastic.url"),
            ("url = \"http://es\"\n[elastic.tls]", "elastic.tls"),
            ("url = \"http://es\"\nnamespace = \"a-b\"", "elastic.namespace"),
            ("url = \"http://es\"\nnamespace = \"Home\"", "elastic.namespace"),
            ("url = \"http://es\"\nbatch_documents = 20000", "elastic.batch_documents"),
            ("url = \"http://es\"\nbatch_bytes = 1", "elastic.batch_bytes"),
            ("url = \"http://es\"\nretry_first = \"2m\"", "elastic.retry_first"),
            ("url = \"http://es\"\nuser = \"a\"", "elastic.user"),
            ("url = \"http://es\"\npassword = \"a\"", "elastic.user"),
            ("url = \"http://es\"\nuser = \"a\"\npassword = \"b\"\napi_key = \"c\"", "elastic.api_key"),
            ("url = \"http://es\"\napi_key = \"id:key with spaces\"", "elastic.api_key"),
            ("url = \"http://es\"\napi_key_file = \"/nowhere\"", "elastic.api_key_file"),
            ("url = \"http://es\"\nindex = \"x\"", "elastic.index"),
        ] {
            let problems = elastic(rest).unwrap_err();
            assert!(problems.contains(key), "{rest}: {problems}");
        }
    }
}
