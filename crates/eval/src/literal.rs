//! The box answers that the paper's evaluation code accepts.
//!
//! The fork (`refcoco.py` and `ocidref.py`, `parse_bbox`, MIT) gives the whole answer to CPython's
//! `ast.literal_eval` and wants a list of four numbers within 0 to 1 with x0 < x1 and y0 < y1.
//! [`parse_box`] accepts exactly the answers that pass under CPython 3.11, which are more than
//! `[0.1, 0.2, 0.3, 0.4]`:
//!
//! - parentheses around the list or a number, 200 open brackets at most; one trailing comma; white
//!   space, line feeds, comments and line continuations inside brackets;
//! - blank lines and comments around the list, but no indentation: only the text's first spaces and
//!   tabs are taken away, a form feed takes away what stands before it on its line, and an indented
//!   last line without a line feed is an error though it is blank;
//! - `True` and `False`; integers of base 2, 8, 10 and 16; underscores between digits; one sign,
//!   which a truth value must not have.
//!
//! All else is invalid: tuples, words before or after, complex numbers (no order), `nan` and `inf`
//! (names), digits of other scripts, a NUL or a byte order mark anywhere but in a comment (NUL:
//! there too). Some answers stop the official code instead of being counted invalid (`MemoryError`
//! and `RecursionError` of deep nesting, `OverflowError` of a complex sum); ours counts those as
//! invalid. An integer of more than 4,300 digits is a `SyntaxError` there and larger than 1 for us:
//! invalid both ways. Lone surrogates, which are invalid there, cannot occur in Rust's text.

use crate::mutant::branch;

/// Brackets that CPython's tokenizer lets stand open at one time.
const DEEPEST: usize = 200;

/// The four numbers of an answer that the official parser accepts: x0, y0, x1, y1.
///
/// Numbers are those that `float` makes of what stands there: minus the integer 0 is 0, minus the
/// float 0.0 is -0.0.
pub fn parse_box(answer: &str) -> Option<[f64; 4]> {
    if branch!("literal.nul", answer.contains('\0'), false) {
        return None;
    }
    let text = branch!("literal.first_indent", answer.trim_start_matches([' ', '\t']), answer);
    // As the tokenizer does before anything else.
    let text = branch!("literal.crlf", text.replace("\r\n", "\n"), text.to_owned());
    let text = branch!("literal.cr", text.replace('\r', "\n"), text);
    let mut reader = Reader::of(&text);
    reader.blank_lines()?;
    let values = reader.list()?;
    reader.rest()?;

    let all = branch!("literal.four", &values[..], values.get(..4).unwrap_or_default());
    let &[x0, y0, x1, y1] = all else {
        return None;
    };
    let within = |value: &f64| {
        let low = branch!("literal.low", *value >= 0.0, *value > 0.0);
        low && branch!("literal.high", *value <= 1.0, *value < 1.0)
    };
    let x_order = branch!("literal.x_order", x0 < x1, x0 <= x1);
    let y_order = branch!("literal.y_order", y0 < y1, y0 <= y1);
    (values.iter().all(within) && x_order && y_order).then_some([x0, y0, x1, y1])
}

/// A sign in front of a number.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Plus,
    Minus,
}

/// A number as it is written, without its sign.
enum Number {
    Truth(bool),
    Int(f64),
    Float(f64),
}

impl Number {
    /// The signed value; none where the sign is not allowed.
    fn signed(&self, sign: Option<Sign>) -> Option<f64> {
        match (self, sign) {
            (Self::Truth(value), None) => Some(f64::from(*value)),
            (Self::Truth(_), Some(_)) => branch!("literal.signed_truth", None, Some(1.0)),
            // Integers know no minus zero.
            (Self::Int(value), Some(Sign::Minus)) => Some(branch!("literal.minus_int", 0.0 - value, -value)),
            (Self::Float(value), Some(Sign::Minus)) => Some(branch!("literal.minus_float", -value, 0.0 - value)),
            (Self::Int(value) | Self::Float(value), _) => Some(*value),
        }
    }
}

/// Reads a text with `\n` line ends; each step gives `None` for a text that cannot become a box.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Brackets open here.
    open: usize,
}

