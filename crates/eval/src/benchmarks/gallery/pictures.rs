//! The pictures that mosaics are made of: Caltech-101 (CC BY 4.0), from the part that neither of
//! the shipped models was trained on.

/// Folder of the pictures, in the data folder.
pub(super) const FOLDER: &str = "pictures/";

/// A picture with one thing in it.
#[derive(Debug)]
pub(super) struct Shown {
    /// Its file, in [`FOLDER`].
    file: &'static str,
    /// SHA-256 of the file.
    pub(super) sha256: &'static str,
    /// What is seen, as a model names it.
    pub(super) name: &'static str,
    /// Width and height, px.
    pub(super) size: [u32; 2],
    /// Where it is: x1, y1, x2, y2, px. Drawn by hand.
    pub(super) place: [u32; 4],
}

impl Shown {
    /// Its file, below the data folder.
    pub(super) fn path(&self) -> String {
        format!("{FOLDER}{}", self.file)
    }
}

const fn shown(file: &'static str, sha256: &'static str, name: &'static str, size: [u32; 2], place: [u32; 4]) -> Shown {
    Shown {
        file,
        sha256,
        name,
        size,
        place,
    }
}

/// All. Their order is part of the tasks' version.
pub(super) const PICTURES: [Shown; 12] = [
    shown(
        "airplanes-image_0645.png",
        "f84261a70614ef85d996e9a4abd202eed554e9529cdcb07ab3fd16cb956d4dde",
        "airplane",
        [160, 51],
        [22, 11, 137, 40],
    ),
    shown(
        "electric_guitar-image_0014.png",
        "b1638b13f36fab803a2228d02c5de32cb0846e42a27053b4c62edb748d8b4bbd",
        "electric guitar",
        [160, 120],
        [0, 36, 160, 88],
    ),
    shown(
        "elephant-image_0002.png",
        "46e2d4dadce1f71e6a75846a866599a70bb5dc0fbc2d69e52743fea1e7308ce4",
        "elephant",
        [160, 120],
        [22, 22, 116, 88],
    ),
    shown(
        "ferry-image_0003.png",
        "43694d71bb82d366dd760a1b9f59b528f037bb53f857b1a4fc506ed1c30523d5",
        "ferry",
        [160, 87],
        [26, 13, 129, 58],
    ),
    shown(
        "gramophone-image_0022.png",
        "94fca5236b4f97cad55aea05dc2f08df7a5719e715c188cbc6cd432071591650",
        "gramophone",
        [122, 160],
        [3, 2, 119, 158],
    ),
    shown(
        "ketch-image_0030.png",
        "f9157e9b185b14c9c526b1e18ccb9e984180ac9c18767db430e354a7bb17ad01",
        "ketch",
        [150, 160],
        [28, 7, 120, 149],
    ),
    shown(
        "motorbikes-image_0015.png",
        "1eb7d9758cd71ee8a02cc02381583943d5c3d875285fcea604a529eddce532ce",
        "motorcycle",
        [160, 89],
        [20, 12, 140, 78],
    ),
    shown(
        "pizza-image_0014.png",
        "f77e31a045afd511ca5b58f7a83917a4094fbf3845ae53e1526033f8cd7b559e",
        "pizza",
        [160, 122],
        [42, 46, 151, 105],
    ),
    shown(
        "stop_sign-image_0008.png",
        "766ea751b4e2e42e79c73e6554cfbabff53c9dff8a6473ab782b687f53dc4211",
        "stop sign",
        [158, 160],
        [0, 0, 158, 160],
    ),
    shown(
        "trilobite-image_0005.png",
        "eb9331f3daa36548796397291537193402015dba47d4ecfe1fbc7f6035649725",
        "trilobite",
        [142, 160],
        [29, 27, 120, 122],
    ),
    shown(
        "umbrella-image_0001.png",
        "29a300eb3b13391300591977ec5817c48bf47647eb1d8adcdf3bb12f985788e5",
        "umbrella",
        [160, 142],
        [0, 13, 160, 142],
    ),
    shown(
        "watch-image_0002.png",
        "beeaf44875a1847bb1f6c36a4470353c146709f6c6d213e1f12063e08e7918ca",
        "watch",
        [160, 120],
        [17, 20, 156, 98],
    ),
];
