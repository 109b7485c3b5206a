//! The hash by which Citus distributes a UUID: that of Postgres's hash indexes, `uuid_hash`, which is Bob Jenkins' lookup3
//! of the 16 bytes.

use uuid::Uuid;

/// Initial state: the golden ratio, the length in bytes, and the seed of Postgres.
const START: u32 = 0x9e37_79b9_u32.wrapping_add(16).wrapping_add(3_923_095);

/// The hash of a UUID.
pub fn of(id: Uuid) -> i32 {
    let bits = id.as_u128().to_be_bytes();
    let mut words =
        bits.chunks_exact(4).map(|word| u32::from_le_bytes(*word.first_chunk().expect("a chunk has four bytes")));
    let mut next = || words.next().expect("there are four words");
    let [mut a, mut b, mut c] = [next(), next(), next()].map(|word| START.wrapping_add(word));
    for (rotation_a, rotation_b, rotation_c) in [(4, 6, 8), (16, 19, 4)] {
        a = a.wrapping_sub(c) ^ c.rotate_left(rotation_a);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(rotation_b);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(rotation_c);
        b = b.wrapping_add(a);
    }
    a = a.wrapping_add(next());
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    c.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_postgres() {
        for (id, hash) in EXPECTED {
            assert_eq!(of(id.parse().expect("a UUID")), hash, "{id}");
        }
    }

    /// From Postgres: `select uuid_hash('…')`.
    const EXPECTED: [(&str, i32); 4] = [
        ("00000000-0000-0000-0000-000000000000", 1353656403),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", -682383255),
        ("0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f", 438032930),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", -54382947),
    ];
}
