//! What browsers let the page do, and who may show it in a frame.

use axum::http::HeaderValue;

/// What the page may do: its own files, WebAssembly, and nothing from elsewhere. Texts become
/// neither markup nor scripts. `www/shared/head.html` says the same for hosts that send no headers.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types default; frame-ancestors 'self'";

/// The `Content-Security-Policy` of every answer.
#[derive(Clone, Debug)]
pub struct Policy {
    header: HeaderValue,
    framed: bool,
}

/// A source of `frame-ancestors` that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no page that may show this one: use 'self', *, or an origin such as https://example.org or https://*.example.org"
)]
pub struct PolicyError(String);

impl Policy {
    /// Pages of these origins may show this one in a frame: `*`, or a scheme and a host each. The
    /// page itself always may.
    ///
    /// # Errors
    /// A source that is none of these.
    pub fn framed(sources: &[String]) -> Result<Self, PolicyError> {
        let wrong = sources.iter().find(|source| !is_source(source));
        if let Some(wrong) = wrong {
            return Err(PolicyError(wrong.clone()));
        }
        if sources.is_empty() {
            return Ok(Self::default());
        }
        let text = sources.join(" ");
        let header = HeaderValue::try_from(format!("{POLICY} {text}"));
        Ok(Self {
            header: header.map_err(|_| PolicyError(text))?,
            framed: true,
        })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Who may take files of this page into pages of their own. A page that isolates itself shows
    /// frames only if they say so.
    pub(crate) fn sharing(&self) -> &'static str {
        if self.framed { "cross-origin" } else { "same-origin" }
    }
}

impl Default for Policy {
    /// Only the page itself may show a part of it in a frame: a report of an evaluation.
    fn default() -> Self {
        Self {
            header: HeaderValue::from_static(POLICY),
            framed: false,
        }
    }
}

/// A source as the policy has it. What ends a source or a directive is in none.
fn is_source(source: &str) -> bool {
    if matches!(source, "'self'" | "*") {
        return true;
    }
    let host = source
        .strip_prefix("https://")
        .or_else(|| source.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    host.is_some_and(|host| {
        let host = host.strip_prefix("*.").unwrap_or(host);
        !host.is_empty() && host.chars().all(plain) && host.starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(sources: &[&str]) -> Result<Policy, PolicyError> {
        Policy::framed(&sources.iter().map(|source| (*source).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn nobody_may_show_the_page_unasked() {
        for policy in [Policy::default(), framed(&[]).expect("no source")] {
            assert!(
                policy
                    .header()
                    .to_str()
                    .expect("text")
                    .ends_with("; frame-ancestors 'self'")
            );
            assert_eq!(policy.sharing(), "same-origin");
        }
    }

    #[test]
    fn pages_that_were_named_may() {
        let policy = framed(&["https://example.org", "https://*.hf.space:443"]).expect("sources");
        let header = policy.header();
        let text = header.to_str().expect("text");
        assert!(
            text.ends_with("; frame-ancestors 'self' https://example.org https://*.hf.space:443"),
            "{text}"
        );
        assert_eq!(text.matches("'none'").count(), 3, "{text}");
        assert_eq!(policy.sharing(), "cross-origin");
    }

    #[test]
    fn a_source_cannot_add_to_the_policy() {
        for wrong in [
            "",
            "none",
            "example.org",
            "https://",
            "https://a;script-src *",
            "https://a b",
            "https://a/b",
            "data:",
            "https://a\r\nb",
        ] {
            assert_eq!(framed(&[wrong]).err(), Some(PolicyError(wrong.to_owned())), "{wrong}");
        }
    }
}
