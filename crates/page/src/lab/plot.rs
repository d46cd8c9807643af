//! Time against tokens, both axes logarithmic: where lines, dots and texts are. Views draw them as
//! SVG and on a canvas.

use sightline_messages::{Fit, ModelInfo, SweepPoint};

use crate::words;

pub(crate) const WIDTH: f64 = 640.0;
pub(crate) const HEIGHT: f64 = 380.0;
/// Left, top, right and bottom of the area between the axes, px.
const AREA: [f64; 4] = [76.0, 20.0, 470.0, 328.0];

/// Something to draw. A palette of `None` is the frame's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Line {
        points: Vec<[f64; 2]>,
        palette: Option<u32>,
        dashed: bool,
    },
    Dot {
        at: [f64; 2],
        palette: Option<u32>,
    },
    Text {
        at: [f64; 2],
        anchor: Anchor,
        text: String,
        palette: Option<u32>,
    },
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A logarithmic axis.
struct Axis {
    values: [f64; 2],
    places: [f64; 2],
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, places: [f64; 2]) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min).max(1e-6);
        let most = values.fold(0.0, f64::max).max(least);
        Self {
            values: [least / 1.4, most * 1.4],
            places,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let [from, to] = self.values.map(f64::ln);
        let share = (value.max(1e-9).ln() - from) / (to - from);
        self.places[0] + share * (self.places[1] - self.places[0])
    }

    /// 1, 2 and 5 times the powers of ten inside, thinned out where there are many.
    fn ticks(&self) -> Vec<f64> {
        let powers = self.values.map(|value| value.log10().floor() as i32);
        let steps: &[f64] = if powers[1] - powers[0] > 3 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        (powers[0]..=powers[1])
            .flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)))
            .filter(|tick| (self.values[0]..=self.values[1]).contains(tick))
            .collect()
    }
}

/// The plot; nothing where nothing was measured.
pub(crate) fn shapes(points: &[SweepPoint], fits: &[Fit], models: &[ModelInfo]) -> Vec<Shape> {
    if points.is_empty() {
        return Vec::new();
    }
    let [left, top, right, bottom] = AREA;
    let x = Axis::over(points.iter().map(|p| f64::from(p.tokens)), [left, right]);
    let y = Axis::over(points.iter().map(|p| p.median_ms), [bottom, top]);
    let mut shapes = frame(&x, &y, points);
    let mut series: Vec<(&str, bool)> = Vec::new();
    for point in points {
        let key = (point.model.as_str(), point.half);
        if !series.contains(&key) {
            series.push(key);
        }
    }
    // Labels that would cover one another move down.
    let mut lowest = top;
    for (model, half) in series {
        let info = models.iter().find(|info| info.id == model);
        let palette = Some(info.map_or(0, |info| info.palette));
        let line: Vec<[f64; 2]> = points
            .iter()
            .filter(|p| p.model == model && p.half == half)
            .map(|p| [x.place(f64::from(p.tokens)), y.place(p.median_ms)])
            .collect();
        let fit = fits.iter().find(|fit| fit.model == model && fit.half == half);
        let end = line.last().copied().unwrap_or([left, bottom]);
        shapes.extend(line.iter().map(|&at| Shape::Dot { at, palette }));
        shapes.push(Shape::Line {
            points: line,
            palette,
            dashed: half,
        });
        let name = info.map_or(model, |info| &info.title);
        let bits = if half { ", 16 bit" } else { "" };
        let exponent = fit.map_or_else(String::new, |fit| format!(", exponent {:.2}", fit.exponent));
        lowest = (end[1] + 4.0).max(lowest + 16.0);
        shapes.push(Shape::Text {
            at: [right + 8.0, lowest],
            anchor: Anchor::Start,
            text: format!("{name}{bits}{exponent}"),
            palette,
        });
    }
    shapes
}

/// Axes, ticks and their names. Numbers of tokens are few and known: each is a tick.
fn frame(x: &Axis, y: &Axis, points: &[SweepPoint]) -> Vec<Shape> {
    let [left, top, right, bottom] = AREA;
    let rule = |from: [f64; 2], to: [f64; 2]| Shape::Line {
        points: vec![from, to],
        palette: None,
        dashed: false,
    };
    let text = |at: [f64; 2], anchor, text: String| Shape::Text {
        at,
        anchor,
        text,
        palette: None,
    };
    let mut shapes = Vec::new();
    let mut tokens: Vec<u32> = points.iter().map(|point| point.tokens).collect();
    tokens.sort_unstable();
    tokens.dedup();
    for tokens in tokens {
        let at = x.place(f64::from(tokens));
        shapes.push(rule([at, bottom], [at, top]));
        shapes.push(text([at, bottom + 18.0], Anchor::Middle, tokens.to_string()));
    }
    for value in y.ticks() {
        let at = y.place(value);
        shapes.push(rule([left, at], [right, at]));
        shapes.push(text([left - 8.0, at + 4.0], Anchor::End, words::ms(value)));
    }
    let middle = (left + right) / 2.0;
    shapes.push(text(
        [middle, HEIGHT - 12.0],
        Anchor::Middle,
        "visual tokens, time of a pass (both logarithmic)".into(),
    ));
    shapes
}

#[cfg(test)]
mod tests {
    use super::super::sweeping::tests::point;
    use super::*;

    #[test]
    fn dots_lie_between_the_axes_and_labels_apart() {
        assert!(shapes(&[], &[], &[]).is_empty());
        let points = [
            point("a", 224, 1.0),
            point("a", 448, 4.0),
            point("b", 224, 1.1),
            point("b", 448, 4.2),
        ];
        let fits = [Fit {
            model: "a".into(),
            half: false,
            exponent: 1.0,
        }];
        let shapes = shapes(&points, &fits, &[]);
        let dots: Vec<[f64; 2]> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Dot { at, .. } => Some(*at),
                _ => None,
            })
            .collect();
        assert_eq!(dots.len(), 4);
        let [left, top, right, bottom] = AREA;
        assert!(
            dots.iter()
                .all(|[x, y]| (left..right).contains(x) && (top..bottom).contains(y))
        );
        // Slower is higher, more tokens are further right.
        assert!(dots[1][0] > dots[0][0] && dots[1][1] < dots[0][1]);
        let labels: Vec<(f64, &str)> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text {
                    at,
                    text,
                    palette: Some(_),
                    ..
                } => Some((at[1], text.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(labels[0].1, "a, exponent 1.00");
        assert!(labels[1].0 - labels[0].0 >= 16.0, "{labels:?}");
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::over([1.0, 100.0].into_iter(), [0.0, 10.0]);
        assert_eq!(axis.ticks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        let axis = Axis::over([1.0, 100_000.0].into_iter(), [0.0, 10.0]);
        assert_eq!(axis.ticks(), [1.0, 10.0, 100.0, 1e3, 1e4, 1e5]);
    }
}
