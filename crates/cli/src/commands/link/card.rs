//! `sightline link card` and `sightline link qr`: links as pictures.

use std::path::Path;

use sightline_card::CardError;

use super::check;
use crate::args::link::{Card, Qr};
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE};
use crate::output;

/// Most bytes of the picture on a card.
const MOST_PICTURE: usize = 400_000;

/// Draws a card.
pub(super) fn run(args: &Card) -> Result<(), Failure> {
    let kind = Kind::of(&args.out)?;
    output::check(&[("--out", Some(&args.out))], args.image.as_deref())?;
    let shared = sightline_link::decode(&args.link)?;
    let picture = check::picture(args.image.as_deref(), &shared)?;
    let file = match &picture {
        None => {
            output::note(
                "the card is drawn without the picture, which the link does not hold; give it with --image FILE",
            );
            None
        }
        Some(picture) => {
            let too_large = || Failure::new(INPUT, "the picture cannot be made small enough for a card");
            Some(picture.to_jpeg(MOST_PICTURE).ok_or_else(too_large)?)
        }
    };
    kind.write(
        &args.out,
        sightline_card::card(&shared, file.as_deref()),
        f32::from(args.scale),
    )
}

/// Draws a code.
pub(super) fn qr(args: &Qr) -> Result<(), Failure> {
    let kind = Kind::of(&args.out)?;
    if !args.link.contains('#') {
        let why = "the link has no page: give the whole address, such as https://example.org/sightline/#AQ...";
        return Err(Failure::new(INPUT, why));
    }
    // A code that leads to a damaged link helps nobody.
    sightline_link::decode(&args.link)?;
    kind.write(&args.out, sightline_card::qr(&args.link).or_fail(INPUT)?, 1.0)
}

/// What a drawing is written as.
#[derive(Clone, Copy)]
enum Kind {
    Svg,
    Png,
}

impl Kind {
    /// By the end of the file's name.
    fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => {
                let why = format!("--out {}: the name must end in .svg or .png", path.display());
                Err(Failure::new(USAGE, why))
            }
        }
    }

    fn write(self, path: &Path, svg: String, scale: f32) -> Result<(), Failure> {
        let bytes = match self {
            Self::Svg => svg.into_bytes(),
            Self::Png => sightline_card::png(&svg, scale).map_err(|error| {
                let code = if error == CardError::NoFonts { INPUT } else { RUNNING };
                Failure::new(code, error)
            })?,
        };
        output::write(path, &bytes)
    }
}
