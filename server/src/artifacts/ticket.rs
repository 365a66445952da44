//! A right to look at the artifacts of one job for some hours, as a part of an address.
//!
//! Pages that a build made are foreign: a browser shows them in a sandbox, where they have an origin of their own and no cookie, so
//! that nobody would give them their own styles and pictures. With a ticket in the address they get those, and nothing else.

use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use slipway_pipelines::{ids::BuildId, state::Millis};
use uuid::Uuid;

/// How long a ticket is good.
const LASTS: Millis = 12 * 3600 * 1000;
/// Bytes of what it says: build, job, end.
const SAID: usize = 16 + 4 + 8;

/// Signs. Of this process: after a restart the page gives new ones.
fn signer() -> Hmac<Sha256> {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    let key = KEY.get_or_init(rand::random);
    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    Hmac::new_from_slice(key).expect("a key")
}

/// A ticket for the artifacts of a job, by its position.
pub(crate) fn ticket(build: BuildId, job: usize, now: Millis) -> String {
    let mut bytes = Vec::with_capacity(SAID + 32);
    bytes.extend_from_slice(build.0.as_bytes());
    bytes.extend_from_slice(&u32::try_from(job).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(&(now + LASTS).to_be_bytes());
    let mut signer = signer();
    signer.update(&bytes);
    bytes.extend_from_slice(&signer.finalize().into_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a ticket is for, if it is good.
pub(crate) fn redeem(ticket: &str, now: Millis) -> Option<(BuildId, usize)> {
    let bytes = URL_SAFE_NO_PAD.decode(ticket).ok()?;
    let (said, signature) = bytes.split_at_checked(SAID)?;
    let mut signer = signer();
    signer.update(said);
    signer.verify_slice(signature).ok()?;
    let build = Uuid::from_slice(&said[..16]).ok()?;
    let job = u32::from_be_bytes(said[16..20].try_into().ok()?);
    let until = Millis::from_be_bytes(said[20..].try_into().ok()?);
    (now < until).then_some((BuildId(build), job as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_for_its_job_and_its_time_and_nobody_makes_one() {
        let build = BuildId(Uuid::now_v7());
        let good = ticket(build, 3, 1000);
        assert_eq!(redeem(&good, 1000), Some((build, 3)));
        assert_eq!(redeem(&good, 1000 + LASTS), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(redeem(&URL_SAFE_NO_PAD.encode(&bytes), 1000), None, "byte {at}");
            bytes[at] ^= 1;
        }
        for bad in ["", "x", "!", &good[1..]] {
            assert_eq!(redeem(bad, 1000), None);
        }
    }
}
