//! What tables are made of.

/// The keys of a section.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Names the section in the schema: `step`.
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) about: &'static str,
    /// Understood, in groups that sections share.
    pub(crate) known: &'static [&'static [Key]],
    /// What keys of any other name take; without, they are unknown.
    pub(crate) rest: Option<&'static Shape>,
    /// Of each of these, at least one key must be there.
    pub(crate) needs: &'static [&'static [&'static str]],
    /// Of later versions, or Woodpecker's without a meaning here yet.
    pub(crate) later: &'static [&'static str],
    /// Of earlier Woodpecker and Drone versions, or of another section, with what to write now.
    pub(crate) gone: &'static [(&'static str, &'static str)],
    /// Without effect in Woodpecker, too, which people write all the same; with what to write instead.
    pub(crate) idle: &'static [(&'static str, &'static str)],
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) about: &'static str,
    pub(crate) shape: Shape,
}

/// What a key takes. A scalar may hold `${…}` wherever it is not said otherwise.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Anything at all.
    Anything,
    /// Any scalar but nothing.
    Text,
    /// One text, or a list of them.
    Texts,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or a list of them.
    Words(&'static [&'static str]),
    /// A text that fits a regular expression of JSON schema.
    Like(&'static str),
    /// `true` or `false`.
    Flag,
    /// A whole number, from the first to the second.
    Whole(u64, u64),
    /// A number that may have decimals, more than 0.
    Number,
    /// `90s`, `10m`, `1h30m`.
    Duration,
    /// A scalar, list or map that becomes a variable; a map may be `{from_secret: name}`, at any depth.
    Value,
    /// Nothing, as in `key:`.
    Nothing,
    /// A list, with the fewest items that it takes.
    List(&'static Self, usize),
    /// Names of the user's choice.
    Map(&'static Self),
    /// Another section.
    Section(&'static Keys),
    /// Any of these.
    OneOf(&'static [Self]),
}

impl Key {
    pub(crate) const fn new(name: &'static str, about: &'static str, shape: Shape) -> Self {
        Self { name, about, shape }
    }
}

impl Keys {
    /// A section without keys.
    pub(crate) const NONE: Self =
        Self { name: "", about: "", known: &[], rest: None, needs: &[], later: &[], gone: &[], idle: &[] };

    /// The keys that are understood.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Key> {
        self.known.iter().flat_map(|group| group.iter())
    }

    /// Whether a key is understood.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.rest.is_some() || self.all().any(|key| key.name == name)
    }
}
