//! The 256 terminal colours as CSS, readable on the light and on the dark page.
//!
//! A foreground is moved towards black or white until it stands out from the page, a background towards the page
//! until text stands out from it. The hue stays.

use std::fmt::Write;

type Rgb = [u8; 3];

/// Background of the log on the light page; `--panel` of the stylesheet.
const LIGHT: Rgb = [0xff, 0xff, 0xff];
/// The same on the dark page.
const DARK: Rgb = [0x13, 0x16, 0x1b];
/// WCAG AA for text.
const CONTRAST: f64 = 4.5;

/// The first sixteen, picked by hand: on the light page, on the dark page.
const NAMED: [(&str, &str); 16] = [
    ("#24292f", "#7d8590"),
    ("#c4281f", "#ff7b72"),
    ("#1a7f37", "#57c96b"),
    ("#8a6100", "#e0b04a"),
    ("#0b5cc4", "#6cb0ff"),
    ("#8a3fb8", "#d2a8ff"),
    ("#0f7078", "#56ccd6"),
    ("#5f6670", "#c9d1d9"),
    ("#57606a", "#949ca6"),
    ("#b8322a", "#ffa198"),
    ("#1b7a3d", "#7ee787"),
    ("#7d5f00", "#f2cc60"),
    ("#1f66c0", "#9ecbff"),
    ("#9043c0", "#e2c5ff"),
    ("#156f80", "#8ddbe1"),
    ("#454c54", "#ffffff"),
];

/// Rules `.f0` to `.f255` and `.b0` to `.b255`.
pub fn css() -> String {
    let mut text = String::with_capacity(32 * 1024);
    for index in 0..=255u8 {
        let (light, dark) = foreground(index);
        let color = standard(index);
        let (pale, deep) = (towards(color, LIGHT, 0.62), towards(color, DARK, 0.07));
        _ = writeln!(text, ".f{index}{{color:light-dark({light},{dark})}}");
        _ = writeln!(text, ".b{index}{{background:light-dark({},{})}}", hex(pale), hex(deep));
    }
    text
}

fn foreground(index: u8) -> (String, String) {
    match NAMED.get(usize::from(index)) {
        Some((light, dark)) => ((*light).to_owned(), (*dark).to_owned()),
        None => {
            let color = standard(index);
            (hex(stand_out(color, [0; 3], LIGHT)), hex(stand_out(color, [255; 3], DARK)))
        }
    }
}

/// What terminals show.
fn standard(index: u8) -> Rgb {
    const BASE: [Rgb; 8] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [60, 90, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
    ];
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..=7 => BASE[usize::from(index)],
        8..=15 => mix(BASE[usize::from(index - 8)], [255; 3], 0.3),
        16..=231 => {
            let cube = usize::from(index - 16);
            [LEVELS[cube / 36], LEVELS[cube / 6 % 6], LEVELS[cube % 6]]
        }
        232..=255 => [8 + 10 * (index - 232); 3],
    }
}

fn mix(from: Rgb, to: Rgb, part: f64) -> Rgb {
    std::array::from_fn(|at| (f64::from(from[at]) * (1.0 - part) + f64::from(to[at]) * part).round() as u8)
}

fn luminance(color: Rgb) -> f64 {
    let [red, green, blue] = color.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The first colour on the way from `color` to `goal` that stands out from `page`.
fn stand_out(color: Rgb, goal: Rgb, page: Rgb) -> Rgb {
    let way = (0..=50).map(|step| mix(color, goal, f64::from(step) / 50.0));
    way.into_iter().find(|color| contrast(*color, page) >= CONTRAST).unwrap_or(goal)
}

/// The first colour on the way from `color` to `page` that is as bright, or as dark, as `limit`.
fn towards(color: Rgb, page: Rgb, limit: f64) -> Rgb {
    let bright = luminance(page) > 0.5;
    let way = (0..=50).map(|step| mix(color, page, f64::from(step) / 50.0));
    way.into_iter()
        .find(|color| if bright { luminance(*color) >= limit } else { luminance(*color) <= limit })
        .unwrap_or(page)
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Rgb {
        std::array::from_fn(|at| u8::from_str_radix(&text[1 + 2 * at..3 + 2 * at], 16).unwrap())
    }

    #[test]
    fn every_foreground_is_readable_on_both_pages() {
        for index in 0..=255 {
            let (light, dark) = foreground(index);
            assert!(contrast(parse(&light), LIGHT) >= CONTRAST, "{index} {light}");
            assert!(contrast(parse(&dark), DARK) >= CONTRAST, "{index} {dark}");
        }
    }

    #[test]
    fn every_colour_has_its_two_rules() {
        let css = css();
        for index in 0..=255 {
            assert!(css.contains(&format!(".f{index}{{")) && css.contains(&format!(".b{index}{{")));
        }
    }
}
