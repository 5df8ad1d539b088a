#![allow(
    clippy::cast_possible_truncation,
    reason = "sizes and counts of tests are small"
)]

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::*;
use crate::landing::BLOCK_BYTES;

/// Longer than any turn of these tests takes, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct CountingWake(AtomicUsize);

impl Wake for CountingWake {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn pool(chunks: usize) -> LandingPool {
    LandingPool::new(&LandingConfig {
        total_bytes: chunks * BLOCK_BYTES,
        chunk_bytes: BLOCK_BYTES,
    })
    .expect("landing memory")
}

fn waiter(ticket: u64, to: &Sender<Grant>) -> Waiter {
    Waiter {
        ticket,
        to: to.clone(),
        wake: Arc::new(CountingWake::default()),
    }
}

fn tickets(grants: &Receiver<Grant>) -> Vec<u64> {
    grants.try_iter().map(|grant| grant.ticket).collect()
}

#[test]
fn chunks_come_back_when_they_are_dropped() {
    let pool = pool(2);
    let (first, second) = (pool.take(), pool.take());
    assert!(first.is_some() && second.is_some());
    assert!(pool.take().is_none());
    assert_eq!(pool.free_count(), 0);
    drop(first);
    assert_eq!(pool.free_count(), 1);
    assert!(pool.take().is_some());
    assert_eq!((pool.chunk_count(), pool.chunk_bytes()), (2, BLOCK_BYTES));
}

#[test]
fn waiters_are_served_in_the_order_they_came_and_before_newcomers() {
    let pool = pool(2);
    let (first, second) = (pool.take(), pool.take());
    let (to, grants) = unbounded();
    let wake = Arc::new(CountingWake::default());
    for ticket in 0..3 {
        pool.wait(Waiter {
            ticket,
            to: to.clone(),
            wake: Arc::clone(&wake) as Arc<dyn Wake>,
        });
    }
    assert!(pool.is_under_pressure());
    drop(first);
    assert!(pool.take().is_none(), "a newcomer overtook those who wait");
    let grant = grants.try_recv().expect("the first waiter's chunk");
    assert_eq!((grant.ticket, wake.0.load(Ordering::SeqCst)), (0, 1));
    drop((second, grant));
    let served: Vec<Grant> = grants.try_iter().collect();
    assert_eq!(
        served.iter().map(|grant| grant.ticket).collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(!pool.is_under_pressure());
    drop(served);
    assert_eq!(pool.free_count(), 2);
}

#[test]
fn a_waiter_who_comes_when_chunks_are_free_is_served_at_once() {
    let pool = pool(2);
    let (to, grants) = unbounded();
    pool.wait(waiter(5, &to));
    assert_eq!(tickets(&grants), [5]);
    assert!(!pool.is_under_pressure());
}

#[test]
fn waiters_who_are_gone_are_passed_over() {
    let pool = pool(2);
    let held = (pool.take(), pool.take());
    let (to_gone, gone) = unbounded();
    for ticket in 0..10_000 {
        pool.wait(waiter(ticket, &to_gone));
    }
    drop(gone);
    let (to, grants) = unbounded();
    pool.wait(waiter(77, &to));
    drop(held);
    assert_eq!(tickets(&grants), [77]);
    assert_eq!(pool.free_count(), 2);
    assert!(!pool.is_under_pressure());
}

#[test]
fn a_full_channel_loses_its_turn_but_no_chunk() {
    let pool = pool(2);
    let held = (pool.take(), pool.take());
    let (to, grants) = bounded(1);
    pool.wait(waiter(1, &to));
    pool.wait(waiter(2, &to));
    drop(held);
    assert_eq!(tickets(&grants), [1]);
    assert_eq!(pool.free_count(), 2);
}

#[test]
fn grants_that_nobody_reads_free_their_chunks_with_the_channel() {
    let pool = pool(2);
    let (to, grants) = unbounded();
    pool.wait(waiter(1, &to));
    assert_eq!(pool.free_count(), 1);
    drop((grants, to));
    assert_eq!(pool.free_count(), 2);
}

#[test]
fn chunks_outlive_the_handles_of_the_pool() {
    let pool = pool(2);
    let mut chunk = pool.take().expect("a free chunk");
    drop(pool);
    chunk.fill(1);
    assert!(chunk.iter().all(|&byte| byte == 1));
}

/// One thread of the stress test: takes or waits, marks the chunk as its own, gives it back.
fn take_turns(pool: &LandingPool, thread: u64, turns: u64) {
    let (to, grants) = unbounded();
    for turn in 0..turns {
        let mut chunk = pool.take().unwrap_or_else(|| {
            pool.wait(waiter(turn, &to));
            let grant = grants.recv_timeout(PATIENCE).expect("a wake-up was lost");
            assert_eq!(grant.ticket, turn);
            grant.chunk
        });
        let mark = (thread * turns + turn).to_le_bytes();
        chunk[..8].copy_from_slice(&mark);
        if turn % 3 == 0 {
            thread::yield_now();
        }
        assert_eq!(chunk[..8], mark, "two owners of one chunk");
    }
}

#[test]
fn no_wake_up_is_lost_and_no_chunk_shared_among_threads() {
    const THREADS: u64 = 8;
    let pool = pool(3);
    let barrier = Arc::new(Barrier::new(THREADS as usize));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (pool, barrier) = (pool.clone(), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                take_turns(&pool, thread, 20_000);
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("every turn was served");
    }
    assert_eq!(pool.free_count(), 3);
    assert!(!pool.is_under_pressure());
}

#[test]
fn waiters_that_vanish_at_random_starve_nobody() {
    let pool = pool(2);
    let stop = Arc::new(AtomicBool::new(false));
    let vanishing = {
        let (pool, stop) = (pool.clone(), Arc::clone(&stop));
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let (to, grants) = unbounded();
                pool.wait(waiter(0, &to));
                drop(grants);
            }
        })
    };
    let steady: Vec<_> = (0..3)
        .map(|thread| {
            let pool = pool.clone();
            thread::spawn(move || take_turns(&pool, thread, 5_000))
        })
        .collect();
    for thread in steady {
        thread.join().expect("every turn was served");
    }
    stop.store(true, Ordering::Relaxed);
    vanishing.join().expect("no panic");
    assert_eq!(pool.free_count(), 2);
}
