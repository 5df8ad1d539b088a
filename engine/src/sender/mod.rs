//! The public door for sending: associations on sockets, whose data sets come from files, memory or
//! streams.
//!
//! [`Connection`] is one association on one nonblocking socket, for callers with an event loop;
//! [`EventLoop`] is a small one for many connections of a thread, and [`BlockingConnection`] serves a
//! thread that has only one. What a data set is sent from is a [`Payload`].
//!
//! ```
//! use std::time::Duration;
//!
//! use pdvault_engine::association::{
//!     MAX_SEND_PDU_BYTES, RequestorEvent, RequestorTimeouts, StoreRequest,
//! };
//! use pdvault_engine::pdu::{APPLICATION_CONTEXT, AssociateRq, ProposedContext, UserInformation};
//! use pdvault_engine::receiver::Receiver;
//! use pdvault_engine::sender::{
//!     BlockingConnection, ConnectionEvent, ConnectionOptions, StreamPayload,
//! };
//! use pdvault_engine::value::{AeTitle, PresentationContextId, Uid};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let receiver = Receiver::builder()
//! #     .listen(([127, 0, 0, 1], 0).into()).landing_memory(16 << 20).ignore(true).start()?;
//! # let addresses = [receiver.local_addr()];
//! let ct = Uid::from("1.2.840.10008.5.1.4.1.1.2");
//! let context = PresentationContextId(1);
//! let request = AssociateRq {
//!     protocol_version: 1,
//!     called_ae_title: AeTitle::new("PDVAULT").ok_or("no AE title")?,
//!     calling_ae_title: AeTitle::new("SENDER").ok_or("no AE title")?,
//!     application_context: Uid::from(APPLICATION_CONTEXT),
//!     presentation_contexts: vec![ProposedContext {
//!         id: context,
//!         abstract_syntax: ct.clone(),
//!         transfer_syntaxes: vec![Uid::from("1.2.840.10008.1.2.1")],
//!     }],
//!     user_information: UserInformation::default(),
//! };
//! let options = ConnectionOptions {
//!     timeouts: RequestorTimeouts {
//!         acse: Duration::from_secs(30),
//!         dimse: None,
//!         socket: Some(Duration::from_secs(60)),
//!     },
//!     connect_timeout: None,
//!     max_send_pdu_bytes: MAX_SEND_PDU_BYTES,
//! };
//! let mut connection = BlockingConnection::open(&addresses, &request, &options)?;
//! let object = StoreRequest { sop_class: ct, sop_instance: Uid::from("1.2.3"), priority: 0 };
//! let data_set: &[u8] = b"\x08\0\x60\0CS\x02\0CT";
//! connection.store(context, object, StreamPayload::new(data_set))?;
//! while let Some(event) = connection.wait(None)? {
//!     if let ConnectionEvent::Association(RequestorEvent::Stored(reply)) = event {
//!         println!("stored: {}", reply.status);
//!         break;
//!     }
//! }
//! connection.release()?;
//! # receiver.shutdown();
//! # assert_eq!(receiver.join()?.objects_ignored, 1);
//! # Ok(())
//! # }
//! ```
//!
//! What is said over a connection is decided in [`crate::association`]; here bytes are moved, and no
//! payload byte is copied on its way to the kernel.

#![forbid(unsafe_code)]

mod blocking;
mod connection;
mod event;
mod event_loop;
mod file;
mod options;
mod outbox;
mod payload;
mod resolve;
mod socket;
mod stream;

pub use blocking::{BlockingConnection, OpenError};
pub use connection::Connection;
pub use event::{ConnectionEvent, Turn};
pub use event_loop::{ConnectionIndex, EventLoop};
pub use file::FilePayload;
pub use options::ConnectionOptions;
pub use payload::{Payload, PayloadError, Piece, Reach};
pub use resolve::{AddressFamily, ResolveError, resolve};
pub use socket::Counters;
pub use stream::{STREAM_BLOCK_BYTES, StreamPayload};
