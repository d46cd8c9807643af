//! Links as text to paste: into a page, a README, a paper.

use crate::LinkError;

/// The address of a page with a link in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    page: String,
    fragment: String,
}

impl Address {
    /// `page` is the address of the page, such as `https://example.org/sightline/`; `fragment` is
    /// what [`crate::encode`] wrote.
    ///
    /// # Errors
    /// A page that is no plain address of the web: it would break out of the text around it.
    pub fn new(page: &str, fragment: &str) -> Result<Self, LinkError> {
        let rest = page.strip_prefix("https://").or_else(|| page.strip_prefix("http://"));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/%".contains(c);
        if !rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain)) {
            let why = "is no address: http:// or https://, a host and a path, without ? and #";
            return Err(LinkError::field("page", why));
        }
        Ok(Self {
            page: page.to_owned(),
            fragment: fragment.to_owned(),
        })
    }

    /// The whole link.
    pub fn link(&self) -> String {
        format!("{}#{}", self.page, self.fragment)
    }

    /// A frame for a web page: one picture and its answers. `question` is its title.
    pub fn frame(&self, question: &str) -> String {
        let (page, fragment, title) = (&self.page, &self.fragment, html(question));
        format!(
            "<iframe src=\"{page}?embed=1#{fragment}\" title=\"Sightline: {title}\" width=\"720\" height=\"560\" \
             loading=\"lazy\" style=\"max-width: 100%; border: 0\"></iframe>"
        )
    }

    /// A link for a README.
    pub fn markdown(&self, question: &str) -> String {
        let marks = |c: char| c.is_ascii_punctuation() && !matches!(c, '?' | '.' | ',' | '\'' | '"');
        let text: String = question
            .chars()
            .flat_map(|c| marks(c).then_some('\\').into_iter().chain([c]))
            .collect();
        format!("[{text}]({})", self.link())
    }

    /// An entry for a bibliography, whose key is `sightline`.
    pub fn bibtex(&self) -> String {
        format!(
            "@misc{{sightline,\n  title = {{Sightline: a state space model and a vision transformer answer side by side}},\n  \
             howpublished = {{\\url{{{}}}}}\n}}",
            self.link()
        )
    }
}

/// Text for HTML, also within quotes.
fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_to_paste() {
        let address = Address::new("https://example.org/sightline/", "AQAA_-").unwrap();
        assert_eq!(address.link(), "https://example.org/sightline/#AQAA_-");
        let frame = address.frame("Is 1 < 2 \"here\"?");
        assert!(frame.starts_with("<iframe src=\"https://example.org/sightline/?embed=1#AQAA_-\" "));
        assert!(frame.contains("title=\"Sightline: Is 1 &lt; 2 &quot;here&quot;?\""));
        let markdown = address.markdown("a [dog](x)?");
        assert_eq!(markdown, r"[a \[dog\]\(x\)?](https://example.org/sightline/#AQAA_-)");
        let bibtex = address.bibtex();
        assert!(bibtex.contains(r"\url{https://example.org/sightline/#AQAA_-}"));
        assert_eq!(bibtex.matches('{').count(), bibtex.matches('}').count());
    }

    #[test]
    fn a_page_is_a_plain_address() {
        for page in [
            "",
            "example.org",
            "https://",
            "https:///a",
            "javascript:alert(1)",
            "https://a\"onload=\"b",
            "https://a/#b",
            "https://a/?b",
            "https://a b",
            "http://a{b}",
        ] {
            let error = Address::new(page, "AQ").expect_err(page).to_string();
            assert!(error.contains("page is no address"), "{page}: {error}");
        }
        for page in [
            "http://127.0.0.1:8080/",
            "https://example.org",
            "https://a.b/c/index.html",
        ] {
            Address::new(page, "AQ").unwrap();
        }
    }
}
