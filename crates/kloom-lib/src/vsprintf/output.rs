//! The bounded buffer a format is printed into.
//!
//! It counts everything and keeps only what fits, so a field of eight million blanks costs a few instructions.

use super::decode::Spec;

/// Appends to a vector up to a limit and counts beyond it.
pub(super) struct Output<'a> {
    buf: &'a mut Vec<u8>,
    room: usize,
    len: usize,
}

impl<'a> Output<'a> {
    pub(super) fn new(buf: &'a mut Vec<u8>, room: usize) -> Self {
        Output { buf, room, len: 0 }
    }

    /// The length of everything printed, whether kept or not.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn byte(&mut self, c: u8) {
        if self.room > 0 {
            self.buf.push(c);
            self.room -= 1;
        }
        self.len += 1;
    }

    #[inline]
    pub(super) fn bytes(&mut self, text: &[u8]) {
        let kept = text.len().min(self.room);
        self.buf.extend_from_slice(&text[..kept]);
        self.room -= kept;
        self.len = self.len.saturating_add(text.len());
    }

    #[inline]
    pub(super) fn fill(&mut self, c: u8, count: usize) {
        let kept = count.min(self.room);
        if kept > 0 {
            self.buf.resize(self.buf.len() + kept, c);
            self.room -= kept;
        }
        self.len = self.len.saturating_add(count);
    }

    /// A string under `spec`: the precision cuts it, the width pads it.
    pub(super) fn string(&mut self, text: &[u8], spec: Spec) {
        let shown = usize::try_from(spec.precision).map_or(text.len(), |max| max.min(text.len()));
        let pad = usize::try_from(spec.width).unwrap_or(0).saturating_sub(shown);
        if !spec.has(Spec::LEFT) {
            self.fill(b' ', pad);
        }
        self.bytes(&text[..shown]);
        if spec.has(Spec::LEFT) {
            self.fill(b' ', pad);
        }
    }
}
