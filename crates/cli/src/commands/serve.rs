//! `sightline serve`: the built page, on this machine only.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

use crate::args::Serve;
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// Where a page lies below the repository.
const PAGE: &str = "target/page";

/// What the page may do: its own files, WebAssembly, and nothing from elsewhere. `www/index.html` says the same for hosts that
/// send no headers.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A part is named by its hash and never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again, and answered with 304 while it is the same.
const ASK_AGAIN: &str = "no-cache";

/// Runs the command until Ctrl-C.
pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    let page = folder(args.page.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_fail(RUNNING)?;
    runtime.block_on(async {
        let listener = listen(args.port).await?;
        let address = listener.local_addr().or_fail(RUNNING)?;
        // Before the address is known: who reads it may press Ctrl-C at once.
        let interrupted = interruption();
        output::line(&format!("The page is at http://{address}/ (Ctrl-C ends it)"))?;
        axum::serve(listener, router(&page))
            .with_graceful_shutdown(interrupted)
            .await
            .or_fail(RUNNING)
    })
}

/// The folder of the page: as asked, else `target/page` in this folder or one above it, else beside the program.
fn folder(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let built = |folder: &Path| folder.join("index.html").is_file() && folder.join("bundle.json").is_file();
    if let Some(folder) = asked {
        if built(folder) {
            return Ok(folder.to_owned());
        }
        let message = format!(
            "there is no built page in {}; build one with `cargo xtask page --out {0}`",
            folder.display()
        );
        return Err(Failure::new(INPUT, message));
    }
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    here.ancestors()
        .chain(program.ancestors().skip(1))
        .map(|dir| dir.join(PAGE))
        .find(|dir| built(dir))
        .ok_or_else(|| {
            let message = format!(
                "the page is not built: there is no {PAGE} here, above, or beside the program; build it with `cargo xtask page`, \
                 or name its folder with --page DIR"
            );
            Failure::new(INPUT, message)
        })
}

async fn listen(port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        let message = match error.kind() {
            ErrorKind::AddrInUse => {
                format!("port {port} is taken on this machine; choose another with --port N (0 takes any free one)")
            }
            ErrorKind::PermissionDenied => {
                format!("port {port} is not ours to take; choose one above 1023 with --port N")
            }
            _ => format!("cannot listen on {address}: {error}; try another --port N"),
        };
        Failure::new(RUNNING, message)
    })
}

/// Listens for Ctrl-C from now on; the future ends when it was pressed. Where that cannot be heard, never: the system ends the program
/// then.
fn interruption() -> impl Future<Output = ()> {
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

fn router(page: &Path) -> Router {
    let files = ServeDir::new(page)
        .precompressed_br()
        .append_index_html_on_directories(true);
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn(headers))
}

/// Adds what every answer carries, and turns a bare error into a sentence.
async fn headers(request: Request, next: Next) -> Response {
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
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::CACHE_CONTROL, cache),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
