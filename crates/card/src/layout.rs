//! Where everything stands on a card.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sightline_link::{Shared, SharedAnswer, SharedBox};

use crate::text::{escaped, lines, width};

/// Width of a card, px: that of the pictures that pages show of links, and fit for a slide.
pub const WIDTH: u32 = 1200;
/// Height of a card, px.
pub const HEIGHT: u32 = 630;

const MARGIN: f32 = 48.0;
/// Where the picture may stand: left, top, width and height, px.
const PICTURE: [f32; 4] = [MARGIN, 156.0, 600.0, 400.0];
/// Left edge and width of the answers, px.
const ANSWERS: [f32; 2] = [696.0, 456.0];
const INK: &str = "#121b26";
const FAINT: &str = "#506072";

/// How what belongs to one model looks.
struct Look {
    /// Of lines on a picture, and of bars.
    line: &'static str,
    /// Of text on white.
    ink: &'static str,
    /// Dash and gap, px. Models differ in dash too, so that colour is not needed.
    dash: &'static str,
    /// Distance of a line from the box's edge, px, so that all lines are seen where boxes agree.
    inset: f32,
}

const LOOKS: [Look; 3] = [
    Look {
        line: "#39a0ff",
        ink: "#0a58a6",
        dash: "none",
        inset: 2.0,
    },
    Look {
        line: "#ff8c1a",
        ink: "#9a4a00",
        dash: "14 8",
        inset: 6.0,
    },
    Look {
        line: "#3ecf6e",
        ink: "#1b6b3a",
        dash: "4 6",
        inset: 10.0,
    },
];

/// A result as an SVG drawing of [`WIDTH`] times [`HEIGHT`] px. `picture` is the upright picture as
/// a JPEG file; without it, its place stays empty and has the boxes.
pub fn card(shared: &Shared, picture: Option<&[u8]>) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" fill=\"{INK}\">\n<title>{}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n",
        escaped(&shared.question)
    );
    question(&mut svg, &shared.question);
    let names = shared.names();
    pictured(&mut svg, shared, picture, &names);
    answers(&mut svg, shared, &names);
    let device = match shared.device.is_empty() {
        true => "Sightline".to_owned(),
        false => format!("Sightline · recorded on {}", shared.device),
    };
    let room = (WIDTH as f32 - 2.0 * MARGIN) / 18.0;
    for line in lines(&device, room, 1) {
        write(&mut svg, [MARGIN, 600.0], 18.0, &format!("fill=\"{FAINT}\""), &line);
    }
    svg.push_str("</svg>\n");
    svg
}

fn question(svg: &mut String, question: &str) {
    let room = WIDTH as f32 - 2.0 * MARGIN;
    // Short questions are written large.
    let [size, most] = if width(question) * 40.0 <= room {
        [40.0, 1.0]
    } else {
        [30.0, 2.0]
    };
    for (at, line) in lines(question, room / size, most as usize).iter().enumerate() {
        let y = 84.0 + at as f32 * size * 1.25;
        write(svg, [MARGIN, y], size, "font-weight=\"700\"", line);
    }
}

/// The picture and its boxes.
fn pictured(svg: &mut String, shared: &Shared, picture: Option<&[u8]>, names: &[String]) {
    let [left, top, most_wide, most_high] = PICTURE;
    let size = shared.picture.size.map(|side| side as f32);
    let scale = (most_wide / size[0]).min(most_high / size[1]);
    let (wide, high) = (size[0] * scale, size[1] * scale);
    let (x, y) = (left + (most_wide - wide) / 2.0, top + (most_high - high) / 2.0);
    let place = format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\"");
    match picture {
        Some(file) => {
            let data = STANDARD.encode(file);
            let _ = writeln!(
                svg,
                "<image {place} preserveAspectRatio=\"none\" href=\"data:image/jpeg;base64,{data}\"/>"
            );
        }
        None => {
            let _ = writeln!(svg, "<rect {place} fill=\"#f1f4f8\" stroke=\"#dbe1e9\"/>");
            let middle = [x + wide / 2.0, y + high / 2.0];
            let look = format!("fill=\"{FAINT}\" text-anchor=\"middle\"");
            write(svg, middle, 18.0, &look, "The picture is not here");
        }
    }
    let place = Place {
        origin: [x, y],
        size: [wide, high],
        scale,
    };
    let looks = || shared.answers.iter().zip(LOOKS.iter().cycle().zip(names));
    for (answer, (look, _)) in looks() {
        answer.boxes.iter().for_each(|found| place.outline(svg, found, look));
    }
    // Labels last, or a later box would cross them.
    let mut taken = Vec::new();
    for (answer, (look, name)) in looks() {
        let boxes = answer.boxes.iter();
        boxes.for_each(|found| place.label(svg, found, look, name, &mut taken));
    }
}

/// Where a picture is on the card.
struct Place {
    origin: [f32; 2],
    size: [f32; 2],
    /// Card px per picture px.
    scale: f32,
}

/// Left, top, right and bottom, px.
type Rectangle = [f32; 4];

impl Place {
    /// The box on the card, within the picture.
    fn of(&self, found: &SharedBox, inset: f32) -> Rectangle {
        let mut sides = [0.0; 4];
        for (i, px) in found.px.into_iter().enumerate() {
            let (origin, most) = (self.origin[i % 2], self.size[i % 2]);
            let side = px as f32 * self.scale;
            // A picture may be thinner than the line.
            let inset = inset.min(most / 2.0);
            sides[i] = origin + side.clamp(inset, most - inset);
        }
        sides
    }

