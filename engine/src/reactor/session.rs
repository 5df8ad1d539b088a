//! One connection without its socket: the association, the slot its object lands in, and the bytes
//! whose place was not known when they were read.
//!
//! A driver asks [`Session::want`], reads accordingly, and hands over what came. Everything else
//! (placing bytes, talking to the pool and the store, answering) happens here, alike under every
//! driver.

#![forbid(unsafe_code)]

use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrayvec::ArrayVec;

use crate::association::{
    Acceptor, AssociationError, Event, Need, ObjectBegun, ObjectToken, READ_AHEAD_BYTES,
    RefusedContexts, Rejection,
};
use crate::dataset::file_meta::{FILE_META_BYTES_MAX, FileMeta};
use crate::dimse::StoreOutcome;
use crate::landing::{Chunk, Extent, Slot};
use crate::pdu::framer::{
    FRAGMENT_HEADERS_BYTES, Guess, PLAN_FRAGMENTS_MAX, PLAN_SEGMENTS_MAX, ScatterPlan, Segment,
};
use crate::registry;
use crate::store::{Incoming, ObjectHead, StoredReceipt};

use super::context::{Context, Permit, Storage};
use super::dues::{Due, Dues};
use super::inbox::Inbox;
use super::mailbox::Mailbox;
use super::report::{self, Who};
use super::statistics::Counter;

/// Header bytes of the longest plan: those of its fragments, and what is read behind them.
pub(super) const HEADERS_BYTES: usize =
    PLAN_FRAGMENTS_MAX * FRAGMENT_HEADERS_BYTES + READ_AHEAD_BYTES;

/// Room for payload that nobody wants, in bytes: a large fragment, and little enough to stay in the caches of a
/// core. `--ignore`, 512 KiB, 4 associations: 25,700-28,900 objects a second, with 512 KiB 23,900-26,400 (whenever
/// the machine was in its faster half; in the other both 17,000-18,800).
pub(super) const TRASH_BYTES: usize = 128 * 1024;

/// How long an object may keep a part-filled chunk while others wait for one. Long enough for a
/// sender at full speed to fill it.
const CHUNK_HOLD_UNDER_PRESSURE: Duration = Duration::from_millis(200);

/// The same for an object of whose sender nothing is there to be read. A chunk is filled in less by
/// a sender at full speed; a slow or stalled one must not cost those behind it more.
pub(super) const CHUNK_HOLD_WHILE_SILENT: Duration = Duration::from_millis(5);

/// Where the payload of a read goes. It is taken out of the session for as long as the read lasts: what
/// else happens to the session meanwhile, the memory stays with whoever reads.
#[derive(Debug)]
pub(super) enum Landing {
    /// The object's own slot.
    Slot(Slot),
    /// Memory for payload that nobody wants, [`TRASH_BYTES`] long: the reader's.
    Trash,
}

/// The buffers that one vectored read fills.
pub(super) type ReadVector<'a> = ArrayVec<IoSliceMut<'a>, PLAN_SEGMENTS_MAX>;

/// What a driver should do for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Read and forget, then [`Session::drained`].
    Drain,
    /// Call [`Session::pump`]: there are bytes to be worked off before others are read.
    Pump,
    /// Read up to this many bytes, at most [`READ_AHEAD_BYTES`], then [`Session::take`].
    Control(usize),
    /// Read by [`Session::plan`] into the slot that [`Session::lend`] gives, then [`Session::settle`].
    Scatter,
    /// Likewise, but [`Session::lend`] gives no slot: nobody wants the payload.
    Discard,
    /// There is no place for payload: if there is something to read, [`Session::take_chunk`].
    Chunk,
    /// Read nothing for now.
    Nothing,
}

/// What the session needs from the loop it lives in, for the length of one call.
pub(super) struct Turn<'a> {
    pub(super) now: Instant,
    pub(super) context: &'a Arc<Context>,
    pub(super) mailbox: &'a Mailbox,
    pub(super) dues: &'a mut Dues,
}

/// The object whose data set is arriving.
struct Arriving {
    begun: ObjectBegun,
    /// `None` until the first chunk is here. Dropping it discards the object.
    incoming: Option<Incoming>,
}

