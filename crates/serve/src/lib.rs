//! A built page on this machine: its files over HTTP, with the headers that the page needs.
//!
//! [`serve`] answers on a listener that is open already. Nothing here chooses an address or a
//! folder.
//!
//! ```no_run
//! # async fn page() -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! let page = "target/page".as_ref();
//! let policy = sightline_serve::Policy::default();
//! sightline_serve::serve(&listener, page, &policy, sightline_serve::interruption()).await;
//! # Ok(())
//! # }
//! ```

mod policy;

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower_http::services::ServeDir;

pub use policy::{Policy, PolicyError};

/// A part is named by its hash and never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again, and answered with 304 while it is the same.
const ASK_AGAIN: &str = "no-cache";

/// Longest time that a visitor may take to send the head of a request, and that a connection may
/// stay silent. What is slower holds one of the few connections that the system allows, and is
/// closed.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Pause after the system has refused a connection, for example because too many files are open.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait for downloads that are under way at Ctrl-C.
const FAREWELL: Duration = Duration::from_secs(5);

/// Answers every visitor with files of the folder `page`, until `interrupted` ends. `axum::serve`
/// would do, but it sets no timer, and half a request would hold its connection for ever.
pub async fn serve(listener: &TcpListener, page: &Path, policy: &Policy, interrupted: impl Future<Output = ()>) {
    let router = router(page, policy.clone());
    let open = GracefulShutdown::new();
    let mut interrupted = std::pin::pin!(interrupted);
    loop {
        tokio::select! {
            () = &mut interrupted => break,
            visitor = listener.accept() => match visitor {
                Ok((stream, _)) => answer(stream, &router, &open),
                // This visitor is gone, or has to wait until another one leaves.
                Err(_) => tokio::time::sleep(REFUSED_PAUSE).await,
            },
        }
    }
    let _ = tokio::time::timeout(FAREWELL, open.shutdown()).await;
}

/// Answers one visitor beside the others.
fn answer(stream: TcpStream, router: &Router, open: &GracefulShutdown) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
    let connection = open.watch(connection);
    tokio::spawn(async move {
        // A visitor who goes away in the middle is no failure of the server.
        let _ = connection.await;
    });
}

/// Listens for Ctrl-C from now on; the future ends when it was pressed. Where that cannot be heard,
/// never: the system ends the program then.
pub fn interruption() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let heard = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    #[cfg(windows)]
    let heard = tokio::signal::windows::ctrl_c();
    async move {
        match heard {
            Ok(mut presses) => {
                presses.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    }
}

fn router(page: &Path, policy: Policy) -> Router {
    let files = ServeDir::new(page)
        .precompressed_br()
        .append_index_html_on_directories(true)
        .ignore_multi_range_requests(true);
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn(ranges))
        .layer(middleware::from_fn_with_state(policy, headers))
}

/// Lets a part of a file be asked for as RFC 9110 has it: a `Range` with another unit or another
/// method is no such request (14.2), and under `If-Range` a part is sent only while the file is the
/// one that the visitor has (13.1.5).
async fn ranges(mut request: Request, next: Next) -> Response {
    let range = request.headers_mut().remove(header::RANGE);
    let Some(range) = range
        .filter(|_| request.method() == Method::GET)
        .as_ref()
        .and_then(of_bytes)
    else {
        return next.run(request).await;
    };
    request.headers_mut().insert(header::RANGE, range);
    let Some(wanted) = request.headers().get(header::IF_RANGE).cloned() else {
        return next.run(request).await;
    };
    let mut whole = Request::new(Body::empty());
    *whole.uri_mut() = request.uri().clone();
    *whole.headers_mut() = request.headers().clone();
    whole.headers_mut().remove(header::RANGE);
    let part = next.clone().run(request).await;
    match part.status() {
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if !is_current(part.headers(), &wanted) => {
            next.run(whole).await
        }
        _ => part,
    }
}

/// A range whose unit is bytes, in whatever case, with the unit as the service of files wants it.
fn of_bytes(range: &HeaderValue) -> Option<HeaderValue> {
    let (unit, places) = range.to_str().ok()?.split_once('=')?;
    let known = unit.trim().eq_ignore_ascii_case("bytes");
    known.then(|| HeaderValue::from_str(&format!("bytes={places}")).ok())?
}

/// Whether `If-Range` names the file as it is now: by its tag, which must not be a weak one, or by
/// its date.
fn is_current(found: &HeaderMap, wanted: &HeaderValue) -> bool {
    let weak = wanted.as_bytes().starts_with(b"W/");
    let same = |name| found.get(name).is_some_and(|value| value == wanted);
    !weak && (same(header::ETAG) || same(header::LAST_MODIFIED))
}

/// Adds what every answer carries, and turns a bare error into a sentence.
async fn headers(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let part = request.uri().path().starts_with("/parts/");
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        response = (StatusCode::NOT_FOUND, "This page has no such file.\n").into_response();
    }
    let cache = match (part, response.status()) {
        (true, StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED) => FOREVER,
        _ => ASK_AGAIN,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            policy.sharing(),
        ),
        (header::CACHE_CONTROL, cache),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.header());
    response
}
