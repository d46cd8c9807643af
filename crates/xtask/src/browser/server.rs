//! Serves the test page to one browser on this machine and takes its reports.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow};
use sightline_messages::TestEvent;
use tiny_http::{Header, Method, Request, Response};

use crate::repo::root;

/// Largest report taken, bytes.
const MAX_REPORT: u64 = 1 << 20;

/// The product's own policy, so that nothing is tested under a weaker one.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'";

/// What the page said.
#[derive(Debug)]
pub(super) enum Message {
    /// A result.
    Event(TestEvent),
    /// Something worth showing.
    Note(String),
    /// The run cannot go on.
    Broken(String),
}

/// A server on a free port of the loopback interface. Ends when dropped.
pub(super) struct Server {
    http: Arc<tiny_http::Server>,
    thread: Option<JoinHandle<()>>,
    url: String,
}

impl Server {
    /// Serves the test page, with the module from the folder `module`.
    pub(super) fn start(module: PathBuf) -> Result<(Self, Receiver<Message>)> {
        let http = tiny_http::Server::http("127.0.0.1:0")
            .map_err(|e| anyhow!("cannot listen on the loopback interface: {e}"))?;
        let address = http
            .server_addr()
            .to_ip()
            .ok_or_else(|| anyhow!("the server has no address"))?;
        let http = Arc::new(http);
        let (sender, messages) = channel();
        let site = Site {
            page: root().join("tests/browser"),
            module,
        };
        let serving = Arc::clone(&http);
        let thread = std::thread::spawn(move || {
            for request in serving.incoming_requests() {
                answer(&site, &sender, request);
            }
        });
        let server = Self {
            http,
            thread: Some(thread),
            url: format!("http://{address}"),
        };
        Ok((server, messages))
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The folders that are served.
struct Site {
    page: PathBuf,
    module: PathBuf,
}

impl Site {
    /// The file behind a path, `None` where there is none or the path leaves its folder.
    fn file(&self, url: &str) -> Option<PathBuf> {
        let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
        let (folder, rest) = match path.split_once('/') {
            Some(("module", rest)) => (&self.module, rest),
            _ if path.is_empty() => (&self.page, "index.html"),
            _ => (&self.page, path),
        };
        let plain = Path::new(rest)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let file = folder.join(rest);
        (plain && file.is_file()).then_some(file)
    }
}

fn answer(site: &Site, sender: &Sender<Message>, mut request: Request) {
    let result = match request.method() {
        Method::Post => {
            let message = report(&mut request);
            // Nobody listens any more once the run has ended.
            let _ = sender.send(message);
            request.respond(Response::empty(204))
        }
        _ => match site
            .file(request.url())
            .and_then(|file| Some((std::fs::read(&file).ok()?, file)))
        {
            Some((bytes, file)) => {
                let mut response = Response::from_data(bytes);
                for (name, value) in [
                    ("Content-Type", mime(&file)),
                    ("Content-Security-Policy", POLICY),
                    ("Cache-Control", "no-store"),
                ] {
                    if let Ok(header) = Header::from_bytes(name, value) {
                        response.add_header(header);
                    }
                }
                request.respond(response)
            }
            None => request.respond(Response::empty(404)),
        },
    };
    // A browser that went away is noticed elsewhere.
    drop(result);
}

/// Reads a report: `/event` brings a [`TestEvent`], `/note` and `/broken` a text.
fn report(request: &mut Request) -> Message {
    let url = request.url().to_owned();
    let mut body = Vec::new();
    if let Err(error) = request.as_reader().take(MAX_REPORT).read_to_end(&mut body) {
        return Message::Broken(format!("a report broke off: {error}"));
    }
    message(&url, &body)
}

fn message(url: &str, body: &[u8]) -> Message {
    let text = || String::from_utf8_lossy(body).trim().to_owned();
    match url {
        "/event" => serde_json::from_slice(body).map_or_else(
            |e| Message::Broken(format!("not a report: {e}: {}", text())),
            Message::Event,
        ),
        "/note" => Message::Note(text()),
        _ => Message::Broken(text()),
    }
}

/// Browsers refuse modules and streamed wasm of another type.
fn mime(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpStream;

    use super::*;

    fn site() -> (tempfile::TempDir, Site) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in ["page", "module"] {
            std::fs::create_dir(dir.path().join(name)).expect("a folder");
        }
        std::fs::write(dir.path().join("page/index.html"), "page").expect("a file");
        std::fs::write(dir.path().join("module/m.wasm"), "wasm").expect("a file");
        std::fs::write(dir.path().join("secret"), "secret").expect("a file");
        let site = Site {
            page: dir.path().join("page"),
            module: dir.path().join("module"),
        };
        (dir, site)
    }

    #[test]
    fn paths_stay_in_their_folders() {
        let (dir, site) = site();
        assert_eq!(site.file("/?filter=x"), Some(dir.path().join("page/index.html")));
        assert_eq!(site.file("/module/m.wasm"), Some(dir.path().join("module/m.wasm")));
        for path in [
            "/../secret",
            "/module/../../secret",
            "/module//etc/passwd",
            "/absent",
            "secret",
        ] {
            assert_eq!(site.file(path), None, "{path}");
        }
    }

    #[test]
    fn reports_are_read() {
        assert!(matches!(
            message("/event", br#"{"kind":"finished"}"#),
            Message::Event(TestEvent::Finished)
        ));
        assert!(matches!(message("/event", b"{"), Message::Broken(_)));
        assert!(matches!(message("/note", b"hello"), Message::Note(text) if text == "hello"));
        assert!(matches!(message("/broken", b"dead"), Message::Broken(text) if text == "dead"));
    }

    #[test]
    fn wasm_has_its_type_and_the_page_its_policy() {
        let (dir, _) = site();
        let (server, _messages) = Server::start(dir.path().join("module")).expect("a server");
        let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).expect("a connection");
        write!(
            stream,
            "GET /module/m.wasm HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .expect("a request");
        let head: Vec<String> = BufReader::new(stream)
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        assert!(head[0].contains("200"), "{head:?}");
        assert!(
            head.iter().any(|line| line == "Content-Type: application/wasm"),
            "{head:?}"
        );
        assert!(
            head.iter().any(|line| line.starts_with("Content-Security-Policy: ")),
            "{head:?}"
        );
    }
}