/// See the [module documentation](self).
pub(super) struct Session {
    id: u64,
    peer: SocketAddr,
    association: Acceptor<StoredReceipt>,
    inbox: Inbox,
    /// Empty while [`Session::lend`] has lent it.
    slot: Slot,
    /// How many bytes of the object have landed in the slot that is lent.
    lent_bytes: Option<u64>,
    arriving: Option<Arriving>,
    /// Whether the pool owes us a chunk.
    is_waiting: bool,
    chunk_since: Instant,
    /// Counts against the limit of associations while it is held.
    permit: Option<Permit>,
}

impl Session {
    pub(super) fn new(id: u64, peer: SocketAddr, turn: &Turn<'_>) -> Self {
        let context = turn.context;
        Self {
            id,
            peer,
            association: Acceptor::new(Arc::clone(&context.policy), context.timeouts, turn.now),
            inbox: Inbox::new(Arc::clone(&context.inbox_bytes)),
            slot: Slot::new(),
            lent_bytes: None,
            arriving: None,
            is_waiting: false,
            chunk_since: turn.now,
            permit: None,
        }
    }

    // What the driver asks.

    /// What to read next. Ask after every call that may have changed something.
    pub(super) fn want(&self) -> Want {
        match self.association.need() {
            Need::Drain => Want::Drain,
            Need::Payload if self.is_waiting => Want::Nothing,
            Need::Payload if self.slot.needs_chunk() => Want::Chunk,
            Need::Control(_) | Need::Payload | Need::Discard if !self.inbox.is_empty() => {
                Want::Pump
            }
            Need::Control(needed) => Want::Control(self.control_bytes(needed)),
            Need::Payload => Want::Scatter,
            Need::Discard => Want::Discard,
            Need::Nothing => Want::Nothing,
        }
    }

    /// How many bytes to read for the next command, where this many are needed.
    fn control_bytes(&self, needed: usize) -> usize {
        let ahead = if self.inbox.has_room_for_wrong_guesses() {
            self.association.read_ahead_bytes()
        } else {
            0
        };
        needed.max(ahead).min(READ_AHEAD_BYTES)
    }

    /// The plan for [`Want::Scatter`].
    pub(super) fn plan(&mut self) -> ScatterPlan {
        let room = match self.association.need() {
            Need::Payload => self.slot.room().len(),
            _ => TRASH_BYTES,
        };
        let guess = if self.inbox.has_room_for_wrong_guesses() {
            Guess::Freely
        } else {
            Guess::HeadersOnly
        };
        self.association.plan(room, guess)
    }

    /// The place for the payload of a plan, for as long as a read goes on. [`Session::settle`] gives it
    /// back; until then there is no other read.
    pub(super) fn lend(&mut self) -> Landing {
        if self.association.need() == Need::Payload {
            self.lent_bytes = Some(self.slot.bytes_landed());
            Landing::Slot(std::mem::take(&mut self.slot))
        } else {
            Landing::Trash
        }
    }

    /// The bytes to write.
    pub(super) fn output(&self) -> &[u8] {
        self.association.output()
    }

    /// `n` bytes of the output were written.
    pub(super) fn sent(&mut self, n: usize, now: Instant) {
        self.association.sent(n, now);
    }

    /// Whether the connection is to be closed.
    pub(super) fn is_closed(&self) -> bool {
        self.association.is_closed()
    }

