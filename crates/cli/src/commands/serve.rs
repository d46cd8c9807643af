//! `sightline serve`: the built page, on this machine only.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use sightline_serve::{Policy, interruption, serve};
use tokio::net::TcpListener;

use crate::args::Serve;
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE};
use crate::{output, weights};

/// Where a page lies below the repository.
const PAGE: &str = "target/page";

/// Runs the command until Ctrl-C.
pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    let policy = Policy::framed(&args.frame_ancestors).or_fail(USAGE)?;
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
        serve(&listener, &page, &policy, interrupted).await;
        Ok(())
    })
}

/// The folder of the page: as asked, else `target/page` in this folder or one above it, else beside
/// the program.
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
    weights::near(PAGE, built).ok_or_else(|| {
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
