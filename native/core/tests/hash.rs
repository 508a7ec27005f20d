//! Bulk hashing and the Merkle root, against their definitions.

mod common;

use common::{Flat, Random, hex};
use hotstuff_native_core::{Slices, merkle_root, sha256_many};
use sha2::{Digest, Sha256};

#[test]
fn hashes_each_item_like_sha256() {
    // FIPS 180-4 examples: the empty string, "abc" and the 448-bit message.
    let items: [&[u8]; 3] = [b"", b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"];
    let expected = hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
         ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
         248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_eq!(sha256_many(Flat::new(&items).slices()), expected);
    assert!(sha256_many(Flat::new::<&[u8]>(&[]).slices()).is_empty());
}

/// The recursive definition of RFC 6962: the left subtree is the largest power of two below n.
fn by_definition(datums: &[Vec<u8>]) -> [u8; 32] {
    match datums {
        [] => Sha256::digest([]).into(),
        [datum] => Sha256::new().chain_update([0]).chain_update(datum).finalize().into(),
        _ => {
            let split = datums.len().next_power_of_two() / 2;
            let (left, right) = datums.split_at(split);
            Sha256::new()
                .chain_update([1])
                .chain_update(by_definition(left))
                .chain_update(by_definition(right))
                .finalize()
                .into()
        }
    }
}

#[test]
fn the_merkle_root_is_that_of_the_recursive_definition() {
    let mut random = Random::new(7);
    for count in 0..70 {
        let datums: Vec<Vec<u8>> =
            (0..count).map(|_| random.bytes32().repeat(3)[..random.below(97)].to_vec()).collect();
        assert_eq!(merkle_root(Flat::new(&datums).slices()), by_definition(&datums), "{count} datums");
    }
}

#[test]
fn known_merkle_roots() {
    // Published with RFC 6962's reference implementation: the first n of these eight leaves.
    let leaves: Vec<Vec<u8>> =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
            .map(hex)
            .into();
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (count, root) in roots.iter().enumerate() {
        assert_eq!(merkle_root(Flat::new(&leaves[..count]).slices()).as_slice(), hex(root), "{count} leaves");
    }
}

#[test]
fn offsets_must_cover_the_buffer() {
    for (flat, offsets) in [
        (4, vec![]),
        (4, vec![0]),
        (4, vec![1, 4]),
        (4, vec![0, 3]),
        (4, vec![0, 5]),
        (4, vec![0, 3, 2, 4]),
        (0, vec![0, 1]),
        (4, vec![0, u32::MAX, 4]),
    ] {
        assert!(Slices::new(&vec![0; flat], &offsets).is_err(), "{flat} bytes, {offsets:?}");
    }
    assert!(Slices::new(&[], &[0]).is_ok_and(|none| none.is_empty()));
    assert_eq!(
        Slices::new(&[1, 2], &[0, 0, 2, 2]).expect("covers").iter().collect::<Vec<_>>(),
        [&[][..], &[1, 2], &[]]
    );
}
