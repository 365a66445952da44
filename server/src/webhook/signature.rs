//! Whether a webhook comes from who knows the secret. Pure; over the raw bytes, in constant time.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::store::model::Forge;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsigned {
    /// No header.
    #[error("the signature header `{0}` is missing")]
    Missing(&'static str),
    /// More than one header of that name.
    #[error("there is more than one header `{0}`")]
    Repeated(&'static str),
    /// Not of the right shape.
    #[error("the header `{header}` must be {form}")]
    Form {
        /// Which.
        header: &'static str,
        /// What it must be.
        form: &'static str,
    },
    /// Another secret, or other bytes.
    #[error("the signature does not match the body and this repository's secret")]
    Wrong,
    /// The repository has no secret, or Slipway's own remote has no webhooks.
    #[error("this repository takes no webhooks")]
    NoSecret,
}

/// Checks a webhook against its repository's secret.
pub(super) fn verify(forge: Forge, headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), Unsigned> {
    let secret = secret.expose_secret().as_bytes();
    if secret.is_empty() {
        return Err(Unsigned::NoSecret);
    }
    match forge {
        Forge::Slipway => Err(Unsigned::NoSecret),
        Forge::Github => prefixed("X-Hub-Signature-256", headers, body, secret),
        Forge::Generic => prefixed("X-Slipway-Signature", headers, body, secret),
        Forge::Gitea => {
            // Forgejo sends both.
            let forgejo = bare("X-Forgejo-Signature", headers, body, secret);
            match bare("X-Gitea-Signature", headers, body, secret) {
                Err(Unsigned::Missing(_)) if !matches!(forgejo, Err(Unsigned::Missing(_))) => forgejo,
                Ok(()) if matches!(forgejo, Ok(()) | Err(Unsigned::Missing(_))) => Ok(()),
                Ok(()) => forgejo,
                error => error,
            }
        }
        Forge::Gitlab => {
            let token = single("X-Gitlab-Token", headers)?;
            if bool::from(token.as_bytes().ct_eq(secret)) { Ok(()) } else { Err(Unsigned::Wrong) }
        }
    }
}

fn prefixed(header: &'static str, headers: &HeaderMap, body: &[u8], secret: &[u8]) -> Result<(), Unsigned> {
    let form = Unsigned::Form { header, form: "`sha256=` and 64 lower-case hex digits" };
    let hex = single(header, headers)?.strip_prefix("sha256=").ok_or(form)?;
    check(hex, form, body, secret)
}

fn bare(header: &'static str, headers: &HeaderMap, body: &[u8], secret: &[u8]) -> Result<(), Unsigned> {
    let form = Unsigned::Form { header, form: "64 lower-case hex digits" };
    check(single(header, headers)?, form, body, secret)
}

fn single<'a>(header: &'static str, headers: &'a HeaderMap) -> Result<&'a str, Unsigned> {
    let mut all = headers.get_all(header).iter();
    let first = all.next().ok_or(Unsigned::Missing(header))?;
    if all.next().is_some() {
        return Err(Unsigned::Repeated(header));
    }
    first.to_str().map_err(|_| Unsigned::Form { header, form: "ASCII" })
}

fn check(digits: &str, form: Unsigned, body: &[u8], secret: &[u8]) -> Result<(), Unsigned> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() != 64 || !digits.bytes().all(is_hex) {
        return Err(form);
    }
    let given = hex::decode(digits).map_err(|_| form)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Unsigned::NoSecret)?;
    mac.update(body);
    mac.verify_slice(&given).map_err(|_| Unsigned::Wrong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = br#"{"ref":"refs/heads/main"}"#;

    fn secret() -> SecretString {
        SecretString::from("It's a Secret to Everybody")
    }

    fn sign(body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret().expose_secret().as_bytes()).unwrap();
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn verified(forge: Forge, pairs: &[(&'static str, String)]) -> Result<(), Unsigned> {
        verify(forge, &headers(pairs), BODY, &secret())
    }

    #[test]
    fn the_vector_of_githubs_documentation_holds() {
        let map = headers(&[(
            "X-Hub-Signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17".to_owned(),
        )]);
        assert_eq!(verify(Forge::Github, &map, b"Hello, World!", &secret()), Ok(()));
    }

    #[test]
    fn twelve_headers_that_are_not_believed() {
        let good = sign(BODY);
        for header in ["X-Hub-Signature-256", "X-Slipway-Signature"] {
            let forge = if header == "X-Slipway-Signature" { Forge::Generic } else { Forge::Github };
            assert_eq!(verified(forge, &[(header, format!("sha256={good}"))]), Ok(()));
            let upper = good.to_uppercase();
            for bad in [
                String::new(),
                "sha256=".to_owned(),
                good.clone(),
                format!("sha1={good}"),
                format!("SHA256={good}"),
                format!("sha256={upper}"),
                format!("sha256={}", &good[1..]),
                format!("sha256={good}00"),
                format!("sha256= {good}"),
                format!("sha256={good},sha256={good}"),
                format!("sha256={}", sign(b"other")),
                format!("sha256={}", "0".repeat(64)),
            ] {
                assert!(verified(forge, &[(header, bad.clone())]).is_err(), "{bad}");
            }
            let value = format!("sha256={good}");
            assert_eq!(verified(forge, &[(header, value.clone()), (header, value)]), Err(Unsigned::Repeated(header)));
            assert_eq!(verified(forge, &[]), Err(Unsigned::Missing(header)));
            assert_eq!(verified(forge, &[("X-Hub-Signature", format!("sha1={good}"))]), Err(Unsigned::Missing(header)));
        }
    }

    #[test]
    fn gitea_and_forgejo_sign_in_bare_hex() {
        let (good, bad) = (sign(BODY), sign(b"other"));
        let (gitea, forgejo) = ("X-Gitea-Signature", "X-Forgejo-Signature");
        for fine in [vec![gitea], vec![forgejo], vec![gitea, forgejo]] {
            let pairs: Vec<_> = fine.into_iter().map(|header| (header, good.clone())).collect();
            assert_eq!(verified(Forge::Gitea, &pairs), Ok(()));
        }
        for wrong in [
            vec![],
            vec![(gitea, bad.clone())],
            vec![(gitea, format!("sha256={good}"))],
            vec![(gitea, good.clone()), (forgejo, bad.clone())],
            vec![(gitea, bad), (forgejo, good.clone())],
            vec![(gitea, good.clone()), (gitea, good)],
        ] {
            assert!(verified(Forge::Gitea, &wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn gitlab_sends_the_secret_itself() {
        assert_eq!(verified(Forge::Gitlab, &[("X-Gitlab-Token", secret().expose_secret().to_owned())]), Ok(()));
        for bad in ["", "It's a Secret", "it's a secret to everybody", "It's a Secret to Everybody "] {
            let result = verified(Forge::Gitlab, &[("X-Gitlab-Token", bad.to_owned())]);
            assert!(result.is_err(), "{bad:?}");
        }
        assert!(verified(Forge::Gitlab, &[]).is_err());
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        let empty = SecretString::from("");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        mac.update(BODY);
        let signed = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let github = headers(&[("X-Hub-Signature-256", signed)]);
        assert_eq!(verify(Forge::Github, &github, BODY, &empty), Err(Unsigned::NoSecret));
        let gitlab = headers(&[("X-Gitlab-Token", String::new())]);
        assert_eq!(verify(Forge::Gitlab, &gitlab, BODY, &empty), Err(Unsigned::NoSecret));
    }

    proptest! {
        #[test]
        fn one_changed_byte_breaks_it(body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let map = headers(&[("X-Hub-Signature-256", format!("sha256={}", sign(&body)))]);
            prop_assert_eq!(verify(Forge::Github, &map, &body, &secret()), Ok(()));
            let mut other = body.clone();
            other[at.index(body.len())] ^= 1 << bit;
            prop_assert_eq!(verify(Forge::Github, &map, &other, &secret()), Err(Unsigned::Wrong));
        }
    }
}
