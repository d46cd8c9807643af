//! `sightline serve`, over a real connection.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A running server. Killed when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(page: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sightline"))
            .args(["serve", "--port", "0", "--page"])
            .arg(page)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_else(|| panic!("no address in: {line}"))
            .to_owned();
        Self { child, address }
    }

    /// Status line and headers in lower case, and the body.
    fn get(&self, path: &str, headers: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
            self.address
        )
        .expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        (head, answer[end..].to_vec())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn page(dir: &Path) {
    for (name, text) in [
        ("index.html", "<!doctype html>"),
        ("bundle.json", "{}"),
        ("page.js", "export {};"),
        ("page.js.br", "packed"),
        ("m.wasm", "wasm"),
        ("parts/ab.part", "part"),
        ("sub/index.html", "below"),
    ] {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

fn serve(args: &[&str], cwd: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sightline"))
        .arg("serve")
        .args(args)
        .current_dir(cwd)
        .output()
        .expect("the program starts")
}

fn has(head: &str, line: &str) {
    assert!(
        head.lines().any(|l| l.starts_with(line)),
        "`{line}` is missing in\n{head}"
    );
}

#[test]
fn files_have_their_types_and_every_answer_the_policy() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let server = Server::start(dir.path());
    for (path, kind) in [
        ("/", "text/html"),
        ("/index.html", "text/html"),
        ("/page.js", "text/javascript"),
        ("/m.wasm", "application/wasm"),
        ("/bundle.json", "application/json"),
        ("/parts/ab.part", "application/octet-stream"),
    ] {
        let (head, _) = server.get(path, "");
        has(&head, "http/1.1 200");
        has(&head, &format!("content-type: {kind}"));
        has(
            &head,
            "content-security-policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
        );
        has(&head, "x-content-type-options: nosniff");
        assert!(!head.contains("unsafe-inline"), "{head}");
    }
}

#[test]
fn parts_stay_cached_and_the_rest_is_asked_for_again() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let server = Server::start(dir.path());
    has(
        &server.get("/parts/ab.part", "").0,
        "cache-control: public, max-age=31536000, immutable",
    );
    has(&server.get("/parts/absent.part", "").0, "cache-control: no-cache");
    let (head, _) = server.get("/page.js", "");
    has(&head, "cache-control: no-cache");
    let tag = head
        .lines()
        .find_map(|l| l.strip_prefix("etag: "))
        .expect("an ETag")
        .to_owned();
    let (head, body) = server.get("/page.js", &format!("If-None-Match: {tag}\r\n"));
    has(&head, "http/1.1 304");
    assert!(body.is_empty());
}

#[test]
fn brotli_is_sent_to_who_takes_it() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let server = Server::start(dir.path());
    let (head, body) = server.get("/page.js", "Accept-Encoding: gzip, br\r\n");
    has(&head, "content-encoding: br");
    has(&head, "content-type: text/javascript");
    assert_eq!(body, b"packed");
    let (head, body) = server.get("/page.js", "");
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(body, b"export {};");
}

/// RFC 9110, 14.2 and 13.1.5.
#[test]
fn a_part_is_sent_only_where_it_is_asked_for_and_fits() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let server = Server::start(dir.path());
    let (head, _) = server.get("/page.js", "");
    let field = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)).expect(name).to_owned();
    let (tag, date) = (field("etag: "), field("last-modified: "));
    // Dates are case-sensitive on the wire, and were turned to lower case above.
    let date = date
        .split(' ')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect::<Vec<_>>()
        .join(" ")
        .replace("Gmt", "GMT");
    let (part, whole) = ("http/1.1 206", "http/1.1 200");
    for (headers, status) in [
        ("Range: bytes=0-3\r\n".to_owned(), part),
        ("Range: Bytes=0-3\r\n".to_owned(), part),
        (format!("Range: bytes=0-3\r\nIf-Range: {tag}\r\n"), part),
        (format!("Range: bytes=0-3\r\nIf-Range: {date}\r\n"), part),
        ("Range: bytes=0-3\r\nIf-Range: \"other\"\r\n".to_owned(), whole),
        (format!("Range: bytes=0-3\r\nIf-Range: W/{tag}\r\n"), whole),
        (
            "Range: bytes=0-3\r\nIf-Range: Sat, 01 Jan 2000 00:00:00 GMT\r\n".to_owned(),
            whole,
        ),
        ("Range: bytes=99-\r\nIf-Range: \"other\"\r\n".to_owned(), whole),
        ("Range: items=0-1\r\n".to_owned(), whole),
        ("Range: bytes=0-1,3-4\r\n".to_owned(), whole),
        ("Range: bytes=99-\r\n".to_owned(), "http/1.1 416"),
    ] {
        let (head, body) = server.get("/page.js", &headers);
        assert!(head.starts_with(status), "{headers}\n{head}");
        if status != "http/1.1 416" {
            let expected: &[u8] = if status == part { b"expo" } else { b"export {};" };
            assert_eq!(body, expected, "{headers}");
        }
    }
}

