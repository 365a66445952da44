//! A graph without some of its nodes.

/// For each node that is kept, the positions among the kept of what it needs; empty for the others. What needs a node that
/// goes needs what that one needs.
pub(super) fn reduced(needs: &[Vec<usize>], is_kept: &[bool]) -> Vec<Vec<usize>> {
    let mut places = Vec::with_capacity(needs.len());
    let mut next = 0;
    for kept in is_kept {
        places.push(next);
        next += usize::from(*kept);
    }
    let of = |node: usize| {
        let mut seen = vec![false; needs.len()];
        let mut open = needs[node].clone();
        let mut found = Vec::new();
        while let Some(need) = open.pop() {
            if need >= needs.len() || std::mem::replace(&mut seen[need], true) {
                continue;
            }
            if is_kept[need] { found.push(places[need]) } else { open.extend(&needs[need]) }
        }
        found.sort_unstable();
        found
    };
    (0..needs.len()).map(|node| if is_kept[node] { of(node) } else { Vec::new() }).collect()
}

/// All that the nodes need, directly or not, themselves included.
pub(super) fn with_needs(needs: &[Vec<usize>], from: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut seen = vec![false; needs.len()];
    let mut open: Vec<usize> = from.into_iter().collect();
    while let Some(node) = open.pop() {
        if node < needs.len() && !std::mem::replace(&mut seen[node], true) {
            open.extend(&needs[node]);
        }
    }
    seen
}

/// All that needs the nodes, directly or not, themselves included.
pub(super) fn with_dependents(needs: &[Vec<usize>], from: &[bool]) -> Vec<bool> {
    let mut seen = from.to_vec();
    loop {
        let more: Vec<usize> = (0..needs.len())
            .filter(|node| !seen[*node] && needs[*node].iter().any(|need| seen.get(*need) == Some(&true)))
            .collect();
        if more.is_empty() {
            return seen;
        }
        for node in more {
            seen[node] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_passes_its_needs_on() {
        let needs = [vec![], vec![0], vec![1], vec![1, 2]];
        assert_eq!(reduced(&needs, &[true, false, false, true]), [vec![], vec![], vec![], vec![0]]);
        assert_eq!(reduced(&needs, &[false, false, true, true]), [vec![], vec![], vec![], vec![0]]);
        assert_eq!(with_needs(&needs, [2]), [true, true, true, false]);
        assert_eq!(with_dependents(&needs, &[false, false, true, false]), [false, false, true, true]);
    }
}
