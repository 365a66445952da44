//! Cycles.

/// A cycle of a graph, as the nodes on it in order; node `n` points to `edges[n]`. `None` when there is none.
pub(crate) fn cycle(edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        OnPath,
        Done,
    }
    let mut seen = vec![Seen::Not; edges.len()];
    for start in 0..edges.len() {
        if seen[start] != Seen::Not {
            continue;
        }
        seen[start] = Seen::OnPath;
        // Nodes on the path, each with the number of its edges already followed.
        let mut path = vec![(start, 0)];
        while let Some((node, followed)) = path.last_mut() {
            let Some(&next) = edges[*node].get(*followed) else {
                seen[*node] = Seen::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            match seen[next] {
                Seen::Done => {}
                Seen::Not => {
                    seen[next] = Seen::OnPath;
                    path.push((next, 0));
                }
                Seen::OnPath => {
                    return Some(path.into_iter().map(|(node, _)| node).skip_while(|node| *node != next).collect());
                }
            }
        }
    }
    None
}

/// `a -> b -> a`
pub(crate) fn named(cycle: &[usize], name: impl Fn(usize) -> String) -> String {
    cycle.iter().chain(cycle.first()).map(|node| format!("`{}`", name(*node))).collect::<Vec<_>>().join(" -> ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cycle_is_found_and_named() {
        assert_eq!(cycle(&[vec![1], vec![2], vec![]]), None);
        assert_eq!(cycle(&[vec![0]]), Some(vec![0]));
        let found = cycle(&[vec![1], vec![2, 3], vec![1], vec![]]).unwrap();
        assert_eq!(named(&found, |node| node.to_string()), "`1` -> `2` -> `1`");
    }

    proptest! {
        #[test]
        fn graphs_that_point_backwards_have_none(edges in prop::collection::vec(prop::collection::vec(0..50usize, 0..5), 0..50)) {
            let backwards: Vec<Vec<usize>> =
                edges.iter().enumerate().map(|(node, to)| to.iter().copied().filter(|to| *to < node).collect()).collect();
            prop_assert_eq!(cycle(&backwards), None);
        }

        #[test]
        fn what_is_found_is_a_cycle(edges in prop::collection::vec(prop::collection::vec(0..20usize, 0..4), 20)) {
            if let Some(found) = cycle(&edges) {
                for (at, node) in found.iter().enumerate() {
                    prop_assert!(edges[*node].contains(&found[(at + 1) % found.len()]));
                }
            }
        }
    }
}
