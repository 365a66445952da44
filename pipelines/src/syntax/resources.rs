//! `resources:`, and numbers.

use super::{keys, reader::Reader};
use crate::{
    plan::Resources,
    yaml::{Node, Value},
};

/// Most processors.
const MOST_CPUS: f64 = 1024.0;
/// Least memory: Docker takes no less than 6 MB.
const LEAST_MEMORY: u64 = 6 << 20;
/// Most memory, 64 TiB.
const MOST_MEMORY: u64 = 64 << 40;
/// What Linux can count.
const MOST_PIDS: u32 = 4_194_304;

impl Reader<'_> {
    /// `{cpus, memory, pids}`.
    pub(crate) fn resources(&mut self, node: &Node) -> Resources {
        let mut resources = Resources::default();
        if self.section(node, "`resources`", &keys::RESOURCES).is_none() {
            return resources;
        }
        if let Some(cpus) = node.given("cpus") {
            resources.cpu_millis = self.cpus(cpus);
        }
        if let Some(memory) = node.given("memory") {
            resources.memory_bytes = self.memory(memory);
        }
        if let Some(pids) = node.given("pids") {
            resources.pids = self.whole(pids, "pids", 1, MOST_PIDS);
        }
        resources
    }

    /// A whole number within limits.
    pub(crate) fn whole(&mut self, node: &Node, what: &str, least: u32, most: u32) -> Option<u32> {
        if !matches!(node.value, Value::Scalar(_)) || node.is_null() {
            self.wrong(node, what, "a number");
            return None;
        }
        let text = self.text(node, what)?;
        match text.value.trim().parse::<u32>() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let shown: String = text.value.chars().take(40).collect();
                self.error(text.span, format!("`{what}` takes a number from {least} to {most}, this is `{shown}`"));
                None
            }
        }
    }

    /// Thousandths, at least ten of them: Docker takes no less.
    pub(crate) fn cpus(&mut self, node: &Node) -> Option<u32> {
        let text = self.text(node, "cpus")?;
        let is_number = text.value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match text.value.parse::<f64>() {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
            Ok(cpus) if is_number && (0.01..=MOST_CPUS).contains(&cpus) => Some((cpus * 1000.0).round() as u32),
            _ => {
                let shown: String = text.value.chars().take(40).collect();
                self.error(text.span, format!("`cpus` takes a number from 0.01 to 1024, this is `{shown}`"))
                    .help("write processors, such as `cpus: 1.5`");
                None
            }
        }
    }

    pub(crate) fn memory(&mut self, node: &Node) -> Option<u64> {
        let text = self.text(node, "memory")?;
        let Some(bytes) = bytes(&text.value) else {
            let shown: String = text.value.chars().take(40).collect();
            self.error(text.span, format!("`memory` takes a size, this is `{shown}`"))
                .help("write a number with its unit: `512MiB`, `1.5GiB`, `1g`");
            return None;
        };
        if !(LEAST_MEMORY..=MOST_MEMORY).contains(&bytes) {
            self.error(text.span, "`memory` takes 6 MiB to 64 TiB").help("write a number with its unit: `512MiB`");
            return None;
        }
        Some(bytes)
    }
}

/// `512MiB`, `1g`: units count in steps of 1024 as Docker's do, except for `MB` and its like, which say otherwise.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let (letter, rest) = unit.split_at_checked(unit.len().min(1))?;
    let power = match letter {
        "" | "b" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let step: f64 = match (power, rest) {
        (0, "") => 1.0,
        (1.., "" | "i" | "ib") => 1024.0,
        (1.., "b") => 1000.0,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * step.powi(power);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "beyond the limits it saturates")]
    bytes.is_finite().then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, wanted) in [
            ("512MiB", 512 << 20),
            ("512m", 512 << 20),
            ("512M", 512 << 20),
            ("1.5g", 3 << 29),
            ("1 GiB", 1 << 30),
            ("1GB", 1_000_000_000),
            ("64k", 64 << 10),
            ("100", 100),
            ("100b", 100),
            ("2Ti", 2 << 40),
        ] {
            assert_eq!(bytes(text), Some(wanted), "{text}");
        }
        for text in ["", "m", "-1g", "1x", "1mm", "1 m b", "1e3g", "1.2.3g", "1bb", "1µ"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
