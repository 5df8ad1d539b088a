//! Objects as the sender takes them.

use pdvault_engine::sender::{Payload, PayloadError, Piece, Reach};

use crate::corpus::Object;

/// A made-up object: all of it is there from the start.
#[derive(Debug)]
pub(super) struct ObjectPayload(pub(super) Object);

impl Payload for ObjectPayload {
    fn prepare(&mut self, _: u64) -> Result<Reach, PayloadError> {
        Ok(Reach {
            end: self.0.data_set_bytes(),
            is_last: true,
        })
    }

    fn piece(&self, offset: u64) -> Piece<'_> {
        Piece::Memory(self.0.piece(offset))
    }
}
