//! Every operation with every buffer too long, too short, too wide, or of other sides: it fails and
//! names the buffer. With the right ones it runs.

use sightline_kernels::ops::{
    Activation, AddPositions, Apply, Attention, CachedAttention, CopyRows, DIRECTIONS, Depthwise, DtProject, Embed,
    Im2col, Image, Input, LayerNorm, LowRank, NextToken, NextTokens, Patches, Places, RmsNorm, Rope, ScanSizes,
    SelectiveScan, SwiGlu, add_positions, attention, cached_attention, copy, depthwise, dt_project, embed, im2col,
    layer_norm, linear, next_token, next_tokens, rms_norm, rope_append, selective_scan, swiglu,
};
use sightline_kernels::{Buffer, Device, KernelError, Linear, Result, Shape};

/// An operation at some sizes.
#[derive(Clone)]
struct Operation {
    /// The name of each buffer in errors, and its shape.
    buffers: Vec<(&'static str, Shape)>,
    run: fn(&Device, &[Buffer]) -> Result<()>,
}

fn operation<const N: usize>(
    buffers: [(&'static str, Shape); N],
    run: fn(&Device, &[Buffer]) -> Result<()>,
) -> Operation {
    Operation {
        buffers: buffers.into(),
        run,
    }
}

const IMAGE: Image = Image {
    batch: 2,
    height: 5,
    width: 3,
    channels: 4,
};

const SCAN: ScanSizes = ScanSizes {
    batch: 1,
    height: 3,
    width: 2,
    channels: 5,
    rank: 2,
    state: 1,
};

/// A matrix `[5, 4]`.
fn map(device: &Device) -> Result<Linear> {
    Linear::f32(device, [5, 4], &[0.5; 20], None)
}

fn encoders() -> Vec<Operation> {
    let (pixels, wide) = (SCAN.pixels(), DIRECTIONS * SCAN.channels);
    vec![
        operation(
            [("x", IMAGE.shape()), ("row", [5, 4].into()), ("col", [3, 4].into())],
            |device, b| {
                let args = AddPositions {
                    x: &b[0],
                    row: &b[1],
                    col: &b[2],
                    grid: IMAGE,
                };
                add_positions(device, args)
            },
        ),
        operation([("qkv", [14, 48].into()), ("dst", [14, 16].into())], |device, b| {
            let args = Attention {
                qkv: &b[0],
                batch: 2,
                tokens: 7,
                heads: 2,
                head_dim: 8,
                dst: &b[1],
            };
            attention(device, args)
        }),
        operation(
            [
                ("x", IMAGE.shape()),
                ("weight", [9, 4].into()),
                ("bias", 4.into()),
                ("dst", IMAGE.shape()),
            ],
            |device, b| {
                let args = Depthwise {
                    x: &b[0],
                    weight: &b[1],
                    bias: Some(&b[2]),
                    image: IMAGE,
                    side: 3,
                    silu: true,
                    dst: &b[3],
                };
                depthwise(device, args)
            },
        ),
        operation(
            [
                ("proj", [7, 20].into()),
                ("weight", [4, 6, 3].into()),
                ("dst", [7, 24].into()),
            ],
            |device, b| {
                let args = DtProject {
                    proj: &b[0],
                    weight: &b[1],
                    pixels: 7,
                    channels: 6,
                    rank: 3,
                    state: 1,
                    dst: &b[2],
                };
                dt_project(device, args)
            },
        ),
        operation([("x", IMAGE.shape()), ("dst", [12, 36].into())], |device, b| {
            let args = Im2col {
                x: &b[0],
                image: IMAGE,
                patches: Patches::HALVING,
                dst: &b[1],
            };
            im2col(device, args)
        }),
        operation(
            [("x", [6, 4].into()), ("bias", 4.into()), ("dst", [6, 4].into())],
            |device, b| {
                let args = LayerNorm {
                    x: &b[0],
                    weight: &device.upload_f32(&[1.0; 4]),
                    bias: &b[1],
                    eps: 1e-5,
                    rows: 6,
                    activation: Activation::None,
                    dst: &b[2],
                };
                layer_norm(device, args)
            },
        ),
        operation(
            [
                ("u", [pixels, SCAN.channels].into()),
                ("delta", [pixels, wide].into()),
                ("proj", [pixels, 16].into()),
                ("a", [DIRECTIONS, SCAN.channels, 1].into()),
                ("d", [DIRECTIONS, SCAN.channels].into()),
                ("dt_bias", [DIRECTIONS, SCAN.channels].into()),
                ("workspace", SCAN.workspace().into()),
                ("dst", [pixels, SCAN.channels].into()),
            ],
            |device, b| {
                let args = SelectiveScan {
                    u: &b[0],
                    delta: &b[1],
                    proj: &b[2],
                    a: &b[3],
                    d: &b[4],
                    dt_bias: &b[5],
                    sizes: SCAN,
                    workspace: &b[6],
                    dst: &b[7],
                };
                selective_scan(device, args)
            },
        ),
    ]
}

fn language_models() -> Vec<Operation> {
    vec![
        operation([("ids", 3.into()), ("dst", [3, 4].into())], |device, b| {
            let args = Embed {
                table: &map(device)?,
                ids: &b[0],
                m: 3,
                dst: &b[1],
            };
            embed(device, args)
        }),
        operation(
            [
                ("logits", [1, 9].into()),
                ("token", 1.into()),
                ("position", 1.into()),
                ("history", [1, 6].into()),
            ],
            |device, b| {
                let args = NextToken {
                    logits: &b[0],
                    token: &b[1],
                    position: &b[2],
                    history: &b[3],
                    vocabulary: 9,
                    capacity: 6,
                };
                next_token(device, args)
            },
        ),
        operation(
            [
                ("logits", [2, 9].into()),
                ("tokens", 2.into()),
                ("rows", [2, 3].into()),
                ("history", [2, 6].into()),
                ("margins", [2, 6].into()),
            ],
            |device, b| {
                let args = NextTokens {
                    logits: &b[0],
                    tokens: &b[1],
                    rows: &b[2],
                    history: &b[3],
                    margins: &b[4],
                    m: 2,
                    vocabulary: 9,
                    capacity: 6,
                };
                next_tokens(device, args)
            },
        ),
        operation([("x", [3, 4].into()), ("dst", [3, 4].into())], |device, b| {
            let args = RmsNorm {
                x: &b[0],
                weight: &device.upload_f32(&[1.0; 4]),
                eps: 1e-5,
                rows: 3,
                dst: &b[1],
            };
            rms_norm(device, args)
        }),
        operation([("gate_up", [3, 8].into()), ("dst", [3, 4].into())], |device, b| {
            let args = SwiGlu {
                gate_up: &b[0],
                rows: 3,
                width: 4,
                dst: &b[1],
            };
            swiglu(device, args)
        }),
    ]
}

/// Rotation and attention over a cache of one sequence, and of two.
fn caches() -> Vec<Operation> {
    fn places(buffer: &Buffer, slots: usize) -> Places<'_> {
        match slots {
            1 => Places::From(buffer),
            _ => Places::Rows {
                rows: buffer,
                slots,
                prefix: 1,
            },
        }
    }
    fn rotate(device: &Device, b: &[Buffer], slots: usize) -> Result<()> {
        let args = Rope {
            qkv: &b[0],
            keys: &b[1],
            values: &b[2],
            places: places(&b[3], slots),
            table: &b[4],
            m: 3,
            heads: 2,
            kv_heads: 1,
            head_dim: 4,
            capacity: 5,
        };
        rope_append(device, args)
    }
    fn attend(device: &Device, b: &[Buffer], slots: usize) -> Result<()> {
        let args = CachedAttention {
            qkv: &b[0],
            keys: &b[1],
            values: &b[2],
            places: places(&b[3], slots),
            m: 3,
            heads: 2,
            kv_heads: 1,
            head_dim: 4,
            capacity: 5,
            dst: &b[4],
        };
        cached_attention(device, args)
    }
    let buffers = |slots: usize, last: (&'static str, Shape)| {
        let places = if slots == 1 { 1.into() } else { [3, 3].into() };
        [
            ("qkv", [3, 16].into()),
            ("keys", [5 * slots, 4].into()),
            ("values", [5 * slots, 4].into()),
            ("places", places),
            last,
        ]
    };
    let (table, dst) = (("table", [5, 2, 2].into()), ("dst", [3, 8].into()));
    vec![
        operation(buffers(1, table), |device, b| rotate(device, b, 1)),
        operation(buffers(2, table), |device, b| rotate(device, b, 2)),
        operation(buffers(1, dst), |device, b| attend(device, b, 1)),
        operation(buffers(2, dst), |device, b| attend(device, b, 2)),
    ]
}

fn products() -> Vec<Operation> {
    vec![
        operation([("x", [3, 4].into()), ("dst", [3, 5].into())], |device, b| {
            linear(device, Apply::new(&map(device)?, &b[0], 3, &b[1]))
        }),
        operation(
            [("x", [3, 4].into()), ("norm weight", 4.into()), ("dst", [3, 5].into())],
            |device, b| {
                let input = Input::RmsNorm {
                    weight: &b[1],
                    eps: 1e-5,
                };
                let map = map(device)?;
                let plain = Apply::new(&map, &b[0], 3, &b[2]);
                linear(device, Apply { input, ..plain })
            },
        ),
        operation([("x", [3, 8].into()), ("dst", [3, 5].into())], |device, b| {
            let map = map(device)?;
            let plain = Apply::new(&map, &b[0], 3, &b[1]);
            let input = Input::SwiGlu;
            linear(device, Apply { input, ..plain })
        }),
        operation(
            [
                ("x", [3, 4].into()),
                ("low_rank.b", [5, 2].into()),
                ("low_rank.t", [3, 4].into()),
                ("dst", [3, 5].into()),
            ],
            |device, b| {
                let low_rank = Some(LowRank {
                    b: &b[1],
                    t: &b[2],
                    rank: 2,
                    scale: 1.0,
                    bounds: [3, 5],
                });
                let map = map(device)?;
                let plain = Apply::new(&map, &b[0], 3, &b[3]);
                linear(device, Apply { low_rank, ..plain })
            },
        ),
    ]
}

/// The shape with its side `at` longer or shorter by one.
fn changed(shape: Shape, at: usize, longer: bool) -> Shape {
    let side = |i: usize, side: usize| match (i == at, longer) {
        (false, _) => side,
        (true, true) => side + 1,
        (true, false) => side - 1,
    };
    let sides = shape.sides();
    match *sides {
        [a] => [side(0, a)].into(),
        [a, b] => [side(0, a), side(1, b)].into(),
        [a, b, c] => [side(0, a), side(1, b), side(2, c)].into(),
        _ => unreachable!("one to three sides"),
    }
}

#[test]
fn a_buffer_of_another_shape_does_not_pass() {
    let device = Device::cpu();
    let empty = |shape: Shape| device.empty_f32(shape);
    for operation in [encoders(), language_models(), caches(), products()].concat() {
        let right: Vec<Buffer> = operation.buffers.iter().map(|buffer| empty(buffer.1)).collect();
        (operation.run)(&device, &right).unwrap();
        for (at, &(name, shape)) in operation.buffers.iter().enumerate() {
            let sides = shape.sides().len();
            let mut wrong: Vec<Shape> = (0..2 * sides).map(|i| changed(shape, i / 2, i % 2 == 0)).collect();
            // As many values, and other sides.
            if sides > 1 {
                wrong.push(shape.len().into());
            }
            for wrong in wrong {
                let mut buffers = right.clone();
                buffers[at] = empty(wrong);
                match (operation.run)(&device, &buffers) {
                    Err(KernelError::Shape {
                        name: said,
                        expected,
                        found,
                        ..
                    }) => assert_eq!((said, expected, found), (name, shape, wrong)),
                    other => panic!("{name} {wrong} instead of {shape}: {other:?}"),
                }
            }
            // The right shape over memory that is longer.
            let mut buffers = right.clone();
            buffers[at] = empty(changed(shape, 0, true)).view(shape).unwrap();
            (operation.run)(&device, &buffers).unwrap();
        }
    }
}

#[test]
fn an_error_shows_both_shapes() {
    let device = Device::cpu();
    let (x, dst) = (device.empty_f32([196, 384]), device.empty_f32([196, 384]));
    let norm = RmsNorm {
        x: &x,
        weight: &device.upload_f32(&[1.0; 192]),
        eps: 1e-5,
        rows: 196,
        dst: &dst,
    };
    assert_eq!(
        rms_norm(&device, norm).unwrap_err().to_string(),
        "rms_norm: `x` has the shape [196, 384], [196, 192] is needed"
    );
}

#[test]
fn copied_rows_have_one_width_and_lie_inside() {
    let device = Device::cpu();
    let (src, dst) = (device.empty_f32([4, 3]), device.empty_f32([2, 3]));
    let args = CopyRows {
        src: &src,
        from: 2,
        dst: &dst,
        to: 0,
        rows: 2,
    };
    copy(&device, args).unwrap();
    let narrow = device.empty_f32([4, 2]);
    for (wrong, expected) in [
        (
            CopyRows { from: 3, ..args },
            "copy: `src` has the shape [4, 3], [5, 3] is needed",
        ),
        (
            CopyRows { to: 1, ..args },
            "copy: `dst` has the shape [2, 3], [3, 3] is needed",
        ),
        (
            CopyRows { src: &narrow, ..args },
            "copy: `src` has the shape [4, 2], [4, 3] is needed",
        ),
    ] {
        assert_eq!(copy(&device, wrong).unwrap_err().to_string(), expected);
    }
}
