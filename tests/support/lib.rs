//! What the end-to-end tests share: receivers to start, peers to play, objects to send, and means
//! to look at what lies on disk.
//!
//! The scripted peer has its own small encoder and decoder on purpose: a mistake in the engine's
//! codec must not hide behind the same mistake here.

pub mod answer;
pub mod conversation;
pub mod corpus;
pub mod delay;
pub mod disk;
pub mod foreign;
pub mod gate;
pub mod journal;
pub mod listening;
pub mod object;
pub mod pairs;
pub mod peer;
pub mod proxy;
pub mod random;
pub mod receiver;
pub mod scp;
pub mod scratch;
pub mod stored;
pub mod storescu;
pub mod tools;
pub mod trace;
pub mod wire;
