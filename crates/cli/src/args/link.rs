//! `sightline link` and what is below it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Asking;

/// `sightline link`.
#[derive(Debug, Args)]
pub(crate) struct Link {
    #[command(subcommand)]
    pub command: LinkCommand,
}

/// What is done with links.
#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// Asks the models, and prints a link to what they answered.
    Make(Make),
    /// Tells what a link holds.
    Show(Show),
    /// Tells whether these models are those of a link, and whether they answer as it says.
    Check(Check),
    /// Draws what a link holds, for a slide or a page: question, picture, boxes and answers.
    Card(Card),
    /// Draws a link as a QR code.
    Qr(Qr),
}

/// `sightline link make`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline link make dog.jpg \"Is there a dog in the image?\" \\\n    --page https://example.org/sightline/\n  \
    sightline link make dog.jpg \"Where is the dog?\" --include-picture \\\n    --page https://example.org/sightline/ --as html\n\n\
    Without --include-picture the link holds only the hash of the file: whoever opens it has to have the picture.")]
pub(crate) struct Make {
    /// A picture: PNG, JPEG, WebP, GIF, BMP or TIFF.
    pub image: PathBuf,
    /// The question.
    pub question: String,
    /// Address of the page that will open the link.
    #[arg(long, value_name = "URL")]
    pub page: String,
    /// The picture is this one of the page's gallery.
    #[arg(long, value_name = "ID", conflicts_with = "include_picture")]
    pub gallery: Option<String>,
    /// Puts the picture itself into the link, as a JPEG file of at most 60 kB. Models are asked
    /// about that file.
    #[arg(long)]
    pub include_picture: bool,
    /// What is printed.
    #[arg(long = "as", value_enum, value_name = "KIND", default_value_t = Kind::Link)]
    pub kind: Kind,
    #[command(flatten)]
    pub asking: Asking,
}

/// How a link is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The link alone.
    Link,
    /// A frame for a web page.
    Html,
    /// A link for a README.
    Markdown,
    /// An entry for a bibliography.
    Bibtex,
}

/// `sightline link show`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sightline link show \"$LINK\"\n  sightline link show \"$LINK\" --json\n  \
    sightline link show \"$LINK\" --picture-out picture.jpg"
)]
pub(crate) struct Show {
    /// The link, or what follows its `#`.
    pub link: String,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Writes the picture that the link holds.
    #[arg(long, value_name = "FILE")]
    pub picture_out: Option<PathBuf>,
}

/// `sightline link check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sightline link check \"$LINK\"\n  sightline link check \"$LINK\" --image dog.jpg\n\n\
    Without a picture only the weights are compared. The exit code is 1 where anything differs."
)]
pub(crate) struct Check {
    /// The link, or what follows its `#`.
    pub link: String,
    /// The picture, for a link that does not hold it. The models are asked again.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<PathBuf>,
}

/// `sightline link card`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sightline link card \"$LINK\" --out result.svg\n  \
    sightline link card \"$LINK\" --image dog.jpg --out result.png --scale 2\n\n\
    A card has 1200 x 630 px: what pages show of a link, and fit for a slide.")]
pub(crate) struct Card {
    /// The link, or what follows its `#`.
    pub link: String,
    /// The card: a file whose name ends in .svg or .png.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The picture, for a link that does not hold it.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<PathBuf>,
    /// How many times as large a PNG file is.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub scale: u8,
}

/// `sightline link qr`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sightline link qr \"$LINK\" --out code.svg\n  sightline link qr \"$LINK\" --out code.png\n\n\
    A link with a picture in it is too long for a code."
)]
pub(crate) struct Qr {
    /// The whole link, with the page's address.
    pub link: String,
    /// The code: a file whose name ends in .svg or .png.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
