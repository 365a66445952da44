//! `*` and `?` in the patterns of `#` and `%`.

/// The lengths in characters of the beginnings of a text that a pattern fits, ascending. Takes pattern × text steps.
pub(super) fn fitting_starts(pattern: &[char], text: &[char]) -> Vec<usize> {
    let mut fits = Vec::new();
    // state[i]: the first i characters of the pattern fit what was read.
    let mut state = vec![false; pattern.len() + 1];
    state[0] = true;
    close(pattern, &mut state);
    if state[pattern.len()] {
        fits.push(0);
    }
    for (read, character) in text.iter().enumerate() {
        let mut next = vec![false; pattern.len() + 1];
        for (at, wanted) in pattern.iter().enumerate() {
            match wanted {
                '*' => next[at] |= state[at],
                '?' => next[at + 1] |= state[at],
                _ => next[at + 1] |= state[at] && wanted == character,
            }
        }
        close(pattern, &mut next);
        state = next;
        if state[pattern.len()] {
            fits.push(read + 1);
        }
        if !state.contains(&true) {
            break;
        }
    }
    fits
}

/// A `*` fits nothing, too.
fn close(pattern: &[char], state: &mut [bool]) {
    for (at, wanted) in pattern.iter().enumerate() {
        if *wanted == '*' && state[at] {
            state[at + 1] = true;
        }
    }
}
