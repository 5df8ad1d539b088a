use std::collections::VecDeque;

use super::*;

/// What a sender and its peer may do, at any time.
#[derive(Clone, Debug)]
enum Move {
    Store(Vec<u8>),
    Echo,
    /// Of the data set at hand.
    Provide(usize),
    Send(usize),
    /// The peer answers one of the requests that it has.
    Answer(prop::sample::Index),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..500).prop_map(Move::Store),
        Just(Move::Echo),
        (0..300_usize).prop_map(Move::Provide),
        (1..400_usize).prop_map(Move::Send),
        any::<prop::sample::Index>().prop_map(Move::Answer),
    ]
}

/// The longest PDU of these conversations: short, for many fragments.
const PDU_BYTES: u32 = 112;
const FRAGMENT_BYTES: usize = 100;

/// A sender, and beside it what the wire must show by the plainest of encodings.
struct Model {
    sender: Sender,
    wire: Vec<u8>,
    expected: Vec<u8>,
    /// What is to be provided of the store at hand.
    left: Vec<u8>,
    /// What the peer has not answered.
    unanswered: VecDeque<(u16, bool)>,
    message_id: u16,
}

impl Model {
    fn new() -> Self {
        let mut sender = Sender::new(asking(Some(WINDOW)));
        sender.requestor.connected(sender.now);
        sender.sent();
        let mut reply = acceptance(Some(WINDOW));
        reply.user_information.maximum_length = PDU_BYTES;
        sender.give(&bytes(&Pdu::AssociateAc(reply)));
        Self {
            sender,
            wire: vec![],
            expected: vec![],
            left: vec![],
            unanswered: VecDeque::new(),
            message_id: 0,
        }
    }

    fn play(&mut self, step: Move) {
        let can_begin = self.sender.requestor.can_begin();
        match step {
            Move::Store(payload) if can_begin => {
                self.sender.begin(&payload);
                self.left = payload;
                let command = StoreRq {
                    message_id: self.begin(true),
                    sop_class: Uid::from(CT),
                    sop_instance: Uid::from("1.2.3"),
                    priority: 0,
                    has_data_set: true,
                    move_originator: None,
                };
                self.expect_command(STORE_CONTEXT, |out| command.encode(out));
            }
            Move::Echo if can_begin => {
                self.sender.requestor.echo(ECHO_CONTEXT, self.sender.now);
                let command = EchoRq {
                    message_id: self.begin(false),
                    sop_class: Uid::from(crate::registry::VERIFICATION),
                    has_data_set: false,
                };
                self.expect_command(ECHO_CONTEXT, |out| command.encode(out));
            }
            Move::Provide(n) => self.provide(n),
            Move::Send(n) => self.wire.extend(self.sender.send(n)),
            Move::Answer(index) => self.answer(index),
            Move::Store(_) | Move::Echo => {}
        }
    }

    fn begin(&mut self, is_store: bool) -> u16 {
        self.message_id += 1;
        self.unanswered.push_back((self.message_id, is_store));
        self.message_id
    }

    fn expect_command(&mut self, context: PresentationContextId, encode: impl Fn(&mut Vec<u8>)) {
        let mut command = vec![];
        encode(&mut command);
        let count = command.len().div_ceil(FRAGMENT_BYTES);
        for (index, fragment) in command.chunks(FRAGMENT_BYTES).enumerate() {
            let pdv = pdv(context, true, index + 1 == count, fragment);
            self.expected.extend(p_data(vec![pdv]));
        }
    }

    fn provide(&mut self, n: usize) {
        if self.sender.requestor.awaits_data().is_none() {
            return;
        }
        let n = n.min(self.left.len());
        let provided: Vec<u8> = self.left.drain(..n).collect();
        let is_last = self.left.is_empty();
        self.sender.requestor.provide(n, is_last, self.sender.now);
        let mut fragments: Vec<&[u8]> = provided.chunks(FRAGMENT_BYTES).collect();
        if fragments.is_empty() && is_last {
            fragments.push(b"");
        }
        let count = fragments.len();
        for (index, fragment) in fragments.into_iter().enumerate() {
            let ends = is_last && index + 1 == count;
            let pdv = pdv(STORE_CONTEXT, false, ends, fragment);
            self.expected.extend(p_data(vec![pdv]));
        }
    }

    /// Everything may be refused at any time, even what has not been sent.
    fn answer(&mut self, index: prop::sample::Index) {
        if self.unanswered.is_empty() {
            return;
        }
        let index = index.index(self.unanswered.len());
        let (message_id, is_store) = self.unanswered.remove(index).expect("there");
        let (field, context) = if is_store {
            (0x8001, STORE_CONTEXT)
        } else {
            (0x8030, ECHO_CONTEXT)
        };
        let command = response_command(field, message_id, Status::OUT_OF_RESOURCES);
        self.sender
            .give(&p_data(vec![pdv(context, true, true, &command)]));
    }
}

