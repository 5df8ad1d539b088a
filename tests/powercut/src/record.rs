//! What a disk with a volatile write cache was asked to do, in order.
//!
//! Every arrival and every completion takes the next tick of one clock. A flush promises what a
//! disk promises and no more: writes that were completed before the flush *arrived* are stable once
//! the flush is completed. A write that was still on its way when the flush arrived is not covered.

use std::sync::Mutex;

use crate::image::Image;

/// A point in the order of all that happened to the disk.
pub(crate) type Tick = u64;

/// A write that was recorded.
pub(crate) struct Write {
    pub(crate) offset: usize,
    pub(crate) data: Vec<u8>,
    pub(crate) arrived: Tick,
    /// `None`: on its way when the recording ended.
    pub(crate) completed: Option<Tick>,
}

/// A flush that was completed.
#[derive(Clone, Copy)]
pub(crate) struct Flush {
    pub(crate) arrived: Tick,
    pub(crate) completed: Tick,
}

/// All that happened to a disk, on top of what it held before.
pub(crate) struct Recording {
    pub(crate) base: Image,
    /// In order of arrival.
    pub(crate) writes: Vec<Write>,
    /// In order of completion.
    pub(crate) flushes: Vec<Flush>,
    /// The tick at which it ended.
    pub(crate) end: Tick,
}

/// A disk that records.
pub(crate) struct Disk {
    state: Mutex<State>,
}

struct State {
    live: Image,
    now: Tick,
    recording: Option<Recording>,
    /// Counts recordings, so that a write knows whether the one it began in is still on.
    generation: u64,
}

/// A write on its way.
#[derive(Clone, Copy)]
pub(crate) struct Pending {
    generation: u64,
    index: usize,
}

impl Disk {
    /// An empty disk that records nothing yet.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            state: Mutex::new(State {
                live: Image::new(bytes),
                now: 0,
                recording: None,
                generation: 0,
            }),
        }
    }

    /// Forgets all and holds `image` from now on.
    pub(crate) fn replace(&self, image: Image) {
        self.locked().live = image;
    }

    /// Records from now on. What arrived before is taken as stable.
    pub(crate) fn start_recording(&self) {
        let mut state = self.locked();
        state.generation += 1;
        state.recording = Some(Recording {
            base: state.live.clone(),
            writes: Vec::new(),
            flushes: Vec::new(),
            end: 0,
        });
    }

    /// Ends the recording that was started.
    pub(crate) fn stop_recording(&self) -> Recording {
        let mut state = self.locked();
        let mut recording = state.recording.take().expect("a recording was started");
        recording.end = state.now;
        recording
    }

    /// The present tick: all that happens from now on gets a later one.
    pub(crate) fn now(&self) -> Tick {
        self.locked().now
    }

    /// Its size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.locked().live.bytes()
    }

    /// Reads what was written last, stable or not.
    pub(crate) fn read(&self, offset: usize, out: &mut [u8]) {
        self.locked().live.read(offset, out);
    }

    /// A write arrived; to be completed with what is returned.
    pub(crate) fn write_arrived(&self, offset: usize, data: &[u8]) -> Pending {
        let mut state = self.locked();
        state.live.write(offset, data);
        let arrived = state.tick();
        let generation = state.generation;
        let mut index = 0;
        if let Some(recording) = &mut state.recording {
            index = recording.writes.len();
            recording.writes.push(Write {
                offset,
                data: data.to_vec(),
                arrived,
                completed: None,
            });
        }
        Pending { generation, index }
    }

    /// A write is completed: to be called before the answer leaves.
    pub(crate) fn write_completed(&self, pending: Pending) {
        let mut state = self.locked();
        let now = state.tick();
        if state.generation != pending.generation {
            return;
        }
        if let Some(recording) = &mut state.recording
            && let Some(write) = recording.writes.get_mut(pending.index)
        {
            write.completed = Some(now);
        }
    }

    /// A flush arrived; to be completed with the tick that is returned.
    pub(crate) fn flush_arrived(&self) -> Tick {
        self.locked().tick()
    }

    /// A flush is completed: to be called before the answer leaves.
    pub(crate) fn flush_completed(&self, arrived: Tick) {
        let mut state = self.locked();
        let completed = state.tick();
        if let Some(recording) = &mut state.recording {
            recording.flushes.push(Flush { arrived, completed });
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the disk")
    }
}

impl State {
    fn tick(&mut self) -> Tick {
        self.now += 1;
        self.now
    }
}
