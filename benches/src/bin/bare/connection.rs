//! One connection, from its first byte to its last, by a thread of its own.

use std::io::{self, Write};
use std::net::TcpStream;

use pdvault_engine::association::Negotiated;
use pdvault_engine::dataset::{FILE_META_BYTES_MAX, FileMeta};
use pdvault_engine::dimse::StoreRq;
use pdvault_engine::pdu::PduType;
use pdvault_engine::value::{PresentationContextId, Uid};

use crate::answer;
use crate::inbound::{Arrived, Inbound, Part};
use crate::landing::{Landing, Landings};

/// Serves a connection until it ends.
pub(crate) fn serve(stream: &TcpStream, landings: &Landings) -> io::Result<()> {
    stream.set_nodelay(true)?;
    landings.lend(|landing| {
        let mut connection = Connection {
            stream,
            landing,
            association: None,
            begun: None,
            front: 0,
            filled: 0,
        };
        connection.receive()
    })
}

struct Connection<'a> {
    stream: &'a TcpStream,
    landing: &'a mut dyn Landing,
    association: Option<Negotiated>,
    /// The object that is arriving, and its context.
    begun: Option<(PresentationContextId, StoreRq)>,
    /// The file meta information of the last object, in bytes: the next one's payload lands behind.
    front: usize,
    /// How far the landing memory is filled, in bytes.
    filled: usize,
}

impl Connection<'_> {
    fn receive(&mut self) -> io::Result<()> {
        let mut inbound = Inbound::new(self.stream);
        let mut out = Vec::new();
        loop {
            let room = &mut self.landing.memory()?[self.filled..];
            match inbound.next(room)? {
                Arrived::Object(part) => self.take(&part, &mut out)?,
                Arrived::Control(PduType::AssociateRq, body) => {
                    self.association = Some(answer::accept(&body, &mut out)?);
                }
                Arrived::Control(PduType::ReleaseRq, _) => {
                    answer::released(&mut out)?;
                    return self.stream.write_all(&out);
                }
                Arrived::Control(..) | Arrived::Closed => return Ok(()),
            }
            if !out.is_empty() {
                self.stream.write_all(&out)?;
                out.clear();
            }
        }
    }

    fn take(&mut self, part: &Part, out: &mut Vec<u8>) -> io::Result<()> {
        if let Some((context, request)) = &part.begun {
            self.begin(request, part.landed)?;
            self.begun = Some((*context, request.clone()));
        }
        self.filled += part.landed;
        if part.ended {
            return self.end(out);
        }
        if self.filled == self.landing.memory()?.len() {
            self.landing.full()?;
            self.filled = 0;
        }
        Ok(())
    }

    /// Puts the file meta information in front of the data set, of which `landed` bytes are there.
    fn begin(&mut self, request: &StoreRq, landed: usize) -> io::Result<()> {
        let association = self
            .association
            .as_ref()
            .ok_or(io::Error::other("no association"))?;
        let context = association
            .contexts
            .first()
            .ok_or(io::Error::other("no context"))?;
        let mut meta = [0; FILE_META_BYTES_MAX];
        let length = FileMeta {
            sop_class: &request.sop_class,
            sop_instance: &request.sop_instance,
            transfer_syntax: &Uid::from(context.transfer_syntax),
            source_ae_title: &association.calling_ae_title,
        }
        .encode(&mut meta);
        let memory = self.landing.memory()?;
        if landed > 0 && length != self.front {
            // It was left room for one like the last.
            memory.copy_within(self.front..self.front + landed, length);
        }
        memory[..length].copy_from_slice(&meta[..length]);
        (self.front, self.filled) = (length, length);
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let (context, request) = self.begun.take().ok_or(io::Error::other("no command"))?;
        self.landing
            .publish(self.filled, request.sop_instance.as_str())?;
        self.filled = self.front;
        answer::success(context, &request, out)
    }
}
