//! Ten million hostile fragments: none of them panics, and what is read of one is a sound result.

use sightline_link::{Milliseconds, Picture, Settings, Shared, SharedAnswer, Source, decode, encode};

const COUNT: u64 = 10_000_000;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// xorshift64*: the same fragments in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() >> 33) as usize % most
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let sources = [
        Source::Gallery("cat".into()),
        Source::Hash("0".repeat(64)),
        Source::File(b"\x89PNG\r\n\x1A\n1234".to_vec()),
    ];
    let shared = |source: Source| Shared {
        picture: Picture { source, size: [30, 20] },
        question: "Is there a cat?".into(),
        settings: Settings::default(),
        device: "CPU".into(),
        answers: vec![SharedAnswer {
            model: "m".into(),
            weights: "a".repeat(64),
            text: "yes".into(),
            times: Milliseconds::from([1, 2, 3, 4, 5]),
            ..SharedAnswer::default()
        }],
    };
    let written = |source| encode(&shared(source)).expect("a link").into_bytes();
    sources.map(written).into()
}

#[test]
fn ten_million_fragments() {
    let seeds = seeds();
    let workers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let read: u64 = std::thread::scope(|scope| {
        let work = |worker: u64| {
            let seeds = &seeds;
            move || {
                (0..COUNT / workers)
                    .map(|_| ())
                    .fold((Random(worker + 1), 0), |state, ()| one(state, seeds))
                    .1
            }
        };
        let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(work(worker))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    // Some changes hit bytes that mean nothing or something else that is sound: the test reaches
    // the end.
    assert!(read > 0);
}

/// Reads one fragment: noise, or a link with a few letters changed, added, dropped or repeated.
fn one((mut random, mut read): (Random, u64), seeds: &[Vec<u8>]) -> (Random, u64) {
    let mut bytes = match random.below(8) {
        0 => (0..random.below(300)).map(|_| LETTERS[random.below(64)]).collect(),
        _ => seeds[random.below(seeds.len())].clone(),
    };
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len().max(1)).min(bytes.len());
        match random.below(4) {
            0 => bytes.insert(at, LETTERS[random.below(64)]),
            1 => bytes.truncate(at.max(1)),
            2 => bytes.extend_from_within(..at),
            _ if at < bytes.len() => bytes[at] = LETTERS[random.below(64)],
            _ => {}
        }
    }
    let fragment = String::from_utf8(bytes).expect("letters");
    if let Ok(shared) = decode(&fragment) {
        read += 1;
        let again = encode(&shared).expect("what is read can be written");
        assert_eq!(decode(&again).expect("what is written can be read"), shared);
    }
    (random, read)
}
