//! What the tests of the sending side ask for.

use std::path::Path;
use std::time::Duration;

use pdvault_engine::association::{MAX_SEND_PDU_BYTES, RequestorTimeouts, StoreRequest};
use pdvault_engine::dataset::file_meta;
use pdvault_engine::sender::{ConnectionOptions, Payload, PayloadError, Piece, Reach};
use pdvault_engine::value::Uid;

use super::CT;

/// A data set in memory, in two pieces.
pub(crate) struct Memory {
    bytes: Vec<u8>,
    seam: usize,
}

/// These bytes, to be sent from memory.
pub(crate) fn memory(bytes: &[u8]) -> Memory {
    Memory {
        bytes: bytes.to_vec(),
        seam: bytes.len() / 3,
    }
}

impl Payload for Memory {
    fn prepare(&mut self, _offset: u64) -> Result<Reach, PayloadError> {
        Ok(Reach {
            end: self.bytes.len() as u64,
            is_last: true,
        })
    }

    fn piece(&self, offset: u64) -> Piece<'_> {
        let offset = usize::try_from(offset).expect("within memory");
        let end = if offset < self.seam {
            self.seam
        } else {
            self.bytes.len()
        };
        Piece::Memory(&self.bytes[offset..end])
    }
}

pub(crate) fn options() -> ConnectionOptions {
    ConnectionOptions {
        timeouts: RequestorTimeouts {
            acse: Duration::from_secs(60),
            dimse: None,
            socket: Some(Duration::from_secs(60)),
        },
        connect_timeout: Some(Duration::from_secs(60)),
        max_send_pdu_bytes: MAX_SEND_PDU_BYTES,
    }
}

pub(crate) fn store_request(instance: &str) -> StoreRequest {
    StoreRequest {
        sop_class: Uid::from(CT),
        sop_instance: Uid::from(instance),
        priority: 0,
    }
}

/// The data set of a stored file.
pub(crate) fn stored(directory: &Path, instance: &str) -> Vec<u8> {
    let file = std::fs::read(directory.join(format!("CT.{instance}"))).expect("the file is there");
    let meta = file_meta::parse(&file).expect("file meta information");
    file[meta.data_set_offset..].to_vec()
}
