//! Texts in a drawing: escaped, and in lines that fit.

/// Text for XML, also within quotes. A line break becomes a space.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Width of a text in heights of its letters. The font is whatever the reader has, so that this is
/// an estimate, and a generous one.
pub(crate) fn width(text: &str) -> f32 {
    text.chars().map(letter).sum()
}

fn letter(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.34,
        ' ' | 'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '"' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.98,
        'A'..='Z' => 0.74,
        'a'..='z' | '0'..='9' => 0.64,
        // Combining marks stand over their letter.
        '\u{300}'..='\u{36F}' => 0.0,
        '\u{1100}'.. => 1.0,
        _ => 0.7,
    }
}

/// The text in at most `most` lines of a width in heights of letters. What does not fit ends in an
/// ellipsis.
pub(crate) fn lines(text: &str, room: f32, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        loop {
            let space = if line.is_empty() { "" } else { " " };
            if width(&line) + width(space) + width(rest) <= room {
                line.push_str(space);
                line.push_str(rest);
                break;
            }
            if line.is_empty() {
                // A word that is wider than a line is cut.
                let end = fitting(rest, room);
                line.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            lines.push(std::mem::take(&mut line));
            if rest.is_empty() {
                break;
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let end = fitting(last, room - width("…"));
            last.truncate(end);
            last.truncate(last.trim_end().len());
            last.push('…');
        }
    }
    lines
}

/// Bytes of the longest beginning that fits, at least one character.
fn fitting(text: &str, room: f32) -> usize {
    let mut taken = 0.0;
    for (at, c) in text.char_indices() {
        taken += letter(c);
        if taken > room && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_stays_text() {
        assert_eq!(escaped("<a b='c'>&\n\""), "&lt;a b=&#39;c&#39;&gt;&amp; &quot;");
    }

    #[test]
    fn lines_fit_and_lose_nothing_but_what_has_no_room() {
        let text = "Is there a very small dog behind the umbrella?";
        let all = lines(text, 12.0, 9);
        assert_eq!(all.join(" "), text);
        assert!(all.iter().all(|line| width(line) <= 12.0), "{all:?}");
        let some = lines(text, 12.0, 2);
        assert_eq!(some.len(), 2);
        assert!(some[1].ends_with('…') && width(&some[1]) <= 12.0, "{some:?}");
        let word = lines(&"w".repeat(100), 10.0, 100);
        assert_eq!(word.concat(), "w".repeat(100));
        assert_eq!(lines("  ", 10.0, 3), Vec::<String>::new());
        assert_eq!(lines("字字字字", 2.0, 9), ["字字", "字字"]);
    }
}
