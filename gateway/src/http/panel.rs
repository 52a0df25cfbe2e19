//! The panel: the built dashboard, from this binary. No file of it comes from another host.

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    VARY,
};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{cached, problem};

/// What `npm run build` made, if it was run before this binary was built.
#[derive(RustEmbed)]
#[folder = "../dashboard/dist"]
#[allow_missing = true]
struct Built;

/// The panel speaks with the gateway that it came from and nobody else. Nothing runs or looks in a page but what is
/// in a file of the panel's.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'self'";
const INDEX: &str = "index.html";
/// Below this, names carry a hash of what is in them.
const HASHED: &str = "assets/";

/// How the build has compressed files beside themselves, the smaller first.
const COMPRESSED: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Whatever is no route.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    answer::<Built>(&method, &uri, &headers)
}

fn answer<Files: RustEmbed>(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let path = match uri.path() {
        "/" => INDEX,
        path => path.trim_start_matches('/'),
    };
    let file = Files::get(path);
    if file.is_none() && path != INDEX {
        return problem::nothing_at(uri).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return problem::only_get(method);
    }
    match file {
        Some(file) => give::<Files>(path, file, headers),
        None => {
            ([(CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("panel_missing.html"))).into_response()
        }
    }
}

fn give<Files: RustEmbed>(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    // Weak, since the file may leave compressed.
    let tag = format!("W/\"{tag}\"");
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [(ETAG, tag.as_str()), (CACHE_CONTROL, caching)];
    if cached::has(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let typed = [(CONTENT_TYPE, kind.as_str()), (CONTENT_SECURITY_POLICY, POLICY)];
    let mut compressed = COMPRESSED.into_iter().filter(|(name, _)| accepts(headers, name));
    let varies = [(VARY, "accept-encoding")];
    match compressed.find_map(|(name, ending)| Some((name, Files::get(&format!("{path}{ending}"))?))) {
        Some((name, small)) => {
            (common, typed, varies, [(CONTENT_ENCODING, name)], small.data).into_response()
        }
        None => (common, typed, varies, file.data).into_response(),
    }
}

/// Whether the client names this coding without forbidding it.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|named| {
        let (name, weight) = named.split_once(';').unwrap_or((named, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case(coding) && weight.parse::<f32>() != Ok(0.0)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::header::IF_NONE_MATCH;

    use super::*;

    #[derive(RustEmbed)]
    #[folder = "src/http/tests/panel"]
    struct Fixture;

    #[derive(RustEmbed)]
    #[folder = "src/http/tests/no-such-folder"]
    #[allow_missing = true]
    struct NotBuilt;

    fn get<Files: RustEmbed>(path: &str, headers: &HeaderMap) -> Response {
        answer::<Files>(&Method::GET, &path.parse().unwrap(), headers)
    }

    fn header(response: &Response, name: impl axum::http::header::AsHeaderName) -> &str {
        response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[test]
    fn hashed_files_are_kept_and_the_index_is_asked_for_again() {
        let none = HeaderMap::new();
        for path in ["/", "/index.html"] {
            let index = get::<Fixture>(path, &none);
            assert_eq!(index.status(), StatusCode::OK);
            assert_eq!(header(&index, CONTENT_TYPE), "text/html; charset=utf-8");
            assert_eq!(header(&index, CACHE_CONTROL), "no-cache");
            assert!(header(&index, CONTENT_SECURITY_POLICY).contains("script-src 'self';"));
            assert!(!header(&index, CONTENT_SECURITY_POLICY).contains("unsafe"));
        }
        let script = get::<Fixture>("/assets/index-0a1b2c3d.js", &none);
        assert_eq!(header(&script, CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert!(header(&script, CACHE_CONTROL).contains("immutable"));
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let tag = get::<Fixture>("/", &HeaderMap::new()).headers()[ETAG].clone();
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, tag);
        assert_eq!(get::<Fixture>("/", &headers).status(), StatusCode::NOT_MODIFIED);
        headers.insert(IF_NONE_MATCH, "\"other\"".parse().unwrap());
        assert_eq!(get::<Fixture>("/", &headers).status(), StatusCode::OK);
    }

    #[test]
    fn what_the_build_has_compressed_leaves_so_for_whom_can_read_it() {
        let mut headers = HeaderMap::new();
        for (accepted, coding) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("identity", ""),
            ("x-br", ""),
        ] {
            headers.insert(ACCEPT_ENCODING, accepted.parse().unwrap());
            let script = get::<Fixture>("/assets/index-0a1b2c3d.js", &headers);
            assert_eq!(header(&script, CONTENT_ENCODING), coding, "{accepted}");
            assert_eq!(header(&script, CONTENT_TYPE), "text/javascript; charset=utf-8");
            assert_eq!(header(&script, VARY), "accept-encoding");
            let index = get::<Fixture>("/", &headers);
            assert_eq!(header(&index, CONTENT_ENCODING), "", "it has no smaller one");
        }
    }

    #[test]
    fn without_a_panel_the_page_says_how_to_build_it() {
        let page = get::<NotBuilt>("/", &HeaderMap::new());
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(header(&page, CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(get::<NotBuilt>("/assets/x.js", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn what_is_not_there_is_a_problem_and_writing_is_refused() {
        for path in ["/nothing", "/../Cargo.toml", "/api", "/api/v2/stations", "/assets/"] {
            let response = get::<Fixture>(path, &HeaderMap::new());
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(header(&response, CONTENT_TYPE), problem::PROBLEM_JSON);
        }
        let response = answer::<Fixture>(&Method::PUT, &Uri::from_static("/"), &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(&response, "allow"), "GET,HEAD");
    }
}
