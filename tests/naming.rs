//! File names, and what happens when an instance arrives again.

use std::thread;

use pdvault_tests::gate::Gate;
use pdvault_tests::object::Object;
use pdvault_tests::peer::{Outcome, Peer, SUCCESS, store_once};
use pdvault_tests::receiver::Receiver;
use pdvault_tests::stored;
use pdvault_tests::wire::{AssociateRq, DEFLATED, EXPLICIT};

/// Status: duplicate SOP instance (PS3.7 C.5.6).
const DUPLICATE: Outcome = Outcome::Status(0x0111);

/// More than a chunk of landing memory, so that an object takes several writes.
const BIG_BYTES: usize = 3 << 20;

/// Senders that store the same instance at once.
const RIVALS: u64 = 8;

fn names(receiver: &Receiver) -> Vec<String> {
    stored::assert_no_leftovers(receiver.output());
    stored::final_names(receiver.output())
}

fn of_class(class: &str, instance: &str) -> Object {
    Object {
        class: class.to_owned(),
        ..Object::ct(instance, 2000)
    }
}

#[test]
fn a_file_is_named_by_modality_prefix_and_instance_uid() {
    let receiver = Receiver::start("");
    let classes = [
        ("1.2.840.10008.5.1.4.1.1.2", "CT"),
        ("1.2.840.10008.5.1.4.1.1.4", "MR"),
        ("1.2.840.10008.5.1.4.1.1.1.2", "DXm"),
        ("1.2.840.10008.5.1.4.1.1.88.11", "SRt"),
    ];
    for (class, _) in classes {
        store_once(receiver.port(), &of_class(class, "2.25.1"));
    }
    let expected: Vec<_> = classes
        .iter()
        .map(|(_, prefix)| format!("{prefix}.2.25.1"))
        .collect();
    let mut names = names(&receiver);
    names.sort_by_key(|name| expected.iter().position(|wanted| wanted == name));
    assert_eq!(names, expected);
}

#[test]
fn a_promiscuous_receiver_names_unknown_classes_unknown() {
    let private = of_class("1.2.826.0.1.3680043.9.7777.1", "2.25.5");
    let wary = Receiver::start("");
    let request = AssociateRq::for_class(&private.class, EXPLICIT);
    let (_, accepted) = Peer::associate_some(wary.port(), &request);
    assert_eq!(accepted.contexts[&1].0, 3, "abstract syntax not supported");

    let promiscuous = Receiver::start("--promiscuous");
    store_once(promiscuous.port(), &private);
    assert_eq!(names(&promiscuous), ["UNKNOWN.2.25.5"]);
}

#[test]
fn an_extension_is_glued_to_every_name() {
    let receiver = Receiver::start("--filename-extension .dcm --on-duplicate keep");
    store_once(receiver.port(), &Object::ct("2.25.7", 2000));
    store_once(receiver.port(), &Object::ct("2.25.7", 2000));
    let names = names(&receiver);
    assert_eq!(names[0], "CT.2.25.7.dcm");
    let stem = names[1]
        .strip_suffix(".dcm")
        .expect("the extension comes last");
    assert!(
        stem.starts_with("CT.2.25.7") && stem != "CT.2.25.7",
        "{names:?}"
    );
}

#[test]
fn unique_names_never_meet() {
    let receiver = Receiver::start("--unique-filenames");
    let object = Object::ct("2.25.7", 2000);
    for _ in 0..3 {
        store_once(receiver.port(), &object);
    }
    let names = names(&receiver);
    assert_eq!(names.len(), 3);
    assert!(
        names.iter().all(|name| name.starts_with("CT.X.2.25.")),
        "{names:?}"
    );
    stored::assert_holds_exactly(receiver.output(), &[&object, &object, &object]);
}

#[test]
fn odd_characters_of_a_uid_become_underscores_in_the_name() {
    let receiver = Receiver::start("");
    let object = Object::ct("1.2.a*b?c", 2000);
    store_once(receiver.port(), &object);
    assert_eq!(names(&receiver), ["CT.1.2.a_b_c"]);
    let file = &stored::files(receiver.output())[0];
    assert_eq!(
        file.meta.instance(),
        object.instance,
        "the file itself keeps the UID"
    );
}

