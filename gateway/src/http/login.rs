//! Who may read, where a token is configured: whoever shows it.
//!
//! Programs show it as `Authorization: Bearer …`. A browser shows it once, on `/login` or as `/?token=…`, and has a
//! cookie from then on, which scripts cannot read and from which the token cannot be told. The panel's own files
//! hold nothing that was measured and are open; so are `/healthz` and, without its details, `/readyz`.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::{App, panel};

const COOKIE_NAME: &str = "minuano_read";
const YEAR_S: u32 = 31_536_000;

/// What a reader has to show.
pub struct Token {
    /// Hashes are compared, so that neither time nor length says anything of the token.
    sha256: [u8; 32],
    cookie: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(…)")
    }
}

impl Token {
    /// From the configured one.
    pub fn new(token: &str) -> Self {
        let cookie = Sha256::new_with_prefix("minuano cookie\n").chain_update(token).finalize();
        let cookie = cookie.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { sha256: Sha256::digest(token).into(), cookie }
    }

    fn is(&self, shown: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        self.sha256.ct_eq(&shown).into()
    }

    fn is_shown(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let mut cookies = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        bearer.is_some_and(|token| self.is(token))
            || cookies.any(|(name, value)| {
                name == COOKIE_NAME && bool::from(value.as_bytes().ct_eq(self.cookie.as_bytes()))
            })
    }
}

/// Whether the one who asks may read.
#[derive(Clone, Copy, Debug)]
pub struct MayRead(pub bool);

/// Turns away who does not show the token.
pub async fn admit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let Some(token) = &app.settings.token else {
        request.extensions_mut().insert(MayRead(true));
        return next.run(request).await;
    };
    let path = request.uri().path();
    let is_page = matches!(path, "/" | "/index.html");
    if is_page && let Some(shown) = token_in(request.uri().query()) {
        return welcome(token, &shown, request.headers());
    }
    let may_read = token.is_shown(request.headers());
    let is_guarded = path.starts_with("/api/") || path == "/metrics";
    if !may_read && is_page {
        return page(StatusCode::UNAUTHORIZED, "");
    }
    if !may_read && is_guarded {
        metrics::counter!("minuano_http_unauthorised_total").increment(1);
        let detail =
            "this gateway is read with a token: Authorization: Bearer …, or in a browser once on /login";
        let mut response = Problem::new(StatusCode::UNAUTHORIZED, detail).into_response();
        let how = HeaderValue::from_static("Bearer realm=\"minuano\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, how);
        return response;
    }
    request.extensions_mut().insert(MayRead(may_read));
    next.run(request).await
}

#[derive(Deserialize)]
struct Asked {
    token: String,
}

fn token_in(query: Option<&str>) -> Option<String> {
    let uri = format!("/?{}", query?).parse().ok()?;
    axum::extract::Query::<Asked>::try_from_uri(&uri).ok().map(|asked| asked.0.token)
}

/// `GET /login`: the page that asks for the token.
pub async fn ask(State(app): State<Arc<App>>) -> Response {
    match app.settings.token {
        Some(_) => page(StatusCode::OK, ""),
        None => to_panel(),
    }
}

/// What the page sends.
#[derive(Debug, Deserialize)]
pub struct Shown {
    token: String,
}

/// `POST /login`: gives the cookie to who shows the token.
pub async fn enter(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<Form<Shown>, FormRejection>,
) -> Response {
    match (&app.settings.token, form) {
        (Some(token), Ok(Form(shown))) => welcome(token, shown.token.trim(), &headers),
        (Some(_), Err(_)) => page(StatusCode::BAD_REQUEST, "<p role=\"alert\">The token is missing.</p>"),
        (None, _) => to_panel(),
    }
}

/// The cookie and the panel, or the page again.
fn welcome(token: &Token, shown: &str, headers: &HeaderMap) -> Response {
    if !token.is(shown) {
        metrics::counter!("minuano_http_unauthorised_total").increment(1);
        return page(StatusCode::UNAUTHORIZED, "<p role=\"alert\">That is not the token.</p>");
    }
    let is_https = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let secure = if is_https { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE_NAME}={}; Path=/; Max-Age={YEAR_S}; HttpOnly; SameSite=Lax{secure}", token.cookie);
    let mut response = to_panel();
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Relative, so that it holds behind a proxy that serves the gateway below a prefix; and without the token.
fn to_panel() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, "./"), (CACHE_CONTROL, "no-store")]).into_response()
}

fn page(status: StatusCode, said: &str) -> Response {
    let text = include_str!("login.html").replace("<!-- said -->", said);
    let headers = [(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, panel::POLICY)];
    (status, headers, Html(text)).into_response()
}