/// Whoever does not finish a request is not waited for.
#[test]
fn half_a_request_is_closed() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let server = Server::start(dir.path());
    let starts = ["", "GET / HTT", "GET / HTTP/1.1\r\nHost: a\r\n"];
    let mut open: Vec<TcpStream> = starts
        .iter()
        .map(|start| {
            let mut stream = TcpStream::connect(&server.address).expect("a connection");
            stream.write_all(start.as_bytes()).expect("sent");
            stream
        })
        .collect();
    // One that was answered, and then says nothing more.
    let mut idle = TcpStream::connect(&server.address).expect("a connection");
    write!(idle, "GET /page.js HTTP/1.1\r\nHost: a\r\n\r\n").expect("a request");
    open.push(idle);
    for (at, stream) in open.iter_mut().enumerate() {
        stream.set_read_timeout(Some(Duration::from_secs(25))).expect("a limit");
        let mut rest = Vec::new();
        stream
            .read_to_end(&mut rest)
            .unwrap_or_else(|e| panic!("connection {at} stays open: {e}"));
    }
    has(&server.get("/", "").0, "http/1.1 200");
}

#[test]
fn nothing_outside_the_page_is_served() {
    let dir = tempfile::tempdir().expect("a folder");
    page(&dir.path().join("page"));
    fs::write(dir.path().join("secret"), "secret").expect("a file");
    let server = Server::start(&dir.path().join("page"));
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/absent",
        "//etc/passwd",
        "/sub/../../secret",
    ] {
        let (head, body) = server.get(path, "");
        assert!(!head.starts_with("http/1.1 200"), "{path}: {head}");
        assert!(!body.windows(6).any(|w| w == b"secret"), "{path}");
    }
    has(&server.get("/absent", "").0, "http/1.1 404");
    assert_eq!(server.get("/sub/", "").1, b"below");
}

#[test]
fn only_this_machine_is_listened_to() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let server = Server::start(dir.path());
    assert!(server.address.starts_with("127.0.0.1:"), "{}", server.address);
}

#[test]
fn a_page_that_is_not_built_says_how_to() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = serve(&["--page", "nowhere"], dir.path());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cargo xtask page") && said.contains("nowhere"), "{said}");
}

#[test]
fn a_taken_port_says_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let page = dir.path().display().to_string();
    let output = serve(&["--page", &page, "--port", &port], dir.path());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
}

#[test]
fn help_has_examples() {
    let dir = tempfile::tempdir().expect("a folder");
    let help = String::from_utf8(serve(&["--help"], dir.path()).stdout).expect("UTF-8");
    assert!(
        help.contains("Examples:") && help.contains("sightline serve --port"),
        "{help}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_in_peace() {
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    let mut server = Server::start(dir.path());
    let pid = server.child.id().to_string();
    // The shell's own `kill`: a small system has no program of that name.
    let sent = Command::new("sh").args(["-c", &format!("kill -INT {pid}")]).status();
    let sent = sent.expect("a shell runs");
    assert!(sent.success());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = server.child.try_wait().expect("its state") {
            break status;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "it goes on after Ctrl-C");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(0));
}
