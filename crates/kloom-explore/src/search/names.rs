//! Small numbers for threads: machines number them by where they come from, which need not be dense.

use rustc_hash::FxHashMap;

use super::ThreadId;

/// Threads below this are looked up in a table.
const SMALL: usize = 1024;
const UNKNOWN: u32 = u32::MAX;

/// The threads that a search has seen, in the order in which it first saw them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Names {
    small: Vec<u32>,
    large: FxHashMap<ThreadId, u32>,
    names: Vec<ThreadId>,
}

impl Names {
    /// The index of a thread, which gets one if it has none.
    pub(super) fn index(&mut self, thread: ThreadId) -> usize {
        if let Some(known) = self.find(thread) {
            return known;
        }
        let index = self.names.len();
        self.names.push(thread);
        let at = thread as usize;
        if at >= SMALL {
            self.large.insert(thread, index as u32);
        } else {
            if self.small.len() <= at {
                self.small.resize(at + 1, UNKNOWN);
            }
            self.small[at] = index as u32;
        }
        index
    }

    /// The index of a thread that has one.
    pub(super) fn find(&self, thread: ThreadId) -> Option<usize> {
        let at = thread as usize;
        let index =
            if at >= SMALL { *self.large.get(&thread)? } else { self.small.get(at).copied().unwrap_or(UNKNOWN) };
        (index != UNKNOWN).then_some(index as usize)
    }

    /// The thread with an index.
    pub(super) fn name(&self, index: usize) -> ThreadId {
        self.names[index]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn threads_keep_their_indices_however_large_their_numbers() {
        let mut names = Names::default();
        let threads = [7, 0, 1023, 1024, 1 << 31, u32::MAX - 1, 3];
        for (index, &thread) in threads.iter().enumerate() {
            assert_eq!((names.find(thread), names.index(thread)), (None, index));
        }
        for (index, &thread) in threads.iter().enumerate() {
            assert_eq!((names.find(thread), names.index(thread), names.name(index)), (Some(index), index, thread));
        }
        assert_eq!((names.len(), names.find(1)), (threads.len(), None));
    }
}
