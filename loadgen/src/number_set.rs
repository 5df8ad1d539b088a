//! Which objects of a run were acknowledged.

/// A set of object numbers, one bit each.
#[derive(Clone, Debug, Default)]
pub struct NumberSet {
    words: Vec<u64>,
    len: u64,
}

impl NumberSet {
    /// Adds a number; takes memory for all numbers up to it, an eighth of a byte each.
    pub fn insert(&mut self, number: u64) {
        let (word, bit) = place(number);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.len += u64::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    /// Takes a number out, and says whether it was there.
    pub fn remove(&mut self, number: u64) -> bool {
        let (word, bit) = place(number);
        let was_there = self.words.get(word).is_some_and(|word| word & bit != 0);
        if was_there {
            self.words[word] &= !bit;
            self.len -= 1;
        }
        was_there
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// How many numbers are in it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds all numbers of another set.
    pub fn merge(&mut self, other: &Self) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
        self.len = self
            .words
            .iter()
            .map(|word| u64::from(word.count_ones()))
            .sum();
    }

    /// The numbers, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let bits = (0_u64..).zip(&self.words);
        bits.flat_map(|(index, word)| {
            let set = (0..64).filter(move |bit| word >> bit & 1 == 1);
            set.map(move |bit| index * 64 + bit)
        })
    }
}

fn place(number: u64) -> (usize, u64) {
    let word = usize::try_from(number / 64).expect("memory for every number before");
    (word, 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_once_and_taken_out_once() {
        let mut set = NumberSet::default();
        for number in [5, 0, 64, 1000, 5] {
            set.insert(number);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 64, 1000]);
        assert_eq!(set.len(), 4);
        assert!(set.remove(64) && !set.remove(64) && !set.remove(1 << 40));
        let mut other = NumberSet::default();
        other.insert(2000);
        other.insert(5);
        set.merge(&other);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 1000, 2000]);
        assert_eq!(set.len(), 4);
        assert!(set.contains(2000) && !set.contains(64) && !set.is_empty());
    }
}