impl<'a> Reader<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            open: 0,
        }
    }

    fn next(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// A backslash at the end of a line, which must have a line or the rest of one after it.
    fn continuation(&mut self) -> Option<()> {
        self.at += 1;
        let joined = self.take(b'\n');
        let more = branch!("literal.continuation_end", self.next().is_some(), true);
        (branch!("literal.continuation", joined, true) && more).then_some(())
    }

    /// To the end of the line.
    fn comment(&mut self) {
        while self.next().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// Lines without a token, from the start of a line to the start of the first token or the end:
    /// neither may be indented.
    fn blank_lines(&mut self) -> Option<()> {
        loop {
            let indented = self.indentation()?;
            if branch!("literal.comment_line", self.next() == Some(b'#'), false) {
                self.comment();
                if self.next().is_none() {
                    return Some(());
                }
            }
            if self.take(b'\n') {
                continue;
            }
            let at_end = branch!("literal.indented_end", false, self.next().is_none());
            return (at_end || !branch!("literal.indented", indented, false)).then_some(());
        }
    }

    /// White space at the start of a line: whether it makes an indentation.
    fn indentation(&mut self) -> Option<bool> {
        let (mut indented, mut before_continuation) = (false, false);
        loop {
            match self.next() {
                Some(b' ' | b'\t') => {
                    self.at += 1;
                    indented = true;
                }
                Some(b'\x0c') => {
                    self.at += 1;
                    indented = branch!("literal.form_feed_resets", false, indented);
                }
                Some(b'\\') => {
                    // The indentation before the first continuation holds, whatever form feeds
                    // follow.
                    before_continuation |= branch!("literal.continued_indent", indented, false);
                    self.continuation()?;
                }
                _ => return Some(before_continuation || indented),
            }
        }
    }

    /// What may stand between two tokens.
    fn gap(&mut self) -> Option<()> {
        loop {
            match self.next() {
                Some(b' ') => self.at += 1,
                Some(b'\t') => self.at += branch!("literal.tab", 1, return None),
                Some(b'\x0c') => self.at += branch!("literal.form_feed", 1, return None),
                Some(b'\\') => self.continuation()?,
                Some(b'#') if branch!("literal.comment", true, false) => self.comment(),
                Some(b'\n') if branch!("literal.line_feed", self.open > 0, false) => self.at += 1,
                _ => return Some(()),
            }
        }
    }

    /// After the list: nothing but blank lines.
    fn rest(&mut self) -> Option<()> {
        self.gap()?;
        if self.take(b'\n') {
            self.blank_lines()?;
        }
        branch!("literal.rest", self.next().is_none(), true).then_some(())
    }

    fn open(&mut self, bracket: u8) -> Option<bool> {
        self.gap()?;
        if !self.take(bracket) {
            return Some(false);
        }
        self.open += 1;
        (self.open <= branch!("literal.deepest", DEEPEST, DEEPEST + 1)).then_some(true)
    }

    fn close(&mut self, bracket: u8) -> Option<()> {
        self.gap()?;
        let closed = self.take(bracket);
        self.open -= 1;
        closed.then_some(())
    }

    /// The list, which may stand in parentheses.
    fn list(&mut self) -> Option<Vec<f64>> {
        let outside = self.open;
        while branch!("literal.parentheses", self.open(b'(')?, false) {}
        if !self.open(b'[')? {
            return None;
        }
        let mut values = Vec::new();
        loop {
            self.gap()?;
            let may_end = branch!("literal.trailing_comma", !values.is_empty(), values.len() > 4);
            if may_end && self.next() == Some(b']') {
                break;
            }
            values.push(self.element()?);
            self.gap()?;
            if !self.take(b',') {
                break;
            }
        }
        self.close(b']')?;
        while self.open > outside {
            self.close(b')')?;
        }
        branch!("literal.one_list", Some(values), None)
    }

    /// A number: parentheses anywhere, one sign at most.
    fn element(&mut self) -> Option<f64> {
        let outside = self.open;
        let mut sign = None;
        let number = loop {
            if branch!("literal.number_parentheses", self.open(b'(')?, false) {
                continue;
            }
            let read = match self.next()? {
                b'+' => branch!("literal.plus", Sign::Plus, Sign::Minus),
                b'-' => Sign::Minus,
                b'0'..=b'9' | b'.' => break self.number()?,
                _ => break Number::Truth(self.truth()?),
            };
            if branch!("literal.one_sign", sign.is_some(), false) {
                return None;
            }
            sign = Some(read);
            self.at += 1;
        };
        while self.open > outside {
            self.close(b')')?;
        }
        number.signed(sign)
    }

    fn truth(&mut self) -> Option<bool> {
        match self.word() {
            b"True" => branch!("literal.true", Some(true), None),
            b"False" => branch!("literal.false", Some(false), None),
            _ => None,
        }
    }

    /// Characters that an identifier may go on with.
    fn word(&mut self) -> &'a [u8] {
        let from = self.at;
        while self.next().is_some_and(goes_on) {
            self.at += 1;
        }
        &self.text[from..self.at]
    }

    fn number(&mut self) -> Option<Number> {
        let from = self.at;
        let base = match self.text.get(self.at + 1) {
            _ if self.next() != Some(b'0') => 10,
            Some(b'x') => branch!("literal.hex", 16, 10),
            Some(b'X') => branch!("literal.hex_capital", 16, 10),
            Some(b'o') => branch!("literal.octal", 8, 10),
            Some(b'O') => branch!("literal.octal_capital", 8, 10),
            Some(b'b') => branch!("literal.binary", 2, 10),
            Some(b'B') => branch!("literal.binary_capital", 2, 10),
            _ => 10,
        };
        // What must not follow a number, such as the `j` of imaginary ones, cannot follow an
        // element either.
        if base == 10 {
            self.decimal(from)
        } else {
            self.at += 2;
            // Here alone an underscore may come first.
            if branch!("literal.underscore_after_base", self.next() == Some(b'_'), false) {
                self.at += 1;
            }
            let digits = self.at;
            self.digits(base)?;
            Some(Number::Int(self.integer(digits, base)))
        }
    }

    fn decimal(&mut self, from: usize) -> Option<Number> {
        let mut is_float = false;
        if self.next() != Some(b'.') {
            self.digits(10)?;
        }
        if self.take(b'.') {
            is_float = true;
            let has_digit = self.next().is_some_and(|byte| byte.is_ascii_digit());
            if has_digit {
                self.digits(10)?;
            }
        }
        let exponent = match self.next() {
            Some(b'e') => branch!("literal.exponent", true, false),
            Some(b'E') => branch!("literal.exponent_capital", true, false),
            _ => false,
        };
        if exponent {
            is_float = true;
            self.at += 1;
            if !branch!("literal.exponent_plus", self.take(b'+'), false) {
                branch!("literal.exponent_minus", self.take(b'-'), false);
            }
            self.digits(10)?;
        }
        if is_float {
            return Some(Number::Float(self.float(from)?));
        }
        let value = self.integer(from, 10);
        let leading_zero = self.text[from] == b'0' && value != 0.0;
        (!branch!("literal.leading_zero", leading_zero, false)).then_some(Number::Int(value))
    }

    /// Digits, at least one, with single underscores between them.
    fn digits(&mut self, base: u32) -> Option<()> {
        loop {
            let from = self.at;
            while self.next().is_some_and(|byte| char::from(byte).is_digit(base)) {
                self.at += 1;
            }
            if branch!("literal.underscore_before_digit", self.at == from, false) {
                return None;
            }
            if !branch!("literal.underscore", self.take(b'_'), false) {
                return Some(());
            }
        }
    }

    /// 0, 1, or 2 for all that is larger: no integer but 0 and 1 can be in a box.
    fn integer(&self, from: usize, base: u32) -> f64 {
        self.text[from..self.at]
            .iter()
            .filter_map(|&byte| char::from(byte).to_digit(base))
            .fold(0.0, |value: f64, digit| {
                (value * f64::from(base) + f64::from(digit)).min(2.0)
            })
    }

    /// Underscores are dropped, then the value is rounded correctly, in Python as in Rust. A point
    /// without digits is no number.
    fn float(&self, from: usize) -> Option<f64> {
        let digits = self.text[from..self.at].iter().filter(|&&byte| byte != b'_');
        let text: String = digits.map(|&byte| char::from(byte)).collect();
        text.parse().ok()
    }
}

fn goes_on(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}