    /// When to call [`Session::expired`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.association.deadline()
    }

    // What the driver tells.

    /// These bytes came for [`Want::Control`].
    pub(super) fn take(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        self.note_draining(turn);
        self.take_last(bytes, turn);
    }

    /// `n` bytes came by `plan`, or none because the read was given up; `landing` comes back. Where
    /// the guesses of the plan were right, each byte is where it stays, or is worked off at once; what
    /// comes from the first wrong one on goes to the inbox. `headers` and `trash` are the memory that
    /// [`read_vector`] was given.
    pub(super) fn settle(
        &mut self,
        plan: &ScatterPlan,
        n: usize,
        landing: Landing,
        (headers, trash): (&[u8], &[u8]),
        turn: &mut Turn<'_>,
    ) {
        self.note_draining(turn);
        let Some(is_wanted) = self.take_back(landing) else {
            // The association ended while the read went on.
            self.association.drained(n);
            return;
        };
        let mut pieces = Pieces::new(plan, n);
        let (mut landed, mut right) = (0, 0);
        while let Some(piece) = pieces.next() {
            let used = match &piece {
                Piece::Header(at) if pieces.left == 0 => {
                    count_guesses(pieces.guesses, pieces.guesses, turn);
                    self.after_payload(turn);
                    self.take_last(&headers[at.clone()], turn);
                    return;
                }
                Piece::Header(at) => {
                    let bytes = &headers[at.clone()];
                    self.association.received_control(bytes, turn.now)
                }
                Piece::Payload(at) => {
                    let used = self.land(at.len(), is_wanted, turn.now);
                    landed += used;
                    used
                }
            };
            if used < piece.range().len() {
                self.inbox.expect(piece.range().len() - used + pieces.left);
                let rest = std::iter::once(piece.without_first(used)).chain(&mut pieces);
                self.misplaced(rest, landed, is_wanted, (headers, trash));
                break;
            }
            right = pieces.guesses;
        }
        count_guesses(pieces.guesses, right, turn);
        self.after_payload(turn);
        self.pump(turn);
    }

    /// Takes back what [`Session::lend`] gave; says whether payload for it is wanted. `None` when the
    /// association has ended meanwhile; dropping the slot passes its memory on.
    fn take_back(&mut self, landing: Landing) -> Option<bool> {
        self.lent_bytes = None;
        match (self.association.need(), landing) {
            (Need::Payload, Landing::Slot(slot)) => {
                self.slot = slot;
                Some(true)
            }
            (Need::Discard, Landing::Trash) => Some(false),
            _ => None,
        }
    }

    /// Takes the last bytes of a read from where they are: as much as can be worked off now, the
    /// rest to the inbox.
    fn take_last(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        let used = self.work_off(bytes, turn);
        self.inbox.extend(&bytes[used..]);
    }

    /// Takes note of payload that is where it belongs, as far as it belongs there.
    fn land(&mut self, came: usize, is_wanted: bool, now: Instant) -> usize {
        let landed = came.min(self.association.payload_needed());
        if landed > 0 {
            if is_wanted {
                self.slot.advance(landed);
            }
            self.association.received_payload(landed, now);
        }
        landed
    }

    /// Moves what came behind a wrong guess to the inbox, in the order in which it came. The slot's
    /// room begins `landed` bytes behind where it began when the read was planned.
    fn misplaced(
        &mut self,
        pieces: impl Iterator<Item = Piece>,
        landed: usize,
        is_wanted: bool,
        (headers, trash): (&[u8], &[u8]),
    ) {
        for piece in pieces {
            match piece {
                Piece::Header(at) => self.inbox.extend(&headers[at]),
                Piece::Payload(at) if is_wanted => {
                    self.inbox
                        .extend(&self.slot.room()[at.start - landed..at.end - landed]);
                }
                Piece::Payload(at) => self.inbox.extend(&trash[at]),
            }
        }
    }

    /// `n` bytes were read that mean nothing.
    pub(super) fn drained(&mut self, n: usize) {
        self.association.drained(n);
    }

    /// Works off the inbox, as far as chunks and pending stores allow.
    pub(super) fn pump(&mut self, turn: &mut Turn<'_>) {
        self.note_draining(turn);
        let queue = self.inbox.lend();
        let used = self.work_off(queue.bytes(), turn);
        self.inbox.give_back(queue, used);
    }

    /// Once the receiver drains, what is in flight is answered before the association ends. Objects
    /// that begin within the call in which that is first seen count among them.
    fn note_draining(&mut self, turn: &Turn<'_>) {
        if turn.context.is_draining() {
            self.association.wind_down();
        }
    }

    /// Works off bytes that are not where they belong; returns how many. Asks for a chunk only where
    /// there are bytes to put into it: a sender that has stalled must not stand in the way of others.
    fn work_off(&mut self, bytes: &[u8], turn: &mut Turn<'_>) -> usize {
        let mut rest = bytes;
        loop {
            let used = match self.association.need() {
                Need::Nothing => 0,
                Need::Drain => rest.len(),
                _ if rest.is_empty() => 0,
                Need::Payload if self.slot.needs_chunk() && !self.take_chunk(turn) => 0,
                Need::Control(_) | Need::Payload | Need::Discard => self.feed(rest, turn),
            };
            rest = &rest[used..];
            if !self.handle_events(turn) && used == 0 {
                return bytes.len() - rest.len();
            }
        }
    }

    /// Feeds one piece; returns its length.
    fn feed(&mut self, bytes: &[u8], turn: &mut Turn<'_>) -> usize {
        let needed = self.association.payload_needed();
        if needed == 0 {
            return self.association.received_control(bytes, turn.now);
        }
        let mut n = needed.min(bytes.len());
        if self.association.need() == Need::Payload {
            let room = self.slot.room();
            n = n.min(room.len());
            room[..n].copy_from_slice(&bytes[..n]);
            turn.context.statistics.add(Counter::BytesMoved, n as u64);
            self.slot.advance(n);
        }
        self.association.received_payload(n, turn.now);
        self.after_payload(turn);
        n
    }

    /// A chunk that was waited for is here.
    pub(super) fn granted(&mut self, chunk: Chunk, turn: &mut Turn<'_>) {
        if !std::mem::take(&mut self.is_waiting) || self.arriving.is_none() {
            // The object it was for is gone; dropping the chunk passes it on.
            return;
        }
        self.association.resume_clock(turn.now);
        self.put_chunk(chunk, turn);
        self.pump(turn);
    }

    /// The store has decided about an object of this association.
    pub(super) fn complete(
        &mut self,
        token: ObjectToken,
        outcome: &StoreOutcome<StoredReceipt>,
        turn: &mut Turn<'_>,
    ) {
        self.association.complete(token, outcome, turn.now);
        self.pump(turn);
    }

    /// The deadline has come.
    pub(super) fn expired(&mut self, turn: &mut Turn<'_>) {
        self.association.expired(turn.now);
        self.handle_events(turn);
    }

    /// The connection is gone.
    pub(super) fn connection_closed(&mut self, turn: &mut Turn<'_>) {
        self.association.connection_closed(turn.now);
        self.handle_events(turn);
    }

    /// The receiver stops, and will not wait for this association.
    pub(super) fn shut_down(&mut self, turn: &mut Turn<'_>) {
        self.association.shut_down(turn.now);
        self.handle_events(turn);
    }

    /// As [`Session::shut_down`], if the association has had nothing to do for so long. Says whether
    /// it did.
    pub(super) fn shut_down_if_idle(&mut self, idle: Duration, turn: &mut Turn<'_>) -> bool {
        let quiet = turn.now.duration_since(self.association.active_at());
        let is_idle = self.association.is_quiet() && quiet >= idle;
        if is_idle {
            self.shut_down(turn);
        }
        is_idle
    }

    /// Others wait for memory: gives the chunk up if it has been held long enough. What has landed
    /// in it is written; the object goes on when its turn comes again. `is_silent`: nothing is there
    /// to be read. Says whether it gave it up.
    pub(super) fn yield_chunk(&mut self, is_silent: bool, turn: &mut Turn<'_>) -> bool {
        if self.slot.needs_chunk() || !self.has_held_chunk_too_long(is_silent, turn.now) {
            return false;
        }
        let extent = self.slot.spill();
        turn.context.statistics.add(Counter::ChunksSpilled, 1);
        self.write(extent);
        true
    }

    /// Whether a chunk that it has, or has lent, is to be given up while others wait.
    pub(super) fn has_held_chunk_too_long(&self, is_silent: bool, now: Instant) -> bool {
        let hold = if is_silent {
            CHUNK_HOLD_WHILE_SILENT
        } else {
            CHUNK_HOLD_UNDER_PRESSURE
        };
        now.duration_since(self.chunk_since) >= hold
    }

    // Memory.

    /// Takes a chunk, or queues for one.
    pub(super) fn take_chunk(&mut self, turn: &mut Turn<'_>) -> bool {
        if self.is_waiting {
            return false;
        }
        if let Some(chunk) = turn.context.pool.take() {
            self.put_chunk(chunk, turn);
            return true;
        }
        self.is_waiting = true;
        self.association.pause_clock();
        turn.context.statistics.add(Counter::ChunkWaits, 1);
        turn.context.pool.wait(turn.mailbox.waiter(self.id));
        turn.context.wake_all_loops();
        false
    }

    fn put_chunk(&mut self, chunk: Chunk, turn: &mut Turn<'_>) {
        self.slot.put_chunk(chunk);
        self.chunk_since = turn.now;
        if self
            .arriving
            .as_ref()
            .is_some_and(|arriving| arriving.incoming.is_none())
        {
            self.open_object(turn);
        }
    }

    /// Puts the file meta information in front of the data set and announces the object.
    fn open_object(&mut self, turn: &mut Turn<'_>) {
        let Storage::Files(store) = &turn.context.storage else {
            return;
        };
        let Some(Arriving { begun, incoming }) = &mut self.arriving else {
            return;
        };
        let Some(agreed) = self.association.negotiated() else {
            return;
        };
        let transfer_syntax = begun.transfer_syntax.into();
        let meta = FileMeta {
            sop_class: &begun.request.sop_class,
            sop_instance: &begun.request.sop_instance,
            transfer_syntax: &transfer_syntax,
            source_ae_title: &agreed.calling_ae_title,
        };
        let header_len = meta.encode(&mut self.slot.room()[..FILE_META_BYTES_MAX]);
        self.slot.advance(header_len);
        let head = ObjectHead {
            sop_class: begun.request.sop_class.clone(),
            sop_instance: begun.request.sop_instance.clone(),
            prefix: registry::file_name_prefix(begun.request.sop_class.as_str()),
            transfer_syntax,
            header_len,
        };
        *incoming = Some(store.begin(head));
    }

    /// Payload has come: a full chunk leaves at once.
    fn after_payload(&mut self, turn: &mut Turn<'_>) {
        self.handle_events(turn);
        if self.slot.is_full() {
            let extent = self.slot.take_full();
            self.write(Some(extent));
        }
    }

    fn write(&mut self, extent: Option<Extent>) {
        let incoming = self
            .arriving
            .as_mut()
            .and_then(|arriving| arriving.incoming.as_mut());
        if let (Some(incoming), Some(extent)) = (incoming, extent) {
            incoming.write(extent);
        }
    }

    // Events.

    /// Acts on all events; says whether there were any.
    fn handle_events(&mut self, turn: &mut Turn<'_>) -> bool {
        let mut any = false;
        while let Some(event) = self.association.poll_event() {
            self.handle(event, turn);
            any = true;
        }
        any
    }

    fn handle(&mut self, event: Event, turn: &mut Turn<'_>) {
        let statistics = &turn.context.statistics;
        match event {
            Event::Requested => self.on_requested(turn),
            Event::Established(refused) => self.on_established(refused.as_ref(), turn),
            Event::Rejected { rejection, request } => {
                statistics.add(Counter::AssociationsRejected, 1);
                self.permit = None;
                report::rejected(self.peer, rejection, &request);
            }
            Event::Echoed(request) => {
                statistics.add(Counter::Echoes, 1);
                report::echoed(self.peer, &request);
            }
            Event::ObjectBegun(begun) => self.on_object_begun(begun, turn),
            Event::ObjectLanded(token) => self.on_object_landed(token, turn),
            Event::ObjectDropped(_) => {
                statistics.add(Counter::ObjectsDropped, 1);
                self.drop_object();
            }
            Event::ObjectRefused {
                request,
                status,
                comment,
            } => {
                statistics.add(Counter::ObjectsRefused, 1);
                report::object_refused(&self.who(), &request, status, comment);
            }
            Event::Unrecognized(request) => report::unrecognized(&self.who(), &request),
            Event::Released => {
                self.permit = None;
                report::released(self.peer);
            }
            Event::Failed(error) => self.on_failed(&error, turn),
        }
    }

    fn on_requested(&mut self, turn: &mut Turn<'_>) {
        report::received(self.peer);
        if turn.context.is_draining() {
            self.association.reject(Rejection::ShuttingDown, turn.now);
            return;
        }
        self.permit = turn.context.admit();
        if self.permit.is_some() {
            self.association.accept(turn.now);
        } else {
            self.association.reject(Rejection::LocalLimit, turn.now);
        }
    }

    fn on_established(&mut self, refused: Option<&RefusedContexts>, turn: &mut Turn<'_>) {
        turn.context
            .statistics
            .add(Counter::AssociationsAccepted, 1);
        report::established(&self.who(), refused);
    }

    fn on_object_begun(&mut self, begun: ObjectBegun, turn: &mut Turn<'_>) {
        report::object_begun(self.peer, &begun.request);
        if self.association.is_winding_down() {
            // What was in flight is answered; nothing new begins.
            self.association.shut_down(turn.now);
            return;
        }
        if let Storage::Ignore(_) = turn.context.storage {
            self.association.discard(begun.token);
        }
        self.slot = Slot::new();
        self.arriving = Some(Arriving {
            begun,
            incoming: None,
        });
    }

    fn on_object_landed(&mut self, token: ObjectToken, turn: &mut Turn<'_>) {
        let Some(Arriving { begun, incoming }) = self.arriving.take() else {
            return;
        };
        match (&turn.context.storage, incoming) {
            (Storage::Ignore(discarding), _) => {
                turn.context.statistics.add(Counter::ObjectsIgnored, 1);
                let outcome = StoreOutcome::Stored(discarding.receipt());
                self.association.complete(token, &outcome, turn.now);
            }
            (Storage::Files(_), Some(incoming)) => self.commit(incoming, begun, turn),
            // Payload is not asked for before there is a chunk, and the chunk opens the object.
            (Storage::Files(_), None) => unreachable!("an object landed that was never opened"),
        }
    }

    /// Hands over what is left of the object; from here on its verdict is due.
    fn commit(&mut self, incoming: Incoming, begun: ObjectBegun, turn: &mut Turn<'_>) {
        let agreed = self.association.negotiated();
        let agreed = agreed.expect("objects land inside an association");
        let due = Due::new(self.id, self.peer, begun, Arc::clone(agreed));
        let ticket = turn.dues.add(due);
        incoming.commit(self.slot.finish(), turn.mailbox.reply_to(ticket));
    }

    fn drop_object(&mut self) {
        if let Some(Arriving { begun, .. }) = self.arriving.take() {
            let landed = self.lent_bytes.take();
            let landed = landed.unwrap_or_else(|| self.slot.bytes_landed());
            report::object_dropped(&self.who(), &begun.request, landed);
        }
        self.slot = Slot::new();
    }

    fn on_failed(&mut self, error: &AssociationError, turn: &mut Turn<'_>) {
        self.permit = None;
        turn.context.statistics.add(Counter::AssociationsFailed, 1);
        report::failed(&self.who(), error);
    }

    /// Who sends, for log lines.
    fn who(&self) -> Who<'_> {
        Who {
            peer: self.peer,
            agreed: self.association.negotiated().map(Arc::as_ref),
        }
    }
}

