//! Values that most executions of a check leave as they were after booting.

use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// A value. A copy shares it with the original until one of the two changes it.
#[derive(Clone, Debug, Default)]
pub struct Shared<T>(Rc<T>);

impl<T> Shared<T> {
    /// A value of its own.
    pub fn new(value: T) -> Shared<T> {
        Shared(Rc::new(value))
    }

    /// The same place with another value, if nobody shares it.
    pub fn refilled(mut self, value: T) -> Shared<T> {
        match Rc::get_mut(&mut self.0) {
            Some(place) => {
                *place = value;
                self
            }
            None => Shared::new(value),
        }
    }
}

impl<T: Clone> Shared<T> {
    #[cold]
    #[inline(never)]
    fn part(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        if Rc::strong_count(&self.0) != 1 {
            return self.part();
        }
        let Some(value) = Rc::get_mut(&mut self.0) else {
            unreachable!("nobody shares it, and there are no weak references")
        };
        value
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;

    #[test]
    fn a_copy_does_not_see_changes() {
        let mut original = Shared::new(vec![1]);
        let copy = original.clone();
        original.push(2);
        assert_eq!((&*original, &*copy), (&vec![1, 2], &vec![1]));
    }
}
