//! What waits for what, as boxes in columns with lines between them. Pure: needs in, places out.

/// Width of a box, and of the room to its right.
const WIDTH: u32 = 168;
const GAP: u32 = 44;
/// Height of a box, and of the room below it.
const HEIGHT: u32 = 28;
const BELOW: u32 = 12;
/// How often the boxes of a column are put into the order of those that they are joined to.
const SWEEPS: usize = 4;

/// Where everything is, in pixels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Left upper corners, by node.
    pub(crate) boxes: Vec<(u32, u32)>,
    /// Lines from what is needed to what needs it.
    pub(crate) lines: Vec<Line>,
}

/// A line between two boxes: it leaves each point to the right and arrives at the next from the left; every second part goes
/// straight through the room of a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line(pub(crate) Vec<(u32, u32)>);

/// Size of a box.
pub(crate) const BOX: (u32, u32) = (WIDTH, HEIGHT);

/// Places nodes by what each needs. Needs that are not there, or make a circle, are passed over.
pub(crate) fn layout(needs: &[Vec<usize>]) -> Layout {
    let direct = direct(needs);
    let mut columns = columns(&direct);
    let (joined, ways) = with_ways(&direct, &mut columns);
    let rows = rows(&joined, &columns);
    let mut boxes: Vec<(u32, u32)> =
        columns.iter().zip(&rows).map(|(&column, &row)| (column * (WIDTH + GAP), row * (HEIGHT + BELOW))).collect();
    let left = |node: usize| (boxes[node].0, boxes[node].1 + HEIGHT / 2);
    let right = |node: usize| (boxes[node].0 + WIDTH, boxes[node].1 + HEIGHT / 2);
    let lines = ways.iter().map(|way| {
        let ends = way.windows(2).flat_map(|pair| [right(pair[0]), left(pair[1])]);
        Line(ends.collect())
    });
    let lines = lines.collect();
    let height = boxes.iter().map(|(_, y)| y + HEIGHT).max().unwrap_or(0);
    boxes.truncate(needs.len());
    Layout { width: boxes.iter().map(|(x, _)| x + WIDTH).max().unwrap_or(0), height, lines, boxes }
}

/// The same with a node more in each column that a line passes, so that it has room there; and the nodes of each line.
fn with_ways(needs: &[Vec<usize>], columns: &mut Vec<u32>) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let mut joined: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    let mut ways = Vec::new();
    for (to, needs) in needs.iter().enumerate() {
        for &from in needs {
            let mut way = vec![from];
            for column in columns[from] + 1..columns[to] {
                joined.push(vec![way[way.len() - 1]]);
                columns.push(column);
                way.push(joined.len() - 1);
            }
            joined[to].push(way[way.len() - 1]);
            way.push(to);
            ways.push(way);
        }
    }
    (joined, ways)
}

/// Whether there is more to see than one after the other.
pub(crate) fn is_more_than_a_chain(needs: &[Vec<usize>]) -> bool {
    let mut columns = columns(&direct(needs));
    columns.sort_unstable();
    columns.windows(2).any(|pair| pair[0] == pair[1])
}

/// Without the needs that follow from others, and without circles: a node's needs come before it in some order.
fn direct(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let order = order(needs);
    let place = |node: usize| order.iter().position(|&other| other == node).unwrap_or(usize::MAX);
    let places: Vec<usize> = (0..needs.len()).map(place).collect();
    // What each reaches backwards, in order.
    let mut before: Vec<Vec<bool>> = vec![Vec::new(); needs.len()];
    let mut direct: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for &node in &order {
        let mut own: Vec<usize> =
            needs[node].iter().copied().filter(|&need| need < needs.len() && places[need] < places[node]).collect();
        own.sort_unstable();
        own.dedup();
        let mut reached = vec![false; needs.len()];
        for &need in &own {
            before[need].iter().enumerate().filter(|(_, reaches)| **reaches).for_each(|(at, _)| reached[at] = true);
        }
        direct[node] = own.iter().copied().filter(|&need| !reached[need]).collect();
        own.iter().for_each(|&need| reached[need] = true);
        before[node] = reached;
    }
    direct
}

/// An order in which needs come first, as far as there is one.
fn order(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut done = vec![false; needs.len()];
    let mut order = Vec::new();
    while order.len() < needs.len() {
        let ready = |node: &usize| !done[*node] && needs[*node].iter().all(|&need| *done.get(need).unwrap_or(&true));
        let next = (0..needs.len()).find(ready).or_else(|| (0..needs.len()).find(|&node| !done[node]));
        let Some(next) = next else { break };
        done[next] = true;
        order.push(next);
    }
    order
}

