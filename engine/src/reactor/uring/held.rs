//! Memory that the kernel may be writing to.

#![expect(unsafe_code, reason = "a box whose address others know")]

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A box that may be moved while the kernel has its address. (Of a [`Box`] the compiler may assume that
/// nobody else reaches what is in it.)
///
/// Its content must not be touched while it is in flight. That is seen to by [`super::ring::Ring`],
/// which owns what is in flight and gives nobody access to it.
pub(super) struct Held<T: ?Sized>(NonNull<T>);

// SAFETY: it owns its content as a box does.
unsafe impl<T: ?Sized + Send> Send for Held<T> {}

impl<T: ?Sized> From<Box<T>> for Held<T> {
    fn from(content: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(content)))
    }
}

impl<T: ?Sized> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the pointer is a leaked box's, which only `drop` takes back.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `self` is borrowed for as long as the reference lives.
        unsafe { self.0.as_mut() }
    }
}

impl<T: ?Sized> Drop for Held<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is a leaked box's, and nobody uses it after this.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl<T: ?Sized> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").finish()
    }
}
