//! Things that are known by a number which is never used again: inodes, entries of trees.

use std::rc::Rc;

/// A table of things by number, from 1 on. A copy shares each thing with the original until one of the two changes it.
#[derive(Clone, Debug)]
pub struct Numbered<T> {
    /// By number, less 1.
    slots: Vec<Option<Rc<T>>>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { slots: Vec::new() }
    }
}

impl<T> Numbered<T> {
    /// The number that the next thing gets.
    pub fn next(&self) -> u32 {
        self.slots.len() as u32 + 1
    }

    /// Adds a thing; its number.
    pub fn push(&mut self, thing: T) -> u32 {
        self.slots.push(Some(Rc::new(thing)));
        self.slots.len() as u32
    }

    /// The thing of a number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.slots.get((number as usize).checked_sub(1)?)?.as_deref()
    }

    /// Whether the number still names something.
    pub fn contains(&self, number: u32) -> bool {
        self.get(number).is_some()
    }

    /// Things with their numbers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index as u32 + 1, slot.as_deref()?)))
    }
}

impl<T: Clone> Numbered<T> {
    /// The thing of a number, to change it.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.slots.get_mut((number as usize).checked_sub(1)?)?.as_mut().map(Rc::make_mut)
    }

    /// Takes a thing out; its number is not used again.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        self.slots.get_mut((number as usize).checked_sub(1)?)?.take().map(Rc::unwrap_or_clone)
    }
}

#[cfg(test)]
mod tests {
    use super::Numbered;

    #[test]
    fn numbers_are_never_used_again_and_copies_do_not_see_changes() {
        let mut table = Numbered::default();
        assert_eq!((table.push("one"), table.push("two")), (1, 2));
        let copy = table.clone();
        assert_eq!(table.remove(1), Some("one"));
        *table.get_mut(2).expect("it is there") = "deux";
        assert_eq!((table.push("three"), table.next()), (3, 4));
        assert_eq!(table.iter().collect::<Vec<_>>(), [(2, &"deux"), (3, &"three")]);
        assert_eq!(copy.iter().collect::<Vec<_>>(), [(1, &"one"), (2, &"two")]);
        assert!(table.get(0).is_none() && table.get(4).is_none() && !table.contains(1));
    }
}
