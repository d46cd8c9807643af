use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::error::CardError;

/// Fonts that are taken first, in this order: what most systems have.
const FONTS: [&str; 6] = [
    "DejaVu Sans",
    "Liberation Sans",
    "Noto Sans",
    "Segoe UI",
    "Helvetica",
    "Arial",
];

/// An SVG drawing as a PNG file, `scale` times as large. Texts are written with this system's
/// fonts.
///
/// # Errors
/// [`CardError::NoFonts`] where a drawing with text finds none.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, CardError> {
    let mut options = Options::default();
    if svg.contains("<text") {
        let fonts = options.fontdb_mut();
        fonts.load_system_fonts();
        let has = |name: &&str| {
            fonts
                .faces()
                .any(|face| face.families.iter().any(|(family, _)| family == name))
        };
        let known = FONTS.into_iter().find(has).map(ToOwned::to_owned);
        let any = || fonts.faces().find_map(|face| Some(face.families.first()?.0.clone()));
        let family = known.or_else(any).ok_or(CardError::NoFonts)?;
        fonts.set_sans_serif_family(family);
    }
    let tree = Tree::from_str(svg, &options).map_err(|error| CardError::Drawing(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(scale).ok_or(CardError::Memory)?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or(CardError::Memory)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|_| CardError::Memory)
}