/// Splits bytes at these places.
fn pieces(stream: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    let pairs = cuts.windows(2);
    pairs.map(|cut| stream[cut[0]..cut[1]].to_vec()).collect()
}

/// A sender with four operations in flight, and all that a peer may answer to them.
fn busy() -> (Sender, Vec<u8>) {
    let mut sender = Sender::new(asking(Some(WINDOW)));
    sender.requestor.connected(sender.now);
    sender.sent();
    let stream = [
        bytes(&Pdu::AssociateAc(acceptance(Some(WINDOW)))),
        store_response(2, Status::SUCCESS),
        store_response(1, Status::OUT_OF_RESOURCES),
        echo_response(4),
        store_response(3, Status::SUCCESS),
        bytes(&Pdu::ReleaseRq),
    ];
    (sender, stream.concat())
}

fn begin_all(sender: &mut Sender) {
    for n in 0..3 {
        if sender.requestor.can_begin() {
            sender.store(&[n; 10]);
        }
    }
    if sender.requestor.can_begin() {
        sender.requestor.echo(ECHO_CONTEXT, sender.now);
    }
}

fn play(pieces: &[Vec<u8>]) -> (Vec<RequestorEvent>, Vec<Pdu>, State) {
    let (mut sender, _) = busy();
    let mut sent = Vec::new();
    for piece in pieces {
        sender.give(piece);
        if sender.requestor.can_begin() && sender.events == [RequestorEvent::Established] {
            begin_all(&mut sender);
        }
        sent.extend(sender.sent());
    }
    let state = sender.requestor.state();
    (sender.events, sent, state)
}

proptest! {
    #[test]
    fn wire_shows_exactly_what_was_asked_for_however_it_is_sent(
        moves in prop::collection::vec(any_move(), 0..80)
    ) {
        let mut model = Model::new();
        for step in moves {
            model.play(step);
        }
        prop_assert!(model.expected.starts_with(&model.wire));
        let rest = model.sender.send(usize::MAX);
        model.wire.extend(rest);
        prop_assert_eq!(model.wire, model.expected);
        prop_assert_eq!(model.sender.requestor.failure(), None);
        prop_assert_eq!(model.sender.requestor.in_flight(), model.unanswered.len());
    }

    #[test]
    fn abort_at_any_time_leaves_whole_pdus_and_comes_last(
        moves in prop::collection::vec(any_move(), 0..40),
        size in 1..300_usize,
    ) {
        let mut model = Model::new();
        for step in moves {
            model.play(step);
        }
        model.sender.requestor.abort(model.sender.now);
        while model.sender.requestor.has_outgoing() {
            model.wire.extend(model.sender.send(size));
        }
        let sent = pdus(&model.wire);
        let source = AbortSource::ServiceUser;
        prop_assert_eq!(sent.last(), Some(&Pdu::Abort(Abort { source })));
        let before = model.wire.len() - bytes(&Pdu::Abort(Abort { source })).len();
        prop_assert!(model.expected.starts_with(&model.wire[..before]));
        prop_assert_eq!(model.sender.requestor.provide_room(), PROVIDE_BYTES_MAX / FRAGMENT_BYTES * FRAGMENT_BYTES);
    }

    #[test]
    fn answers_mean_the_same_however_they_are_split(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40)
    ) {
        let (_, stream) = busy();
        let acceptance = bytes(&Pdu::AssociateAc(acceptance(Some(WINDOW)))).len();
        let (head, tail) = stream.split_at(acceptance);
        let mut split = pieces(head, &cuts);
        split.extend(pieces(tail, &cuts));
        let whole = play(&[head.to_vec(), tail.to_vec()]);
        prop_assert_eq!(whole.0.len(), 6);
        prop_assert_eq!(whole.2, State::AwaitingTransportClose);
        prop_assert_eq!(play(&split), whole);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_never_store(
        stream in prop::collection::vec(any::<u8>(), 0..2000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        is_established: bool,
    ) {
        let mut sender = if is_established {
            Sender::established(Some(WINDOW))
        } else {
            busy().0
        };
        begin_all(&mut sender);
        sender.sent();
        for piece in pieces(&stream, &cuts) {
            sender.give(&piece);
            sender.sent();
        }
        sender.requestor.connection_closed(sender.now);
        sender.drain();
        prop_assert!(sender.requestor.is_closed());
        let is_stored = |event: &RequestorEvent| matches!(event, RequestorEvent::Stored(_));
        prop_assert!(!sender.events.iter().any(is_stored));
    }

    #[test]
    fn damaged_answers_never_panic_and_come_to_an_end(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let (mut sender, mut stream) = busy();
        for (index, byte) in damage {
            *index.get_mut(&mut stream) = byte;
        }
        for piece in pieces(&stream, &cuts) {
            sender.give(&piece);
            begin_all(&mut sender);
            sender.sent();
        }
        sender.requestor.connection_closed(sender.now);
        sender.drain();
        prop_assert!(sender.requestor.is_closed());
    }
}
