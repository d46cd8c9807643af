//! Encoder time against tokens, both axes logarithmic, as an SVG made by hand.

use std::fmt::Write;

use crate::report::{Report, Row, time};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
/// Left, top, right, bottom margins, px.
const MARGIN: [f64; 4] = [80.0, 48.0, 170.0, 56.0];
/// The colours that stand for the arms elsewhere too: distinct without red and green.
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// A logarithmic axis.
struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// Covers all values with some air around them.
    fn over(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(0.0, f64::max);
        Self {
            from: least / 1.5,
            to: most * 1.5,
            start,
            end,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value / self.from).ln() / (self.to / self.from).ln();
        self.start + share * (self.end - self.start)
    }

    /// 1, 2 and 5 times the powers of ten inside.
    fn ticks(&self) -> Vec<f64> {
        let first = self.from.log10().floor() as i32;
        let last = self.to.log10().ceil() as i32;
        (first..=last)
            .flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power)))
            .filter(|tick| (self.from..=self.to).contains(tick))
            .collect()
    }
}

/// The chart, or nothing where no encoder ran.
pub fn draw(report: &Report) -> Option<String> {
    let points: Vec<(&Row, &str, f64)> = report
        .rows
        .iter()
        .filter_map(|row| Some((row, row.series.as_deref()?, row.tokens? as f64)))
        .collect();
    points.first()?;
    let [left, top, right, bottom] = MARGIN;
    let x = Axis::over(points.iter().map(|p| p.2), left, WIDTH - right);
    let y = Axis::over(points.iter().map(|p| p.0.seconds), HEIGHT - bottom, top);
    let mut names: Vec<&str> = points.iter().map(|p| p.1).collect();
    names.dedup();
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
"##
    );
    frame(&mut svg, report, &x, &y, points.iter().map(|p| p.2));
    for (i, name) in names.iter().enumerate() {
        let line: Vec<(f64, f64)> = points
            .iter()
            .filter(|p| p.1 == *name)
            .map(|p| (x.place(p.2), y.place(p.0.seconds)))
            .collect();
        series(&mut svg, name, COLOURS[i % COLOURS.len()], &line);
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

/// Title, axes, ticks. Tokens are few and known, so each is a tick of its own.
fn frame(svg: &mut String, report: &Report, x: &Axis, y: &Axis, tokens: impl Iterator<Item = f64>) {
    let device = report.machine.as_ref().map_or("", |m| m.device.as_str());
    let (bottom, middle) = (y.start, (x.start + x.end) / 2.0);
    put(
        svg,
        middle,
        24.0,
        "middle",
        &format!("One picture through an encoder, {device}"),
    );
    put(
        svg,
        middle,
        HEIGHT - 14.0,
        "middle",
        "visual tokens (224, 448, 896 px), logarithmic",
    );
    let height = (y.start + y.end) / 2.0;
    let _ = writeln!(
        svg,
        r#"<text x="18" y="{height}" text-anchor="middle" transform="rotate(-90 18 {height})">time, median, logarithmic</text>"#
    );
    let mut seen: Vec<f64> = tokens.collect();
    seen.sort_by(f64::total_cmp);
    seen.dedup();
    for value in seen {
        let at = x.place(value);
        rule(svg, [at, bottom, at, y.end]);
        put(svg, at, bottom + 18.0, "middle", &format!("{value:.0}"));
    }
    for value in y.ticks() {
        let at = y.place(value);
        rule(svg, [x.start, at, x.end, at]);
        put(svg, x.start - 8.0, at + 4.0, "end", &tick(value));
    }
}

fn series(svg: &mut String, name: &str, colour: &str, points: &[(f64, f64)]) {
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
        path.join(" ")
    );
    for (x, y) in points {
        let _ = writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="4" fill="{colour}"/>"#);
    }
    if let Some((x, y)) = points.last() {
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" fill="{colour}">{}</text>"#,
            x + 10.0,
            y + 4.0,
            escape(name)
        );
    }
}

/// A time without needless zeros.
fn tick(seconds: f64) -> String {
    let text = time(seconds);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

fn rule(svg: &mut String, [x1, y1, x2, y2]: [f64; 4]) {
    let _ = writeln!(svg, r##"<path d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}" stroke="#ddd"/>"##);
}

fn put(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#,
        escape(text)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_places_ends_and_ticks() {
        let axis = Axis::over([1.0, 100.0].into_iter(), 0.0, 10.0);
        assert!(axis.place(1.0) > 0.0 && axis.place(100.0) < 10.0);
        assert_eq!(axis.ticks(), vec![1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(tick(0.002), "2 ms");
    }

    #[test]
    fn nothing_to_draw() {
        assert!(draw(&Report::default()).is_none());
    }
}