#[test]
fn uids_that_meet_in_one_sanitised_name_do_not_overwrite_each_other() {
    let receiver = Receiver::start("");
    let (star, question) = (Object::ct("1.2.a*b", 2000), Object::ct("1.2.a?b", 2000));
    store_once(receiver.port(), &star);
    store_once(receiver.port(), &question);
    stored::assert_holds_exactly(receiver.output(), &[&star, &question]);
}

#[test]
fn by_default_a_new_copy_replaces_the_old_one() {
    let receiver = Receiver::start("");
    let new = Object::ct_with_pixels("2.25.7", BIG_BYTES, 1);
    store_once(receiver.port(), &Object::ct("2.25.7", 2 * BIG_BYTES));
    store_once(receiver.port(), &new);
    stored::assert_holds_exactly(receiver.output(), &[&new]);
    assert_eq!(names(&receiver), ["CT.2.25.7"]);
}

#[test]
fn the_old_copy_survives_a_new_one_that_breaks_off() {
    let old = Object::ct("2.25.7", BIG_BYTES);
    let new = Object::ct_with_pixels("2.25.7", BIG_BYTES, 1);
    for mode in ["overwrite", "keep", "same"] {
        let receiver = Receiver::start(&format!("--on-duplicate {mode}"));
        store_once(receiver.port(), &old);
        for sent in [0, 100, BIG_BYTES / 2, BIG_BYTES - 1] {
            let mut peer = Peer::ready(receiver.port());
            peer.begin(&new);
            peer.send_data(&new.data[..sent], false);
        }
        stored::assert_holds_exactly(receiver.output(), &[&old]);
    }
}

#[test]
fn keep_gives_every_newcomer_a_free_name() {
    let receiver = Receiver::start("--on-duplicate keep");
    let copies: Vec<_> = (0..3)
        .map(|n| Object::ct_with_pixels("2.25.7", 5000, n))
        .collect();
    for copy in &copies {
        store_once(receiver.port(), copy);
    }
    stored::assert_holds_exactly(receiver.output(), &copies.iter().collect::<Vec<_>>());
    assert_eq!(names(&receiver)[0], "CT.2.25.7");
}

#[test]
fn refuse_answers_duplicate_sop_instance_and_the_association_lives_on() {
    let receiver = Receiver::start("--on-duplicate refuse");
    let (first, other) = (Object::ct("2.25.7", BIG_BYTES), Object::ct("2.25.8", 3000));
    let mut peer = Peer::ready(receiver.port());
    assert_eq!(peer.store(&first), SUCCESS);
    assert_eq!(
        peer.store(&Object::ct_with_pixels("2.25.7", BIG_BYTES, 1)),
        DUPLICATE
    );
    assert_eq!(peer.store(&first), DUPLICATE, "even when it is the same");
    assert_eq!(peer.store(&other), SUCCESS);
    peer.release();
    stored::assert_holds_exactly(receiver.output(), &[&first, &other]);
    receiver.assert_complained();
}

#[test]
fn same_acknowledges_an_identical_copy_without_storing_it_again() {
    let receiver = Receiver::start("--on-duplicate same");
    for bytes in [600, 4096, BIG_BYTES] {
        let object = Object::ct(&format!("2.25.{bytes}"), bytes);
        for _ in 0..3 {
            store_once(receiver.port(), &object);
        }
    }
    assert_eq!(names(&receiver).len(), 3);
}

#[test]
fn same_keeps_a_copy_that_differs_anywhere() {
    let old = Object::ct("2.25.7", BIG_BYTES);
    let mut last_byte = old.clone();
    *last_byte.data.last_mut().expect("not empty") ^= 1;
    let mut middle = old.clone();
    middle.data[BIG_BYTES / 2] ^= 1;
    let longer = Object {
        data: [&old.data[..], &[0, 0]].concat(),
        ..old.clone()
    };
    let shorter = Object {
        data: old.data[..BIG_BYTES - 2].to_vec(),
        ..old.clone()
    };
    for new in [last_byte, middle, longer, shorter] {
        let receiver = Receiver::start("--on-duplicate same");
        store_once(receiver.port(), &old);
        store_once(receiver.port(), &new);
        stored::assert_holds_exactly(receiver.output(), &[&old, &new]);
        receiver.assert_complained();
    }
}

