#include "sha.h"

#include <array>
#include <bit>
#include <cstddef>

#include "padded_blocks.h"

namespace bloscache {

namespace {

// The first 64 bits of the fractional parts of the cube roots of the first 80 primes (FIPS 180-4
// section 4.2.3). SHA-256 uses the first 32 bits of the first 64 of them.
constexpr std::array<std::uint64_t, 80> kRoots = {
    0x428a2f98d728ae22u, 0x7137449123ef65cdu, 0xb5c0fbcfec4d3b2fu, 0xe9b5dba58189dbbcu,
    0x3956c25bf348b538u, 0x59f111f1b605d019u, 0x923f82a4af194f9bu, 0xab1c5ed5da6d8118u,
    0xd807aa98a3030242u, 0x12835b0145706fbeu, 0x243185be4ee4b28cu, 0x550c7dc3d5ffb4e2u,
    0x72be5d74f27b896fu, 0x80deb1fe3b1696b1u, 0x9bdc06a725c71235u, 0xc19bf174cf692694u,
    0xe49b69c19ef14ad2u, 0xefbe4786384f25e3u, 0x0fc19dc68b8cd5b5u, 0x240ca1cc77ac9c65u,
    0x2de92c6f592b0275u, 0x4a7484aa6ea6e483u, 0x5cb0a9dcbd41fbd4u, 0x76f988da831153b5u,
    0x983e5152ee66dfabu, 0xa831c66d2db43210u, 0xb00327c898fb213fu, 0xbf597fc7beef0ee4u,
    0xc6e00bf33da88fc2u, 0xd5a79147930aa725u, 0x06ca6351e003826fu, 0x142929670a0e6e70u,
    0x27b70a8546d22ffcu, 0x2e1b21385c26c926u, 0x4d2c6dfc5ac42aedu, 0x53380d139d95b3dfu,
    0x650a73548baf63deu, 0x766a0abb3c77b2a8u, 0x81c2c92e47edaee6u, 0x92722c851482353bu,
    0xa2bfe8a14cf10364u, 0xa81a664bbc423001u, 0xc24b8b70d0f89791u, 0xc76c51a30654be30u,
    0xd192e819d6ef5218u, 0xd69906245565a910u, 0xf40e35855771202au, 0x106aa07032bbd1b8u,
    0x19a4c116b8d2d0c8u, 0x1e376c085141ab53u, 0x2748774cdf8eeb99u, 0x34b0bcb5e19b48a8u,
    0x391c0cb3c5c95a63u, 0x4ed8aa4ae3418acbu, 0x5b9cca4f7763e373u, 0x682e6ff3d6b2b8a3u,
    0x748f82ee5defb2fcu, 0x78a5636f43172f60u, 0x84c87814a1f0ab72u, 0x8cc702081a6439ecu,
    0x90befffa23631e28u, 0xa4506cebde82bde9u, 0xbef9a3f7b2c67915u, 0xc67178f2e372532bu,
    0xca273eceea26619cu, 0xd186b8c721c0c207u, 0xeada7dd6cde0eb1eu, 0xf57d4f7fee6ed178u,
    0x06f067aa72176fbau, 0x0a637dc5a2c898a6u, 0x113f9804bef90daeu, 0x1b710b35131c471bu,
    0x28db77f523047d84u, 0x32caab7b40c72493u, 0x3c9ebe0a15c9bebcu, 0x431d67c49c100d4cu,
    0x4cc5d4becb3e42b6u, 0x597f299cfc657e2au, 0x5fcb6fab3ad6faecu, 0x6c44198c4a475817u,
};

// Section 5.3.5: square roots of the first 8 primes; their upper halves start SHA-256.
constexpr std::array<std::uint64_t, 8> kStart512 = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

// Section 5.3.4: square roots of the next 8 primes; their lower halves start SHA-224.
constexpr std::array<std::uint64_t, 8> kStart384 = {
    0xcbbb9d5dc1059ed8u, 0x629a292a367cd507u, 0x9159015a3070dd17u, 0x152fecd8f70e5939u,
    0x67332667ffc00b31u, 0x8eb44a8768581511u, 0xdb0c2e0d64f98fa7u, 0x47b5481dbefa4fa4u,
};

template <typename Word>
Word LoadBig(const std::uint8_t* at) {
  Word word = 0;
  for (std::size_t i = 0; i < sizeof(Word); ++i) word = static_cast<Word>(word << 8) | at[i];
  return word;
}

// Stores `size` bytes of the state, most significant byte of each word first.
template <typename State>
void StoreBig(const State& state, std::span<std::uint8_t> digest, std::size_t size) {
  constexpr std::size_t kWordSize = sizeof(state[0]);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t shift = 8 * (kWordSize - 1 - i % kWordSize);
    digest[i] = static_cast<std::uint8_t>(state[i / kWordSize] >> shift);
  }
}

using State1 = std::array<std::uint32_t, 5>;

// Section 6.1.2, with the message schedule kept in a ring of 16 words (section 6.1.3).
void Sha1Block(State1& state, const std::uint8_t* block) {
  std::array<std::uint32_t, 16> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = LoadBig<std::uint32_t>(block + 4 * t);
  auto [a, b, c, d, e] = state;
  for (std::size_t t = 0; t < 80; ++t) {
    if (t >= 16) {
      w[t % 16] = std::rotl(w[(t - 3) % 16] ^ w[(t - 8) % 16] ^ w[(t - 14) % 16] ^ w[t % 16], 1);
    }
    std::uint32_t f = 0;
    if (t < 20) {
      f = ((b & c) ^ (~b & d)) + 0x5a827999u;
    } else if (t < 40) {
      f = (b ^ c ^ d) + 0x6ed9eba1u;
    } else if (t < 60) {
      f = ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdcu;
    } else {
      f = (b ^ c ^ d) + 0xca62c1d6u;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + w[t % 16];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

// The rotations of section 4.1.2 (32-bit words) and section 4.1.3 (64-bit words). The third
// number of a small sigma is a shift.
template <typename Word>
struct Sha2;

template <>
struct Sha2<std::uint32_t> {
  static constexpr std::size_t kRounds = 64;
  static constexpr int kBig0[] = {2, 13, 22}, kBig1[] = {6, 11, 25};
  static constexpr int kSmall0[] = {7, 18, 3}, kSmall1[] = {17, 19, 10};
  static constexpr std::uint32_t Root(std::size_t t) {
    return static_cast<std::uint32_t>(kRoots[t] >> 32);
  }
};

template <>
struct Sha2<std::uint64_t> {
  static constexpr std::size_t kRounds = 80;
  static constexpr int kBig0[] = {28, 34, 39}, kBig1[] = {14, 18, 41};
  static constexpr int kSmall0[] = {1, 8, 7}, kSmall1[] = {19, 61, 6};
  static constexpr std::uint64_t Root(std::size_t t) { return kRoots[t]; }
};

template <typename Word>
Word BigSigma(Word x, const int (&by)[3]) {
  return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ std::rotr(x, by[2]);
}

template <typename Word>
Word SmallSigma(Word x, const int (&by)[3]) {
  return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ (x >> by[2]);
}

// Sections 6.2.2 and 6.4.2, which differ in the word, the rounds and the constants only.
template <typename Word>
void Sha2Block(std::array<Word, 8>& state, const std::uint8_t* block) {
  using Rules = Sha2<Word>;
  std::array<Word, Rules::kRounds> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = LoadBig<Word>(block + sizeof(Word) * t);
  for (std::size_t t = 16; t < Rules::kRounds; ++t) {
    w[t] = SmallSigma(w[t - 2], Rules::kSmall1) + w[t - 7] + SmallSigma(w[t - 15], Rules::kSmall0) +
           w[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t t = 0; t < Rules::kRounds; ++t) {
    const Word choose = (e & f) ^ (~e & g);
    const Word majority = (a & b) ^ (a & c) ^ (b & c);
    const Word t1 = h + BigSigma(e, Rules::kBig1) + choose + Rules::Root(t) + w[t];
    const Word t2 = BigSigma(a, Rules::kBig0) + majority;
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const std::array<Word, 8> sums = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += sums[i];
}

// The word of a SHA-224 or SHA-256 state is half of the one in the 64-bit table.
constexpr std::array<std::uint32_t, 8> Halves(const std::array<std::uint64_t, 8>& from, int shift) {
  std::array<std::uint32_t, 8> halves = {};
  for (std::size_t i = 0; i < 8; ++i) halves[i] = static_cast<std::uint32_t>(from[i] >> shift);
  return halves;
}

template <typename Word>
void Sha2Digest(std::array<Word, 8> state, std::span<const std::uint8_t> bytes,
                std::span<std::uint8_t> digest, std::size_t size) {
  ForEachPaddedBlock<16 * sizeof(Word), 2 * sizeof(Word), ByteOrder::kBig>(
      bytes, [&](const std::uint8_t* block) { Sha2Block(state, block); });
  StoreBig(state, digest, size);
}

}  // namespace

void Sha1(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest) {
  State1 state = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
  ForEachPaddedBlock<64, 8, ByteOrder::kBig>(
      bytes, [&](const std::uint8_t* block) { Sha1Block(state, block); });
  StoreBig(state, digest, 20);
}

void Sha224(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest) {
  Sha2Digest(Halves(kStart384, 0), bytes, digest, 28);
}

void Sha256(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest) {
  Sha2Digest(Halves(kStart512, 32), bytes, digest, 32);
}

void Sha384(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest) {
  Sha2Digest(kStart384, bytes, digest, 48);
}

void Sha512(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest) {
  Sha2Digest(kStart512, bytes, digest, 64);
}

}  // namespace bloscache
