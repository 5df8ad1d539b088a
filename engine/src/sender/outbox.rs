//! The data sets on their way: what the association has been promised of them, and what has gone.

use std::collections::{VecDeque, vec_deque};
use std::io::IoSlice;
use std::ops::ControlFlow;
use std::time::Instant;

use arrayvec::ArrayVec;

use super::payload::{Payload, PayloadError, Piece, Reach};
use super::socket::{Batch, Followed, SLICES_MAX};
use crate::association::{OperationId, Place, Requestor};

/// A data set of which something has not been sent.
#[derive(Debug)]
struct Store<P> {
    operation: OperationId,
    payload: P,
    reach: Reach,
    /// What the association may send, and what was sent: `sent <= provided <= reach.end`, in bytes
    /// from the start of the data set.
    provided: u64,
    sent: u64,
    /// Whether the association has been provided with all of it.
    is_complete: bool,
}

/// A data set that was sent to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentStore {
    pub(super) operation: OperationId,
    pub(super) bytes: u64,
}

/// See the [module documentation](self). The data sets stand in the order in which they are sent.
#[derive(Debug)]
pub(super) struct Outbox<P> {
    stores: VecDeque<Store<P>>,
}

impl<P: Payload> Outbox<P> {
    pub(super) fn new() -> Self {
        Self {
            stores: VecDeque::new(),
        }
    }

    /// The data set of the operation just begun. `reach` is what its first preparation gave.
    pub(super) fn push(&mut self, operation: OperationId, payload: P, reach: Reach) {
        self.stores.push_back(Store {
            operation,
            payload,
            reach,
            provided: 0,
            sent: 0,
            is_complete: false,
        });
    }

    /// Provides the association with as much of the data set at hand as is available and may be
    /// queued.
    pub(super) fn provide(
        &mut self,
        requestor: &mut Requestor,
        now: Instant,
    ) -> Result<(), (OperationId, PayloadError)> {
        let Some(operation) = requestor.awaits_data() else {
            return Ok(());
        };
        let Some(store) = self.stores.back_mut() else {
            return Ok(());
        };
        debug_assert_eq!(store.operation, operation, "data sets are sent in turn");
        while !store.is_complete {
            let room = requestor.provide_room();
            let is_prepared = room > 0 && store.prepare().map_err(|error| (operation, error))?;
            if !is_prepared {
                break;
            }
            let n = bytes_within(store.reach.end - store.provided, room);
            store.provided += n as u64;
            store.is_complete = store.reach.is_last && store.provided == store.reach.end;
            requestor.provide(n, store.is_complete, now);
        }
        Ok(())
    }

    /// What can be sent next by one system call; `slices` are to hold what lies in memory.
    pub(super) fn batch<'a>(
        &'a self,
        mut places: impl Iterator<Item = Place<'a>>,
        slices: &mut Slices<'a>,
    ) -> Batch<'a> {
        let mut gathering = Gathering {
            stores: self.stores.iter(),
            at_hand: None,
            slices,
            bytes: 0,
        };
        let flow = places.try_for_each(|place| match place {
            Place::Own(bytes) => gathering.add_memory(bytes),
            Place::Payload { operation, len } => gathering.add_payload(operation, len),
        });
        match flow {
            ControlFlow::Break(batch) => batch,
            ControlFlow::Continue(()) => gathering.memory(Followed::ByNothing),
        }
    }

    /// Takes note that the first `n` bytes of these places were sent.
    pub(super) fn sent<'a>(&mut self, n: usize, places: impl Iterator<Item = Place<'a>>) {
        let mut left = n;
        let mut stores = self.stores.iter_mut().peekable();
        for place in places {
            if left == 0 {
                break;
            }
            let (operation, len) = match place {
                Place::Own(bytes) => {
                    left = left.saturating_sub(bytes.len());
                    continue;
                }
                Place::Payload { operation, len } => (operation, len.min(left)),
            };
            left -= len;
            while stores
                .next_if(|store| store.operation != operation)
                .is_some()
            {}
            if let Some(store) = stores.peek_mut() {
                store.sent += len as u64;
            }
        }
    }

    /// The next data set that was sent to its end.
    pub(super) fn pop_sent(&mut self) -> Option<SentStore> {
        self.stores.front().filter(|store| store.is_sent())?;
        let store = self.stores.pop_front()?;
        Some(SentStore {
            operation: store.operation,
            bytes: store.sent,
        })
    }

    /// The operation whose data set is being sent, and how many of its bytes are known to be missing.
    pub(super) fn at_hand(&self) -> Option<(OperationId, u64)> {
        let store = self.stores.iter().find(|store| !store.is_sent())?;
        Some((store.operation, store.reach.end - store.sent))
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.stores.clear();
    }
}