#[test]
fn same_tells_transfer_syntaxes_apart() {
    let receiver = Receiver::start("+xa --on-duplicate same");
    let explicit = Object::ct("2.25.7", 3000);
    let deflated = Object {
        syntax: DEFLATED.to_owned(),
        ..explicit.clone()
    };
    store_once(receiver.port(), &explicit);
    store_once(receiver.port(), &deflated);
    stored::assert_holds_exactly(receiver.output(), &[&explicit, &deflated]);
}

/// Lets rivals store an instance each at the same time, and returns what became of each.
fn store_at_once(receiver: &Receiver, objects: &[Object]) -> Vec<Outcome> {
    let start = Gate::new(objects.len());
    thread::scope(|scope| {
        let rivals: Vec<_> = objects
            .iter()
            .map(|object| {
                let start = &start;
                scope.spawn(move || {
                    let mut peer = Peer::ready(receiver.port());
                    let id = peer.begin(object);
                    start.wait();
                    peer.send_data(&object.data, true);
                    peer.store_response(id)
                })
            })
            .collect();
        rivals
            .into_iter()
            .map(|rival| rival.join().expect("a rival ends well"))
            .collect()
    })
}

fn different_rivals() -> Vec<Object> {
    (0..RIVALS)
        .map(|n| Object::ct_with_pixels("2.25.7", 100_000, n))
        .collect()
}

#[test]
fn of_rivals_for_one_name_one_whole_file_remains_under_overwrite() {
    let receiver = Receiver::start("--on-duplicate overwrite");
    let rivals = different_rivals();
    assert!(
        store_at_once(&receiver, &rivals)
            .iter()
            .all(|outcome| *outcome == SUCCESS)
    );
    assert_eq!(names(&receiver), ["CT.2.25.7"]);
    let file = &stored::files(receiver.output())[0];
    assert!(
        rivals.iter().any(|rival| file.holds(rival)),
        "the file is one of those sent, whole"
    );
}

#[test]
fn of_rivals_for_one_name_all_are_kept_under_keep_and_same() {
    for mode in ["keep", "same"] {
        let receiver = Receiver::start(&format!("--on-duplicate {mode}"));
        let rivals = different_rivals();
        assert!(
            store_at_once(&receiver, &rivals)
                .iter()
                .all(|outcome| *outcome == SUCCESS)
        );
        stored::assert_holds_exactly(receiver.output(), &rivals.iter().collect::<Vec<_>>());
    }
}

#[test]
fn of_rivals_for_one_name_one_wins_under_refuse() {
    let receiver = Receiver::start("--on-duplicate refuse");
    let rivals = different_rivals();
    let outcomes = store_at_once(&receiver, &rivals);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == SUCCESS)
        .expect("a winner");
    stored::assert_holds_exactly(receiver.output(), &[&rivals[winner]]);
    let refused = outcomes
        .iter()
        .filter(|outcome| **outcome == DUPLICATE)
        .count();
    assert_eq!(refused + 1, rivals.len(), "{outcomes:?}");
}

#[test]
fn identical_rivals_share_one_file_under_same() {
    let receiver = Receiver::start("--on-duplicate same");
    let object = Object::ct("2.25.7", BIG_BYTES);
    let rivals = vec![object.clone(); 8];
    assert!(
        store_at_once(&receiver, &rivals)
            .iter()
            .all(|outcome| *outcome == SUCCESS)
    );
    stored::assert_holds_exactly(receiver.output(), &[&object]);
}

#[test]
fn ignored_objects_are_acknowledged_and_leave_nothing() {
    let receiver = Receiver::start("--ignore");
    store_once(receiver.port(), &Object::ct("2.25.7", BIG_BYTES));
    assert!(!receiver.output().exists() || names(&receiver).is_empty());
}