/// The buffers of a plan: headers to `headers`, which is [`HEADERS_BYTES`] long, payload to `landing`.
pub(super) fn read_vector<'a>(
    plan: &ScatterPlan,
    landing: &'a mut Landing,
    mut headers: &'a mut [u8],
    trash: &'a mut [u8],
) -> ReadVector<'a> {
    let mut payload = match landing {
        Landing::Slot(slot) => slot.room(),
        Landing::Trash => trash,
    };
    plan.iter()
        .map(|segment| match segment {
            Segment::Header(n) => IoSliceMut::new(headers.split_off_mut(..*n).unwrap_or_default()),
            Segment::Payload(n) => IoSliceMut::new(payload.split_off_mut(..*n).unwrap_or_default()),
        })
        .collect()
}

/// A part of what a read brought: where in scratch memory its header bytes are, or where in the
/// payload memory, counted from where the plan began, its payload is.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Header(Range<usize>),
    Payload(Range<usize>),
}

impl Piece {
    fn range(&self) -> &Range<usize> {
        let (Self::Header(at) | Self::Payload(at)) = self;
        at
    }

    fn without_first(self, n: usize) -> Self {
        match self {
            Self::Header(at) => Self::Header(at.start + n..at.end),
            Self::Payload(at) => Self::Payload(at.start + n..at.end),
        }
    }
}