    fn outline(&self, svg: &mut String, found: &SharedBox, look: &Look) {
        let [x1, y1, x2, y2] = self.of(found, look.inset);
        let (wide, high) = ((x2 - x1).max(1.0), (y2 - y1).max(1.0));
        let width = if found.dense { 2.5 } else { 4.0 };
        let fill = if found.dense {
            format!("{}22", look.line)
        } else {
            "none".to_owned()
        };
        // A dark line under the bright one: seen on any ground.
        for (colour, width) in [("#000000aa", width * 1.8), (look.line, width)] {
            let fill = if colour == look.line { &fill } else { "none" };
            let _ = writeln!(
                svg,
                "<rect x=\"{x1:.1}\" y=\"{y1:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" fill=\"{fill}\" stroke=\"{colour}\" \
                 stroke-width=\"{width:.1}\" stroke-dasharray=\"{}\"/>",
                look.dash
            );
        }
    }

    /// Writes whose box it is where no other label stands, at a corner of the box if one is free.
    fn label(&self, svg: &mut String, found: &SharedBox, look: &Look, name: &str, taken: &mut Vec<Rectangle>) {
        const SIZE: f32 = 15.0;
        let source = if found.dense { " · dense" } else { "" };
        let text = match &found.label {
            Some(label) => format!("{name}{source} · {label}"),
            None => format!("{name}{source}"),
        };
        let room = (self.size[0] - 10.0).max(SIZE) / SIZE;
        let Some(text) = lines(&text, room, 1).pop() else {
            return;
        };
        let (wide, high) = (width(&text) * SIZE + 10.0, SIZE * 1.5);
        let [x1, y1, x2, y2] = self.of(found, look.inset);
        let [left, top] = self.origin;
        let corners = [
            [x1, y1 - high],
            [x1, y1],
            [x2 - wide, y1],
            [x1, y2 - high],
            [x2 - wide, y2 - high],
            [x1, y1 + high],
        ];
        let at = |[x, y]: [f32; 2]| {
            let x = x.clamp(left, (left + self.size[0] - wide).max(left));
            let y = y.clamp(top, (top + self.size[1] - high).max(top));
            [x, y, x + wide, y + high]
        };
        let free = |place: &Rectangle| !taken.iter().any(|other| cross(place, other));
        let place = corners.map(at).into_iter().find(free).unwrap_or_else(|| at(corners[0]));
        let [x, y, ..] = place;
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" fill=\"{}\"/>",
            look.line
        );
        write(
            svg,
            [x + 5.0, y + SIZE * 1.1],
            SIZE,
            "fill=\"#0b1018\" font-weight=\"600\"",
            &text,
        );
        taken.push(place);
    }
}

fn cross(a: &Rectangle, b: &Rectangle) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// The answers, one below the other.
fn answers(svg: &mut String, shared: &Shared, names: &[String]) {
    let [left, room] = ANSWERS;
    let [_, top, _, high] = PICTURE;
    let each = high / shared.answers.len().max(1) as f32;
    for (at, (answer, name)) in shared.answers.iter().zip(names).enumerate() {
        let look = &LOOKS[at % LOOKS.len()];
        let y = top + at as f32 * each;
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" x2=\"{left}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"{}\" stroke-width=\"6\" stroke-dasharray=\"{}\"/>",
            y + 4.0,
            y + each - 14.0,
            look.line,
            look.dash
        );
        let (x, wide) = (left + 20.0, room - 20.0);
        let ink = format!("fill=\"{}\" font-weight=\"700\"", look.ink);
        for line in lines(name, wide / 20.0, 1) {
            write(svg, [x, y + 24.0], 20.0, &ink, &line);
        }
        said(svg, answer, [x, y + 24.0], [wide, each - 24.0 - 14.0]);
    }
}

/// What a model said, and how long it took, in a place of that width and height.
fn said(svg: &mut String, answer: &SharedAnswer, [x, y]: [f32; 2], [wide, high]: [f32; 2]) {
    // The room below the text belongs to the time.
    let high = high - 24.0;
    let fits = |size: f32| lines(&answer.text, wide / size, usize::MAX).len() as f32 * size * 1.25 <= high;
    let size = [28.0, 22.0, 18.0].into_iter().find(|size| fits(*size)).unwrap_or(18.0);
    let most = (high / (size * 1.25)).floor().max(1.0) as usize;
    let mut below = y;
    for line in lines(&answer.text, wide / size, most) {
        below += size * 1.25;
        write(svg, [x, below], size, "", &line);
    }
    let ms = answer.times.first_token + answer.times.decode;
    if ms > 0 {
        let time = match ms {
            0..10_000 => format!("{ms} ms"),
            _ => format!("{:.1} s", f64::from(ms) / 1e3),
        };
        let text = format!("{} tokens in {time}", answer.tokens);
        write(svg, [x, below + 24.0], 16.0, &format!("fill=\"{FAINT}\""), &text);
    }
}

fn write(svg: &mut String, [x, y]: [f32; 2], size: f32, look: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" {look}>{}</text>",
        escaped(text)
    );
}
