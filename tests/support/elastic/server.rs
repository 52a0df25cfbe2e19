//! The sockets, with TLS where it is wanted.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Extract};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::State;

type Shared = Arc<Mutex<State>>;

/// On an answer that is not to arrive.
const CUT: StatusCode = StatusCode::IM_A_TEAPOT;

/// Listens from here on.
pub async fn start(port: u16, tls: Option<(String, String)>, state: Shared) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(256 << 20)).with_state(state);
    let acceptor = tls.map(|(certificate, key)| acceptor(&certificate, &key));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (router, acceptor) = (router.clone(), acceptor.clone());
            tokio::spawn(async move {
                match acceptor {
                    None => serve(socket, router).await,
                    // A client that does not trust it goes away.
                    Some(acceptor) => {
                        if let Ok(socket) = acceptor.accept(socket).await {
                            serve(socket, router).await;
                        }
                    }
                }
            });
        }
    });
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, router: Router) {
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let Ok(answer) = router.oneshot(request.map(Body::new)).await;
            match answer.status() {
                CUT => Err("the connection ends here"),
                _ => Ok::<Response<Body>, &str>(answer),
            }
        }
    });
    // A client that goes away is its own affair.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
}

async fn answer(
    Extract(state): Extract<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let reply = state.lock().unwrap_or_else(PoisonError::into_inner).answer(
        method.as_str(),
        uri.path(),
        text(CONTENT_TYPE),
        text(AUTHORIZATION),
        &body,
    );
    match reply {
        None => CUT.into_response(),
        Some((status, Value::Null)) => {
            (StatusCode::from_u16(status).unwrap(), "<html>not from the cluster</html>").into_response()
        }
        Some((status, json)) => {
            (StatusCode::from_u16(status).unwrap(), [(CONTENT_TYPE, "application/json")], json.to_string())
                .into_response()
        }
    }
}

fn acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
