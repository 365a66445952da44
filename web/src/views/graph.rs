//! What waits for what in a build.

use crate::{graph, sign::Sign};

/// Most letters of a name in a box.
const LETTERS: usize = 18;

/// A graph of jobs, or of the steps of one.
#[derive(Clone, Debug)]
pub struct GraphView {
    /// What it is of.
    pub title: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The boxes.
    pub nodes: Vec<NodeView>,
    /// Lines, as path data.
    pub lines: Vec<String>,
}

/// A job or a step to place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// How it looks.
    pub status: Sign,
    /// Whether it is not waited for.
    pub is_service: bool,
    /// Positions of those that it needs.
    pub needs: Vec<usize>,
}

/// A box.
#[derive(Clone, Debug)]
pub struct NodeView {
    /// Its name, cut to fit.
    pub label: String,
    /// Its name, status and needs.
    pub title: String,
    /// Its page.
    pub href: String,
    /// How it looks.
    pub status: Sign,
    /// Whether it is not waited for.
    pub is_service: bool,
    /// Left.
    pub x: u32,
    /// Top.
    pub y: u32,
}

impl GraphView {
    /// The graph of some nodes; `None` where they only follow one another.
    pub fn new(title: &str, nodes: Vec<Node>) -> Option<Self> {
        let needs: Vec<Vec<usize>> = nodes.iter().map(|node| node.needs.clone()).collect();
        if !graph::is_more_than_a_chain(&needs) {
            return None;
        }
        let names: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
        let layout = graph::layout(&needs);
        let lines = layout.lines.iter().map(|graph::Line(points)| path(points));
        let placed = nodes.into_iter().zip(&layout.boxes).map(|(node, &(x, y))| {
            let needed: Vec<&str> = node.needs.iter().filter_map(|&need| names.get(need)).map(String::as_str).collect();
            let after = if needed.is_empty() { String::new() } else { format!(", needs {}", needed.join(", ")) };
            NodeView {
                label: cut(&node.name),
                title: format!("{}: {}{after}", node.name, node.status.as_str()),
                href: node.href,
                status: node.status,
                is_service: node.is_service,
                x,
                y,
            }
        });
        Some(Self {
            title: title.to_owned(),
            // Room for the line around the last box.
            width: layout.width + 2,
            height: layout.height + 2,
            nodes: placed.collect(),
            lines: lines.collect(),
        })
    }

    pub(crate) fn icon(&self, status: &Sign) -> String {
        crate::assets::icon_path(Some(*status))
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        graph::BOX
    }
}

/// A line as path data.
fn path(points: &[(u32, u32)]) -> String {
    let mut path = String::new();
    let mut last = None;
    for &(to, end) in points {
        path += &match last {
            None => format!("M{to} {end}"),
            Some((_, y)) if y == end => format!("H{to}"),
            Some((x, y)) => {
                let middle = (x + to) / 2;
                format!("C{middle} {y} {middle} {end} {to} {end}")
            }
        };
        last = Some((to, end));
    }
    path
}

/// A name as it fits into a box.
fn cut(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::state::Status;

    use super::*;

    #[test]
    fn boxes_say_what_they_need_and_long_names_are_cut() {
        let node = |name: &str, needs: &[usize]| Node {
            name: name.to_owned(),
            href: "/".to_owned(),
            status: Status::Success.into(),
            is_service: false,
            needs: needs.to_vec(),
        };
        let long = "a name that does not fit into a box";
        let graph = GraphView::new("Jobs", vec![node("build", &[]), node("test", &[0]), node(long, &[0])]).unwrap();
        assert_eq!(graph.nodes[1].title, "test: success, needs build");
        assert_eq!(graph.nodes[2].label, "a name that does …");
        assert_eq!(graph.lines[0], "M168 14H212");
        assert!(GraphView::new("Jobs", vec![node("build", &[]), node("test", &[0])]).is_none());
    }
}
