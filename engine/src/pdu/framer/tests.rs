use proptest::prelude::*;

use super::*;
use crate::pdu::{MessageControl, Pdu, Pdv};
use crate::value::PresentationContextId;

const P_DATA_MAX: u32 = 16384;
const COMMAND_MAX: usize = 1000;

fn framer() -> Framer {
    Framer::new(P_DATA_MAX, COMMAND_MAX)
}

fn pdv(command: bool, last: bool, len: usize) -> Pdv {
    Pdv {
        context: PresentationContextId(1),
        control: MessageControl::new(command, last),
        fragment: vec![0xAB; len],
    }
}

fn encode(pdus: &[Pdu]) -> Vec<u8> {
    let mut out = Vec::new();
    for pdu in pdus {
        pdu.encode(&mut out).expect("test PDUs are short");
    }
    out
}

/// What a stream was found to be: its frames and how many payload bytes.
#[derive(Debug, Default, PartialEq)]
struct Found {
    frames: Vec<Frame>,
    payload: usize,
    error: Option<FrameError>,
}

/// Gives a stream in pieces, as a driver would that reads no more than it is told to.
fn run(pieces: &[&[u8]]) -> Found {
    let mut framer = framer();
    let mut found = Found::default();
    for mut bytes in pieces.iter().copied() {
        loop {
            let (used, frame) = match framer.need() {
                Need::Payload(n) => {
                    let n = n.min(bytes.len());
                    if n == 0 {
                        break;
                    }
                    found.payload += n;
                    (n, framer.landed(n))
                }
                Need::Control(_) => match framer.feed(bytes) {
                    Ok(step) => step,
                    Err(error) => {
                        found.error = Some(error);
                        return found;
                    }
                },
            };
            bytes = &bytes[used..];
            found.frames.extend(frame);
            if frame.is_none() && bytes.is_empty() {
                break;
            }
        }
    }
    found
}

fn error_of(stream: &[u8]) -> Option<FrameError> {
    run(&[stream]).error
}

#[test]
fn data_pdu_gives_its_frames_in_order() {
    let found = run(&[&encode(&[Pdu::PData(vec![
        pdv(true, true, 5),
        pdv(false, false, 7),
    ])])]);
    assert!(matches!(
        found.frames.as_slice(),
        [
            Frame::PduBegun(PduType::PData),
            Frame::FragmentBegun(_),
            Frame::FragmentEnded(_),
            Frame::FragmentBegun(_),
            Frame::FragmentEnded(_),
        ]
    ));
    assert_eq!(found.payload, 7, "the command is no payload");
}

#[test]
fn empty_fragment_begins_and_ends() {
    let found = run(&[&encode(&[Pdu::PData(vec![pdv(false, true, 0)])])]);
    assert!(matches!(
        found.frames[1..],
        [Frame::FragmentBegun(_), Frame::FragmentEnded(_)]
    ));
}

#[test]
fn command_fragments_collect_in_the_body() {
    let mut framer = framer();
    let stream = encode(&[Pdu::PData(vec![pdv(true, false, 3), pdv(true, true, 4)])]);
    let mut at = 0;
    while at < stream.len() {
        at += framer.feed(&stream[at..]).expect("valid").0;
    }
    assert_eq!(framer.body(), [0xAB; 7]);
    framer.clear_body();
    assert!(framer.body().is_empty());
}

