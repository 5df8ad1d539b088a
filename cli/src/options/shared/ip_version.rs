//! Which versions of the Internet protocol are used.

/// The choice of `-i4`, `-i6` and `-i0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum IpVersion {
    /// IPv4 only.
    #[default]
    V4,
    /// IPv6 only.
    V6,
    /// Both: whatever the name of a peer resolves to, whoever connects.
    Any,
}