impl<P: Payload> Store<P> {
    /// Sees to it that there is something to provide. No, if what is prepared has to be sent first.
    fn prepare(&mut self) -> Result<bool, PayloadError> {
        if self.provided == self.reach.end && !self.reach.is_last {
            if self.sent < self.provided {
                return Ok(false);
            }
            self.reach = self.payload.prepare(self.provided)?;
        }
        Ok(true)
    }
}

impl<P> Store<P> {
    fn is_sent(&self) -> bool {
        self.is_complete && self.sent == self.provided
    }
}

/// The slices of one vectored write.
pub(super) type Slices<'a> = ArrayVec<IoSlice<'a>, SLICES_MAX>;

/// A batch that is being put together.
struct Gathering<'a, 'b, P> {
    stores: vec_deque::Iter<'a, Store<P>>,
    /// The data set of the last place, and how far into it the batch reaches.
    at_hand: Option<(&'a Store<P>, u64)>,
    slices: &'b mut Slices<'a>,
    bytes: usize,
}

impl<'a, P: Payload> Gathering<'a, '_, P> {
    /// Adds bytes in memory, or completes the batch if it has as many slices as may be.
    fn add_memory(&mut self, bytes: &'a [u8]) -> ControlFlow<Batch<'a>> {
        if self.slices.try_push(IoSlice::new(bytes)).is_err() {
            return ControlFlow::Break(self.memory(Followed::ByNothing));
        }
        self.bytes += bytes.len();
        ControlFlow::Continue(())
    }

    /// Adds the next bytes of a data set, or completes the batch in front of a file's.
    fn add_payload(&mut self, operation: OperationId, len: usize) -> ControlFlow<Batch<'a>> {
        let mut left = len;
        while left > 0 {
            let (payload, offset) = self.seek(operation);
            match payload.piece(offset) {
                Piece::Memory(bytes) => {
                    let bytes = &bytes[..bytes.len().min(left)];
                    if bytes.is_empty() {
                        return ControlFlow::Break(self.memory(Followed::ByNothing));
                    }
                    self.add_memory(bytes)?;
                    self.at_hand = self
                        .at_hand
                        .map(|(store, at)| (store, at + bytes.len() as u64));
                    left -= bytes.len();
                }
                Piece::File { .. } if !self.slices.is_empty() => {
                    return ControlFlow::Break(self.memory(Followed::ByFile));
                }
                Piece::File {
                    file,
                    position,
                    len,
                } => {
                    let bytes = bytes_within(len, left);
                    return ControlFlow::Break(Batch::File {
                        file,
                        position,
                        bytes,
                    });
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The data set of an operation, and where in it the batch goes on.
    fn seek(&mut self, operation: OperationId) -> (&'a P, u64) {
        let (store, offset) = match self.at_hand {
            Some((store, offset)) if store.operation == operation => (store, offset),
            _ => {
                let store = self.stores.find(|store| store.operation == operation);
                let store = store.expect("a data set is kept until the association has sent it");
                (store, store.sent)
            }
        };
        self.at_hand = Some((store, offset));
        (&store.payload, offset)
    }

    fn memory(&mut self, followed: Followed) -> Batch<'a> {
        Batch::Memory {
            bytes: self.bytes,
            followed,
        }
    }
}

/// As much of a length as fits.
fn bytes_within(length: u64, room: usize) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX).min(room)
}