#[test]
fn wrong_lengths_and_types_are_told_apart() {
    let p_data = |length: u32, rest: &[u8]| {
        let mut stream = vec![4, 0];
        stream.extend(length.to_be_bytes());
        stream.extend(rest);
        stream
    };
    let too_long = P_DATA_MAX + PDU_LENGTH_TOLERANCE_BYTES + 1;
    let kind = PduType::PData;
    let max = P_DATA_MAX + PDU_LENGTH_TOLERANCE_BYTES;
    let cases = [
        (vec![0, 0, 0, 0, 0, 4], FrameError::UnrecognizedPdu(0)),
        (vec![8, 0, 0, 0, 0, 4], FrameError::UnrecognizedPdu(8)),
        (
            vec![5, 0, 0, 0, 0, 0],
            FrameError::EmptyPdu(PduType::ReleaseRq),
        ),
        (
            vec![5, 0, 0, 0, 0, 5],
            FrameError::PduTooLong {
                kind: PduType::ReleaseRq,
                length: 5,
                max: 4,
            },
        ),
        (
            vec![1, 0, 0xFF, 0xFF, 0xFF, 0xFF],
            FrameError::PduTooLong {
                kind: PduType::AssociateRq,
                length: u32::MAX,
                max: CONTROL_PDU_BYTES_MAX,
            },
        ),
        (
            p_data(too_long, &[]),
            FrameError::PduTooLong {
                kind,
                length: too_long,
                max,
            },
        ),
        (p_data(0, &[]), FrameError::PdvBeyondPdu { left: 0 }),
        (p_data(5, &[]), FrameError::PdvBeyondPdu { left: 5 }),
        (p_data(10, &[0, 0, 0, 1, 1, 0]), FrameError::PdvTooShort(1)),
        (p_data(10, &[0xFF; 6]), FrameError::PdvBeyondPdu { left: 4 }),
        (
            p_data(10, &[0, 0, 0, 5, 1, 0]),
            FrameError::PdvBeyondPdu { left: 1 },
        ),
    ];
    for (stream, error) in cases {
        assert_eq!(error_of(&stream), Some(error), "{stream:02X?}");
    }
}

#[test]
fn command_set_is_bounded_over_all_its_fragments() {
    let stream = encode(&[Pdu::PData(vec![
        pdv(true, false, COMMAND_MAX),
        pdv(true, false, 1),
    ])]);
    let error = FrameError::CommandSetTooLong {
        length: COMMAND_MAX + 1,
        max: COMMAND_MAX,
    };
    assert_eq!(error_of(&stream), Some(error));
}

// Plans.

/// A framer that has read the headers of a data fragment of this length.
fn in_fragment(last: bool, len: usize) -> Framer {
    let mut framer = framer();
    let stream = encode(&[Pdu::PData(vec![pdv(false, last, len)])]);
    let (used, _) = framer.feed(&stream).expect("valid");
    framer.feed(&stream[used..]).expect("valid");
    assert_eq!(framer.need(), Need::Payload(len));
    framer
}

#[test]
fn plan_guesses_that_the_next_fragments_are_like_this_one() {
    let plan = in_fragment(false, 100).plan(250, Guess::Freely);
    let expected = [
        Segment::Payload(100),
        Segment::Header(12),
        Segment::Payload(100),
        Segment::Header(12),
        Segment::Payload(50),
    ];
    assert_eq!(plan.as_slice(), expected);
}

#[test]
fn plan_ends_with_the_last_fragment() {
    assert_eq!(
        in_fragment(true, 100).plan(1000, Guess::Freely).as_slice(),
        [Segment::Payload(100)]
    );
}

#[test]
fn plan_without_room_is_empty() {
    assert!(in_fragment(false, 100).plan(0, Guess::Freely).is_empty());
}

#[test]
fn plan_that_may_not_guess_ends_with_the_next_headers() {
    let plan = in_fragment(false, 100).plan(250, Guess::HeadersOnly);
    assert_eq!(
        plan.as_slice(),
        [Segment::Payload(100), Segment::Header(12)]
    );
}

#[test]
fn plan_between_fragments_begins_with_what_is_left_of_the_headers() {
    let mut framer = in_fragment(false, 100);
    framer.landed(100);
    framer.feed(&[4, 0, 0]).expect("half a header");
    let plan = framer.plan(150, Guess::Freely);
    let expected = [
        Segment::Header(9),
        Segment::Payload(100),
        Segment::Header(12),
        Segment::Payload(50),
    ];
    assert_eq!(plan.as_slice(), expected);
}

fn to_end(payload_left: usize) -> Guess {
    Guess::ToEnd(ExpectedEnd {
        payload_left,
        behind: 170,
    })
}

#[test]
fn plan_to_the_end_reads_behind_it_what_the_peer_sends_next() {
    let plan = in_fragment(false, 100).plan(1000, to_end(230));
    let expected = [
        Segment::Payload(100),
        Segment::Header(12),
        Segment::Payload(100),
        Segment::Header(12),
        Segment::Payload(30),
        Segment::Header(170),
    ];
    assert_eq!(plan.as_slice(), expected);
}

