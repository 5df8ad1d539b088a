//! A long line: where every answer takes 20 ms, objects that do not wait for each other's answers go
//! many times faster.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, iter};

use pdvault_tests::delay::Delay;
use pdvault_tests::object::Object;
use pdvault_tests::receiver::{Receiver, binary};
use pdvault_tests::scratch;
use pdvault_tests::storescu::{Tool, run};

/// Half of the round trip.
const ONE_WAY: Duration = Duration::from_millis(10);

/// Bytes of a data set.
const OBJECT_BYTES: usize = 8 << 10;

/// How much faster 16 operations at a time have to be at least; 16 times is what there is to gain.
const GAIN_MIN: f64 = 8.0;

/// Objects sent one after the other: two seconds, beside which a start is little.
const ALONE: usize = 100;

/// Objects sent 16 at a time: about two seconds as well.
const TOGETHER: usize = 1600;

/// How often both are measured, until the gain is there: a machine that is busy otherwise spoils the
/// faster one.
const ATTEMPTS: usize = 5;

/// A receiver at the end of a long line. What it takes in it throws away: the disk is not what is
/// measured.
fn far_away() -> (Receiver, Delay) {
    let receiver = Receiver::start("--ignore");
    let line = Delay::start(receiver.port(), ONE_WAY);
    (receiver, line)
}

/// Objects per second of a command that sends `objects`.
fn rate(command: &mut Command, objects: usize) -> f64 {
    let started = Instant::now();
    run(command).assert_code(0);
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let objects = objects as f64;
    objects / started.elapsed().as_secs_f64()
}

/// Asserts that sending 16 at a time pays.
fn assert_gain(command: impl Fn(usize, &[&str]) -> Command) {
    let gains = iter::repeat_with(|| {
        let alone = rate(&mut command(ALONE, &[]), ALONE);
        let together = rate(&mut command(TOGETHER, &["--async-ops", "16"]), TOGETHER);
        println!("{alone:.0} objects/s alone, {together:.0} objects/s 16 at a time");
        together / alone
    });
    let gained = gains.take(ATTEMPTS).any(|gain| gain >= GAIN_MIN);
    assert!(gained, "never {GAIN_MIN} times faster");
}

fn make_objects(home: &Path) {
    for number in 0..TOGETHER {
        let object = Object::ct(&format!("2.25.{number}"), OBJECT_BYTES);
        let path = home.join(format!("{number:04}.dcm"));
        fs::write(path, object.file()).expect("an object");
    }
}

#[test]
fn storescu_sends_at_least_8_times_faster_with_16_operations_at_a_time() {
    let home = scratch::directory();
    make_objects(home.path());
    let (_receiver, line) = far_away();
    assert_gain(|objects, options| {
        let mut command = Tool::Ours.command();
        command.args(options).arg("127.0.0.1");
        command.arg(line.port().to_string());
        command.args((0..objects).map(|number| home.path().join(format!("{number:04}.dcm"))));
        command
    });
}

#[test]
fn loadgen_sends_at_least_8_times_faster_with_16_operations_at_a_time() {
    let (_receiver, line) = far_away();
    assert_gain(|objects, options| {
        let mut command = Command::new(binary());
        command.args(["loadgen", "--size"]);
        command.arg(OBJECT_BYTES.to_string()).arg("--count");
        command.arg(objects.to_string()).args(options);
        command.arg("127.0.0.1").arg(line.port().to_string());
        command
    });
}
