mod parsing;
mod receiving;