#[test]
fn plan_to_the_end_reads_behind_a_last_fragment_wherever_it_was_expected() {
    for payload_left in [0, 100, 5000] {
        let plan = in_fragment(true, 100).plan(1000, to_end(payload_left));
        let expected = [Segment::Payload(100), Segment::Header(170)];
        assert_eq!(plan.as_slice(), expected);
    }
}

#[test]
fn plan_to_the_end_reads_nothing_behind_a_slot_that_is_full_before() {
    let plan = in_fragment(false, 100).plan(210, to_end(230));
    let expected = [
        Segment::Payload(100),
        Segment::Header(12),
        Segment::Payload(100),
        Segment::Header(12),
        Segment::Payload(10),
    ];
    assert_eq!(plan.as_slice(), expected);
}

#[test]
fn plan_beyond_the_end_goes_on_by_whole_fragments_for_a_while() {
    for fragment in [100, 16_000] {
        let plan = in_fragment(false, fragment).plan(1 << 20, to_end(0));
        let guessed = plan[1..].iter().map(|segment| match segment {
            Segment::Payload(n) => *n,
            Segment::Header(_) => 0,
        });
        let guessed: usize = guessed.sum();
        assert!((1..=GUESS_BEYOND_END_BYTES).contains(&guessed));
        assert!(guessed.is_multiple_of(fragment));
    }
}

#[test]
fn plan_never_outgrows_its_bound() {
    for guess in [Guess::Freely, to_end(1 << 20), to_end(0)] {
        let plan = in_fragment(false, 1).plan(1 << 20, guess);
        assert!(plan.len() <= PLAN_SEGMENTS_MAX);
        assert!(plan.len() > PLAN_FRAGMENTS_MAX);
    }
    // The last fragment that fits is also the last of the data set.
    let to_end = to_end(1 + PLAN_FRAGMENTS_MAX);
    let plan = in_fragment(false, 1).plan(1 << 20, to_end);
    assert_eq!(plan.len(), PLAN_SEGMENTS_MAX);
    assert_eq!(plan.last(), Some(&Segment::Header(170)));
}

fn streams() -> impl Strategy<Value = Vec<u8>> {
    let pdv = (any::<bool>(), any::<bool>(), 0..300_usize)
        .prop_map(|(command, last, len)| pdv(command, last, if command { len / 50 } else { len }));
    let p_data = prop::collection::vec(pdv, 1..5).prop_map(Pdu::PData);
    let pdu = prop_oneof![8 => p_data, 1 => Just(Pdu::ReleaseRq), 1 => Just(Pdu::ReleaseRp)];
    prop::collection::vec(pdu, 1..12).prop_map(|pdus| encode(&pdus))
}

proptest! {
    #[test]
    fn any_split_of_a_stream_gives_the_same_frames(
        stream in streams(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        prop_assert_eq!(run(&pieces), run(&[&stream]));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        run(&[&bytes]);
    }

    /// The first segment of a plan is what the framer needs, the sum of its payload fits the room.
    #[test]
    fn plan_begins_with_what_is_needed(stream in streams(), cut in any::<prop::sample::Index>(), room in 1..500_usize, payload_left in prop::option::of(0..1000_usize)) {
        let mut framer = framer();
        let mut bytes = &stream[..cut.index(stream.len())];
        while !bytes.is_empty() {
            let used = match framer.need() {
                Need::Payload(n) => { let n = n.min(bytes.len()); framer.landed(n); n }
                Need::Control(_) => framer.feed(bytes).expect("valid").0,
            };
            bytes = &bytes[used..];
        }
        let plan = framer.plan(room, payload_left.map_or(Guess::Freely, to_end));
        match (framer.need(), plan.first()) {
            (Need::Payload(n), Some(Segment::Payload(planned))) => prop_assert_eq!(*planned, n.min(room)),
            (Need::Control(n), Some(Segment::Header(planned))) => prop_assert!(*planned >= n),
            // An empty fragment needs nothing before it ends.
            (Need::Control(0), _) => {}
            other => prop_assert!(false, "{:?}", other),
        }
        let payload: usize = plan.iter().map(|segment| match segment {
            Segment::Payload(n) => *n,
            Segment::Header(_) => 0,
        }).sum();
        prop_assert!(payload <= room);
    }
}