/// Each node is one column behind the last that it needs.
fn columns(needs: &[Vec<usize>]) -> Vec<u32> {
    let mut columns = vec![0; needs.len()];
    for node in order(needs) {
        columns[node] = needs[node].iter().map(|&need| columns[need] + 1).max().unwrap_or(0);
    }
    columns
}

/// Rows in each column: near what a node is joined to, and none twice.
fn rows(needs: &[Vec<usize>], columns: &[u32]) -> Vec<u32> {
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (node, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|&need| needed_by[need].push(node));
    }
    let last = columns.iter().copied().max().unwrap_or(0);
    let mut rows: Vec<u32> = vec![0; needs.len()];
    let in_column = |column| (0..needs.len()).filter(move |&node| columns[node] == column);
    for column in 0..=last {
        in_column(column).zip(0..).for_each(|(node, row)| rows[node] = row);
    }
    for sweep in 0..SWEEPS {
        let (forward, joined) = if sweep % 2 == 0 { (true, needs) } else { (false, &needed_by[..]) };
        for step in 0..=last {
            let column = if forward { step } else { last - step };
            let mut nodes: Vec<usize> = in_column(column).collect();
            let wish = |node: usize, rows: &[u32]| middle(joined[node].iter().map(|&other| rows[other]));
            nodes.sort_by_key(|&node| (wish(node, &rows).unwrap_or(rows[node] * 2), node));
            let mut free = 0;
            for node in nodes {
                // Half rows are rounded down: a box lies beside one of those that it is joined to.
                rows[node] = wish(node, &rows).map_or(free, |twice| twice / 2).max(free);
                free = rows[node] + 1;
            }
        }
    }
    let first = rows.iter().copied().min().unwrap_or(0);
    rows.iter().map(|row| row - first).collect()
}

/// Twice the mean.
fn middle(rows: impl Iterator<Item = u32>) -> Option<u32> {
    let (count, sum) = rows.fold((0, 0), |(count, sum), row| (count + 1, sum + row));
    (sum * 2u32).checked_div(count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_diamond_has_three_columns() {
        let needs = [vec![], vec![0], vec![0], vec![1, 2, 0]];
        let layout = layout(&needs);
        assert_eq!(layout.boxes, [(0, 0), (212, 0), (212, 40), (424, 0)]);
        assert_eq!(layout.lines.len(), 4, "that the last needs the first follows");
        assert_eq!((layout.width, layout.height), (592, 68));
        assert!(is_more_than_a_chain(&needs));
    }

    #[test]
    fn one_after_the_other_is_nothing_to_see() {
        assert!(!is_more_than_a_chain(&[vec![], vec![0], vec![0, 1]]));
        assert!(!is_more_than_a_chain(&[vec![]]) && !is_more_than_a_chain(&[]));
        assert!(is_more_than_a_chain(&[vec![], vec![]]));
    }

    #[test]
    fn a_line_goes_around_the_boxes_that_it_passes() {
        let layout = layout(&[vec![], vec![], vec![0], vec![2, 1]]);
        assert_eq!(layout.boxes, [(0, 0), (0, 40), (212, 0), (424, 0)]);
        let Line(long) = &layout.lines[1];
        assert_eq!(long[..], [(168, 54), (212, 54), (380, 54), (424, 14)]);
    }

    #[test]
    fn nonsense_is_placed_all_the_same() {
        assert_eq!(layout(&[vec![1, 9], vec![0, 1]]).boxes.len(), 2);
        assert_eq!(layout(&[]), Layout { width: 0, height: 0, boxes: vec![], lines: vec![] });
    }

    proptest! {
        #[test]
        fn no_two_boxes_meet_and_lines_go_to_the_right(
            needs in prop::collection::vec(prop::collection::vec(0..12usize, 0..4), 0..12)
        ) {
            let layout = layout(&needs);
            for (at, one) in layout.boxes.iter().enumerate() {
                for other in &layout.boxes[at + 1..] {
                    prop_assert!(one.0 != other.0 || one.1.abs_diff(other.1) >= HEIGHT, "{:?}", layout.boxes);
                }
            }
            for Line(points) in &layout.lines {
                prop_assert!(points.len() % 2 == 0 && points.windows(2).all(|pair| pair[0].0 < pair[1].0), "{points:?}");
            }
        }
    }
}
