//! `ChaCha20` (RFC 8439) as a generator: the bytes that a key's blocks give, one after the other.
//!
//! The same text is part of the extension and, for its tests, of the crate.

/// Of `expand 32-byte k`, and the rest of the state that a block begins with.
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
const BLOCK: usize = 64;

/// The key stream of one key, from its first block on.
pub(crate) struct Generator {
    key: [u32; 8],
    /// Low and high word.
    counter: [u32; 2],
    block: [u8; BLOCK],
    /// How many bytes of `block` were given out.
    used: usize,
}

impl Generator {
    pub(crate) const fn new() -> Self {
        Self { key: [0; 8], counter: [0; 2], block: [0; BLOCK], used: BLOCK }
    }

    pub(crate) fn seed(&mut self, seed: &[u8; 32]) {
        for (word, bytes) in self.key.iter_mut().zip(seed.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        self.counter = [0; 2];
        self.used = BLOCK;
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used >= BLOCK {
                // The nonce's first word continues the counter: 2^64 blocks.
                let [low, high] = self.counter;
                self.block = block(&self.key, low, [high, 0, 0]);
                let (next, carry) = low.overflowing_add(1);
                self.counter = [next, high.wrapping_add(u32::from(carry))];
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

/// RFC 8439, section 2.3: the block function.
fn block(key: &[u32; 8], counter: u32, nonce: [u32; 3]) -> [u8; BLOCK] {
    let mut start = [0; 16];
    start[..4].copy_from_slice(&CONSTANTS);
    start[4..12].copy_from_slice(key);
    start[12] = counter;
    start[13..].copy_from_slice(&nonce);
    let mut state = start;
    for _ in 0..10 {
        quarter(&mut state, 0, 4, 8, 12);
        quarter(&mut state, 1, 5, 9, 13);
        quarter(&mut state, 2, 6, 10, 14);
        quarter(&mut state, 3, 7, 11, 15);
        quarter(&mut state, 0, 5, 10, 15);
        quarter(&mut state, 1, 6, 11, 12);
        quarter(&mut state, 2, 7, 8, 13);
        quarter(&mut state, 3, 4, 9, 14);
    }
    let mut output = [0; BLOCK];
    for ((bytes, word), first) in output.as_chunks_mut::<4>().0.iter_mut().zip(state).zip(start) {
        *bytes = word.wrapping_add(first).to_le_bytes();
    }
    output
}

fn quarter(state: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    for (x, y, z, bits) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[x] = state[x].wrapping_add(state[y]);
        state[z] = (state[z] ^ state[x]).rotate_left(bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("digits"))
            .collect()
    }

    #[test]
    fn block_function_gives_the_vector_of_the_rfc() {
        let mut key = [0; 8];
        for (index, word) in (0u8..).zip(key.iter_mut()) {
            *word = u32::from_le_bytes([4 * index, 4 * index + 1, 4 * index + 2, 4 * index + 3]);
        }
        let nonce = [0x0900_0000, 0x4a00_0000, 0];
        let expected = hex("10f1e7e4d13b5915500fdd1fa32071c4 c7d1f4c733c068030422aa9ac3d46c4e
             d2826446079faa0914c2d705d98b02a2 b5129cd1de164eb9cbd083e8a2503c4e");
        assert_eq!(block(&key, 1, nonce).to_vec(), expected);
    }

    #[test]
    fn generator_gives_the_key_stream_of_the_rfc() {
        // Appendix A.1, vectors 1 and 2: key and nonce zero, counters 0 and 1.
        let expected = hex("76b8e0ada0f13d90405d6ae55386bd28 bdd219b8a08ded1aa836efcc8b770dc7
             da41597c5157488d7724e03fb8d84a37 6a43b8f41518a11cc387b669b2ee6586
             9f07e7be5551387a98ba977c732d080d cb0f29a048e3656912c6533e32ee7aed
             29b721769ce64e43d57133b074d839d5 31ed1f28510afb45ace10a1f4b794d6f");
        let mut generator = Generator::new();
        generator.seed(&[0; 32]);
        let mut whole = [0; 128];
        generator.fill(&mut whole);
        assert_eq!(whole.to_vec(), expected);

        // The same in pieces, whatever their sizes.
        generator.seed(&[0; 32]);
        let mut pieces = [0; 128];
        let mut rest = &mut pieces[..];
        for size in [1, 0, 62, 3, 61, 1] {
            let (piece, after) = rest.split_at_mut(size);
            generator.fill(piece);
            rest = after;
        }
        assert!(rest.is_empty());
        assert_eq!(pieces, whole);
    }

    #[test]
    fn block_counter_goes_on_past_32_bits() {
        let mut generator = Generator::new();
        generator.seed(&[7; 32]);
        generator.counter = [u32::MAX, 0];
        let mut bytes = [0; 128];
        generator.fill(&mut bytes);
        let key = [u32::from_le_bytes([7; 4]); 8];
        assert_eq!(bytes[..64], block(&key, u32::MAX, [0; 3]));
        assert_eq!(bytes[64..], block(&key, 0, [1, 0, 0]));
    }
}
