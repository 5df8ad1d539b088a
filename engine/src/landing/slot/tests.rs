#![allow(
    clippy::cast_possible_truncation,
    reason = "sizes and counts of tests are small"
)]

use proptest::prelude::*;

use super::*;
use crate::landing::{LandingConfig, LandingPool};

const CHUNK_BYTES: usize = 3 * BLOCK_BYTES;

fn pool() -> LandingPool {
    LandingPool::new(&LandingConfig {
        total_bytes: 2 * CHUNK_BYTES,
        chunk_bytes: CHUNK_BYTES,
    })
    .expect("landing memory")
}

fn slot_with(pool: &LandingPool, bytes: &[u8]) -> Slot {
    let mut slot = Slot::new();
    slot.put_chunk(pool.take().expect("a free chunk"));
    slot.room()[..bytes.len()].copy_from_slice(bytes);
    slot.advance(bytes.len());
    slot
}

#[test]
fn a_slot_without_a_chunk_has_no_room() {
    let mut slot = Slot::new();
    assert!(slot.needs_chunk());
    assert!(slot.room().is_empty());
    assert!(!slot.is_full());
    assert!(slot.spill().is_none());
    assert!(slot.finish().is_none());
    assert_eq!(slot.bytes_landed(), 0);
}

#[test]
fn spill_below_one_block_stashes_all_and_frees_the_chunk() {
    let pool = pool();
    let mut slot = slot_with(&pool, b"little");
    assert_eq!(pool.free_count(), 1);
    assert!(slot.spill().is_none());
    assert_eq!(pool.free_count(), 2);
    assert!(slot.needs_chunk());
    assert_eq!(slot.bytes_landed(), 6);
    slot.put_chunk(pool.take().expect("a free chunk"));
    assert_eq!(slot.bytes_landed(), 6);
    let extent = slot.finish().expect("the stash came back");
    assert_eq!((extent.bytes(), extent.file_offset), (&b"little"[..], 0));
}

#[test]
fn finish_without_a_chunk_gives_the_stash() {
    let pool = pool();
    let mut bytes = vec![7; BLOCK_BYTES + 10];
    bytes[BLOCK_BYTES..].fill(9);
    let mut slot = slot_with(&pool, &bytes);
    let body = slot.spill().expect("a whole block");
    assert_eq!(
        (body.len, body.file_offset, body.file_end()),
        (BLOCK_BYTES, 0, 4096)
    );
    let rest = slot.finish().expect("the stash");
    assert!(matches!(rest.memory, Memory::Stash(_)));
    assert_eq!((rest.bytes(), rest.file_offset), (&[9; 10][..], 4096));
    assert!(slot.finish().is_none(), "an object ends once");
}

#[test]
fn spill_of_whole_blocks_leaves_no_stash() {
    let pool = pool();
    let mut slot = slot_with(&pool, &[1; 2 * BLOCK_BYTES]);
    assert_eq!(slot.spill().expect("two blocks").len, 2 * BLOCK_BYTES);
    assert!(slot.finish().is_none());
    assert_eq!(slot.bytes_landed(), 2 * BLOCK_BYTES as u64);
}

#[test]
fn finish_on_an_untouched_chunk_gives_it_back() {
    let pool = pool();
    let mut slot = slot_with(&pool, b"");
    assert!(slot.finish().is_none());
    assert_eq!(pool.free_count(), 2);
}

#[test]
#[should_panic(expected = "cannot have landed")]
fn more_bytes_than_room_are_a_bug_of_the_caller() {
    slot_with(&pool(), b"").advance(CHUNK_BYTES + 1);
}

#[test]
#[should_panic(expected = "one chunk at a time")]
fn a_second_chunk_is_a_bug_of_the_caller() {
    let pool = pool();
    let mut slot = slot_with(&pool, b"");
    slot.put_chunk(pool.take().expect("a free chunk"));
}

#[derive(Clone, Debug)]
enum Step {
    Land(usize),
    Spill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..CHUNK_BYTES + 1).prop_map(Step::Land),
        2 => (0..3 * BLOCK_BYTES / 2).prop_map(Step::Land),
        1 => Just(Step::Spill),
    ];
    proptest::collection::vec(step, 0..40)
}

/// What lands, as a plain file and through a slot.
#[derive(Default)]
struct Run {
    plain: Vec<u8>,
    file: Vec<u8>,
}

impl Run {
    /// Takes an extent as the store would, and checks the promises about it.
    fn take(&mut self, extent: Option<Extent>, is_last: bool) {
        let Some(extent) = extent else { return };
        assert!(extent.len > 0);
        assert_eq!(
            extent.file_offset as usize,
            self.file.len(),
            "no gap, no overlap"
        );
        assert_eq!(extent.file_offset as usize % BLOCK_BYTES, 0);
        assert!(is_last || extent.len % BLOCK_BYTES == 0);
        self.file.extend_from_slice(extent.bytes());
    }

    fn land(&mut self, pool: &LandingPool, slot: &mut Slot, mut n: usize) {
        while n > 0 {
            if slot.needs_chunk() {
                slot.put_chunk(pool.take().expect("one slot never holds two chunks"));
            }
            let room = slot.room();
            let part = n.min(room.len());
            for byte in &mut room[..part] {
                *byte = (self.plain.len() * 31 % 251) as u8;
                self.plain.push(*byte);
            }
            slot.advance(part);
            n -= part;
            assert_eq!(slot.bytes_landed() as usize, self.plain.len());
            if slot.is_full() {
                self.take(Some(slot.take_full()), false);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_gives_the_bytes_of_a_plain_file(steps in steps()) {
        let pool = pool();
        let (mut slot, mut run) = (Slot::new(), Run::default());
        for step in steps {
            match step {
                Step::Land(n) => run.land(&pool, &mut slot, n),
                Step::Spill => {
                    run.take(slot.spill(), false);
                    prop_assert!(slot.needs_chunk());
                    prop_assert_eq!(pool.free_count(), pool.chunk_count());
                }
            }
        }
        run.take(slot.finish(), true);
        prop_assert_eq!(slot.bytes_landed() as usize, run.plain.len());
        prop_assert_eq!(run.file, run.plain);
        prop_assert_eq!(pool.free_count(), pool.chunk_count());
    }
}
