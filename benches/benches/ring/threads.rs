//! By threads: the store's way, without all that the store does beside; and by the loop alone.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};
use pdvault_engine::store::WRITERS_DEFAULT;

use crate::Storing;
use crate::place::Place;

/// How much may wait for a writer before the next one is woken, in bytes; as in the store.
const BACKLOG_BYTES: usize = 128 << 10;

struct Job {
    number: u64,
    slot: usize,
}

struct Lane {
    jobs: Sender<Job>,
    backlog: Arc<AtomicUsize>,
}

/// A pool of writers, and a committer where objects are to be durable.
pub(crate) struct Threads {
    place: Arc<Place>,
    lanes: Vec<Lane>,
    finished: Receiver<usize>,
    all: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(crate) fn new(place: &Arc<Place>) -> Self {
        let (to_loop, finished) = unbounded();
        let mut threads = Vec::new();
        let mut published = to_loop.clone();
        if place.case.is_durable {
            let (to_committer, queue) = unbounded();
            published = to_committer;
            let place = Arc::clone(place);
            threads.push(thread::spawn(move || commit(&place, &queue, &to_loop)));
        }
        let mut lanes = Vec::new();
        for _ in 0..WRITERS_DEFAULT {
            let (jobs, queue) = unbounded();
            let backlog = Arc::new(AtomicUsize::new(0));
            lanes.push(Lane {
                jobs,
                backlog: Arc::clone(&backlog),
            });
            let (place, published) = (Arc::clone(place), published.clone());
            threads.push(thread::spawn(move || {
                write(&place, &queue, &backlog, &published);
            }));
        }
        Self {
            place: Arc::clone(place),
            lanes,
            finished,
            all: threads,
        }
    }
}

impl Storing for Threads {
    fn start(&mut self, number: u64, slot: usize) -> io::Result<()> {
        let backlog = |lane: &&Lane| lane.backlog.load(Ordering::Relaxed) / BACKLOG_BYTES;
        let lane = self.lanes.iter().min_by_key(backlog).expect("some");
        lane.backlog
            .fetch_add(self.place.case.size, Ordering::Relaxed);
        lane.jobs.send(Job { number, slot }).expect("it lives");
        Ok(())
    }

    fn finished(&mut self) -> io::Result<usize> {
        Ok(self.finished.recv().expect("writers live"))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.lanes.clear();
        for thread in mem::take(&mut self.all) {
            thread.join().expect("no writer failed");
        }
    }
}

fn write(place: &Place, queue: &Receiver<Job>, backlog: &AtomicUsize, published: &Sender<usize>) {
    for Job { number, slot } in queue {
        place.store(number, slot).expect("stored");
        backlog.fetch_sub(place.case.size, Ordering::Relaxed);
        // Nobody listens any more after a failure elsewhere.
        let _ = published.send(slot);
    }
}

fn commit(place: &Place, published: &Receiver<usize>, finished: &Sender<usize>) {
    for first in published {
        let mut group = vec![first];
        group.extend(published.try_iter());
        place.sync().expect("committed");
        for slot in group {
            let _ = finished.send(slot);
        }
    }
}

/// The loop stores everything itself, one object after the other, and syncs once nothing else is left to do.
pub(crate) struct Alone {
    place: Arc<Place>,
    stored: VecDeque<usize>,
    finished: VecDeque<usize>,
}

impl Alone {
    pub(crate) fn new(place: &Arc<Place>) -> Self {
        Self {
            place: Arc::clone(place),
            stored: VecDeque::new(),
            finished: VecDeque::new(),
        }
    }
}

impl Storing for Alone {
    fn start(&mut self, number: u64, slot: usize) -> io::Result<()> {
        self.place.store(number, slot)?;
        self.stored.push_back(slot);
        Ok(())
    }

    fn finished(&mut self) -> io::Result<usize> {
        if self.finished.is_empty() {
            if self.place.case.is_durable {
                self.place.sync()?;
            }
            mem::swap(&mut self.stored, &mut self.finished);
        }
        Ok(self.finished.pop_front().expect("something was started"))
    }
}