/// Counts the fragments of a read whose place was a guess.
fn count_guesses(made: u64, right: u64, turn: &Turn<'_>) {
    if made > 0 {
        let statistics = &turn.context.statistics;
        statistics.add(Counter::FragmentsGuessed, made);
        statistics.add(Counter::FragmentsGuessedRight, right);
    }
}

/// The pieces of a read that brought `left` more bytes of a plan.
struct Pieces<'a> {
    plan: std::slice::Iter<'a, Segment>,
    left: usize,
    headers: usize,
    payload: usize,
    /// Pieces of payload so far whose place was a guess; that of the first piece of all is certain.
    guesses: u64,
}

impl<'a> Pieces<'a> {
    fn new(plan: &'a ScatterPlan, n: usize) -> Self {
        Self {
            plan: plan.iter(),
            left: n,
            headers: 0,
            payload: 0,
            guesses: 0,
        }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.left == 0 {
            return None;
        }
        let is_certain = self.headers + self.payload == 0;
        let segment = self.plan.next()?;
        let (Segment::Header(planned) | Segment::Payload(planned)) = *segment;
        let came = planned.min(self.left);
        self.left -= came;
        let advance = |at: &mut usize| {
            let start = *at;
            *at += came;
            start..*at
        };
        Some(match segment {
            Segment::Header(_) => Piece::Header(advance(&mut self.headers)),
            Segment::Payload(_) => {
                self.guesses += u64::from(!is_certain);
                Piece::Payload(advance(&mut self.payload))
            }
        })
    }
}
