//! What is stored: objects of all sizes from many senders, some under a name used before.

use std::thread;

use pdvault_tests::random::Random;

use crate::ledger::{Ledger, Version};

/// Sizes of objects in bytes: less than a block, one block, small ones that go through the page
/// cache whole, and large ones with tails of any length. All even, as data sets are.
const SIZES: [usize; 7] = [
    700,
    4096,
    8 << 10,
    20_000,
    (100 << 10) + 1002,
    512 << 10,
    (512 << 10) + 2222,
];

/// One object in so many is large: its space is reserved ahead and given back.
const LARGE_IN: u64 = 100;

/// The size of a large one, in bytes.
const LARGE_BYTES: usize = (9 << 20) + 1234;

/// How much is stored.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) senders: usize,
    /// Objects of each sender.
    pub(crate) objects: usize,
    /// How many objects in a hundred take the name of an earlier one of the same sender.
    pub(crate) replaced: u64,
    pub(crate) random: Random,
}

/// One object of a load.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// A UID.
    pub(crate) name: String,
    /// How many objects of this name came before.
    pub(crate) version: u64,
    pub(crate) bytes: usize,
}

impl Load {
    /// What each sender stores, in order.
    fn items(&self) -> Vec<Vec<Item>> {
        let mut random = self.random.clone();
        let senders = 0..self.senders;
        senders
            .map(|sender| self.items_of(sender, &mut random))
            .collect()
    }

    fn items_of(&self, sender: usize, random: &mut Random) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut names: Vec<u64> = Vec::new();
        for _ in 0..self.objects {
            let index = if !names.is_empty() && random.below(100) < self.replaced {
                usize::try_from(random.below(names.len() as u64)).expect("below a length")
            } else {
                names.push(0);
                names.len() - 1
            };
            items.push(Item {
                name: format!("2.25.{}{index:04}", sender + 1),
                version: names[index],
                bytes: size(random),
            });
            names[index] += 1;
        }
        items
    }

    /// Runs all senders at once. Each makes itself ready in its thread and then gets its items one
    /// by one; what it returns is put into the ledger under the name that comes with it.
    pub(crate) fn run<S>(
        &self,
        ready: impl Fn() -> S + Sync,
        store: impl Fn(&mut S, &Item) -> (String, Version) + Sync,
    ) -> Ledger {
        let mut ledger = Ledger::default();
        let (ready, store) = (&ready, &store);
        thread::scope(|scope| {
            let senders: Vec<_> = self
                .items()
                .into_iter()
                .map(|items| {
                    scope.spawn(move || {
                        let mut sender = ready();
                        let stored = items.iter().map(|item| store(&mut sender, item));
                        stored.collect::<Vec<_>>()
                    })
                })
                .collect();
            for sender in senders {
                for (name, version) in sender.join().expect("a sender ends well") {
                    ledger.0.entry(name).or_default().push(version);
                }
            }
        });
        ledger
    }
}

fn size(random: &mut Random) -> usize {
    if random.below(LARGE_IN) == 0 {
        LARGE_BYTES
    } else {
        random.pick(&SIZES)
    }
}
