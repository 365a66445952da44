//! The tables of the README, walked: each row has a case, each case has a row, and each key that the reader knows has a row.
