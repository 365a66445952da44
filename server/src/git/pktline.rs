//! The framing of git's protocol: four hex digits of length, then the bytes; `0000` ends a section.

use bytes::{Buf, Bytes, BytesMut};

/// Most bytes in one packet, without its length.
pub(super) const MAX_DATA: usize = 65516;
/// Most bytes in one side-band packet, without length and band.
const MAX_BAND_DATA: usize = MAX_DATA - 1;

/// One packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Packet {
    /// Bytes, not empty on the wire of a well-behaved peer.
    Data(Bytes),
    /// The end of a section.
    Flush,
}

/// Why bytes are no packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadPacket {
    /// The length is not four hex digits.
    #[error("a packet's length is not four hex digits")]
    NotHex,
    /// `0001` to `0003`, or over the limit.
    #[error("a packet's length is `{0:04x}`, which protocol v0 does not have")]
    Length(usize),
}

/// Takes one packet from the front; `None` when more bytes are needed.
pub(super) fn decode(buffer: &mut BytesMut) -> Result<Option<Packet>, BadPacket> {
    let Some(head) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = parse_length(*head)?;
    match length {
        0 => {
            buffer.advance(4);
            Ok(Some(Packet::Flush))
        }
        4.. if length <= MAX_DATA + 4 => {
            if buffer.len() < length {
                return Ok(None);
            }
            let mut packet = buffer.split_to(length);
            packet.advance(4);
            Ok(Some(Packet::Data(packet.freeze())))
        }
        _ => Err(BadPacket::Length(length)),
    }
}

fn parse_length(head: [u8; 4]) -> Result<usize, BadPacket> {
    head.iter().try_fold(0, |sum, byte| {
        let digit = char::from(*byte).to_digit(16).ok_or(BadPacket::NotHex)?;
        Ok(sum * 16 + digit as usize)
    })
}

/// Appends one packet. `data` is cut at [`MAX_DATA`], which no caller reaches.
pub(super) fn line(data: &[u8], out: &mut Vec<u8>) {
    let data = &data[..data.len().min(MAX_DATA)];
    out.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    out.extend_from_slice(data);
}

/// Appends the end of a section.
pub(super) fn flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Which stream of a side-band response bytes belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Band {
    /// The pack, or the report of a push.
    Data = 1,
    /// What the client shows after `remote: `.
    Progress = 2,
    /// The last words before the connection ends.
    Fatal = 3,
}

/// Appends bytes of one band, in as many packets as it takes. Empty data makes one empty packet: a sign of life.
pub(super) fn band(band: Band, data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    loop {
        let (now, later) = rest.split_at(rest.len().min(MAX_BAND_DATA));
        out.extend_from_slice(format!("{:04x}", now.len() + 5).as_bytes());
        out.push(band as u8);
        out.extend_from_slice(now);
        rest = later;
        if rest.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Result<(Vec<Packet>, usize), BadPacket> {
        let mut buffer = BytesMut::from(bytes);
        let mut packets = Vec::new();
        while let Some(packet) = decode(&mut buffer)? {
            packets.push(packet);
        }
        Ok((packets, buffer.len()))
    }

    #[test]
    fn lengths_that_v0_does_not_have_are_refused() {
        for bad in ["0001", "0002", "0003", "fff1", "ffff"] {
            assert!(matches!(all(bad.as_bytes()), Err(BadPacket::Length(_))), "{bad}");
        }
        assert_eq!(all(b"00g0"), Err(BadPacket::NotHex));
        assert_eq!(all(b"+123"), Err(BadPacket::NotHex));
        assert_eq!(all(b"0004"), Ok((vec![Packet::Data(Bytes::new())], 0)));
        assert_eq!(all(b"000"), Ok((vec![], 3)));
    }

    #[test]
    fn an_empty_band_packet_is_a_sign_of_life() {
        let mut out = Vec::new();
        band(Band::Data, b"", &mut out);
        assert_eq!(out, b"0005\x01");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_however_it_is_cut(
            lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20), cut in any::<prop::sample::Index>()
        ) {
            let mut wire = Vec::new();
            for one in &lines {
                line(one, &mut wire);
            }
            flush(&mut wire);
            let at = cut.index(wire.len() + 1);
            let mut buffer = BytesMut::new();
            let mut packets = Vec::new();
            for part in [&wire[..at], &wire[at..]] {
                buffer.extend_from_slice(part);
                while let Some(packet) = decode(&mut buffer).unwrap() {
                    packets.push(packet);
                }
            }
            let mut expected: Vec<_> = lines.into_iter().map(|one| Packet::Data(one.into())).collect();
            expected.push(Packet::Flush);
            prop_assert_eq!(packets, expected);
        }

        #[test]
        fn any_bytes_give_packets_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = all(&bytes);
        }

        #[test]
        fn bands_carry_every_byte(length in 1..200_000_usize) {
            let data: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut wire = Vec::new();
            band(Band::Progress, &data, &mut wire);
            let (packets, rest) = all(&wire).unwrap();
            prop_assert_eq!(rest, 0);
            let joined: Vec<u8> = packets
                .iter()
                .flat_map(|packet| match packet {
                    Packet::Data(bytes) => bytes[1..].to_vec(),
                    Packet::Flush => Vec::new(),
                })
                .collect();
            prop_assert_eq!(joined, data);
        }
    }
}
