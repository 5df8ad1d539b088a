//! Benches only; see the folder `benches`.
