//! Published vectors of the curve, the hash and the ciphersuites.

mod common;

use common::{bytes, hex};
use hotstuff_native_core::bls::point::{G1, G2, G2Sum, is_signed};
use hotstuff_native_core::bls::{self, SecretKey};

/// RFC 9380, appendix J.9.1.
#[test]
fn hash_to_curve_of_rfc_9380() {
    const DOMAIN: &[u8] = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";
    let q128 = format!("q128_{}", "q".repeat(128));
    let a512 = format!("a512_{}", "a".repeat(512));
    let vectors = [
        (
            "",
            "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1
             08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
        ),
        (
            "abc",
            "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903
             0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
        ),
        (
            "abcdef0123456789",
            "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98
             03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d709",
        ),
        (
            &q128,
            "15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac488
             1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6dd38",
        ),
        (
            &a512,
            "082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2dcfe
             05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7ac8",
        ),
    ];
    for (message, point) in vectors {
        assert_eq!(
            G1::hash(message.as_bytes(), DOMAIN).to_uncompressed().as_slice(),
            hex(point),
            "{message}"
        );
    }
}

/// The second vector of EIP-2333, whose first step is the key generation of the signature draft.
#[test]
fn key_generation_of_eip_2333() {
    let seed = bytes("3141592653589793238462643383279502884197169399375105820974944592");
    let expected = "41c9e07822b092a93fd6797396338c3ada4170cc81829fdfce6b5d34bd5e7ec7";
    assert_eq!(SecretKey::generate(&seed).to_bytes().as_slice(), hex(expected));
}

/// The generator of G2 is the key of the secret 1 (its encoding is in the pairing-friendly-curves draft).
#[test]
fn the_key_of_one_is_the_generator() {
    let mut one = [0; 32];
    one[31] = 1;
    let key = SecretKey::from_bytes(&one).expect("one is a scalar").public_key();
    let expected =
        "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e
         024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";
    assert_eq!(key.as_slice(), hex(expected));
}

/// A signature published by another implementation for the basic scheme, which differs in the domain only.
#[test]
fn a_signature_of_the_basic_scheme() {
    const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
    let key = G2::from_compressed(&bytes(
        "b4953c4ba10c4d4196f90169e76faf154c260ed73fc77bb65dc3be31e0cec614a7287cda94195343676c2c57494f0e65
         1527e6504c98408e599a4eb96f7c5a8cfb85d2fdc772f28504580084ef559b9b623bc84ce30562ed320f6b7f65245ad4",
    ));
    let message = hex("5032ec38bbc5da98ee0c6f568b872a65a08abf251deb21bb4b56e5d8821e68aa");
    let signature = G1::from_compressed(&bytes(
        "8e02b7950198d335c7b352d18880e2f6b4e7f6780298872b67840db1faa069f9a8be48800ce2ee5565a811d8230d3f05",
    ));
    let (key, signature) = (key.expect("a key"), signature.expect("a signature"));
    assert!(key.is_in_subgroup() && signature.is_in_subgroup());
    assert!(is_signed(Some(&signature), &[(G1::hash(&message, DOMAIN), key)]));
    assert!(!is_signed(Some(&signature), &[(G1::hash(&message, bls::MESSAGE_DST), key)]), "another domain");
}

/// Ten keys of another implementation, one message, one aggregate.
#[test]
fn an_aggregate_of_the_basic_scheme() {
    const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
    let keys: Vec<G2> = AGGREGATE_KEYS.map(|key| G2::from_compressed(&bytes(key)).expect("a key")).into();
    assert!(keys.iter().all(G2::is_in_subgroup));
    let message = hex("0558db9aff738e5421439601e7f30e88b74f43b80c1d172b5d371ce0dc05c912");
    let signature = G1::from_compressed(&bytes(
        "b0887f5c2e85596a8233cc26ce0ae94cdf0e1da3465075016a633d77de8acaefbc86497b484cf0beb36a3af90b38c3ce",
    ))
    .expect("a signature");
    let message = G1::hash(&message, DOMAIN);
    let all = G2Sum::of(keys.iter().copied()).to_point().expect("not the identity");
    assert!(is_signed(Some(&signature), &[(message, all)]));
    let pairs: Vec<_> = keys.iter().map(|&key| (message, key)).collect();
    assert!(is_signed(Some(&signature), &pairs), "key by key");
    assert!(!is_signed(Some(&signature), &pairs[1..]), "one key missing");
}

const AGGREGATE_KEYS: [&str; 10] = [
    "99325b8e11a6a1d137a4ccc09574dcfa54162f3eca88656e4aa8a8ee0e32842ff9bdbcf90800ff4b6196421a930def3d\
     00e948c1fc67b71597ad78819fd1163daa68b419556be8dc64e48086b7604583d8beaffe755710b4b80effa910c6050d",
    "b82da86bd84f82cc6b3f1df65ebe754d2199e49f6791a0d6db136304ab4610fadcbdf7bac09e6e10b6850aafa0b258bb\
     08bee0214ce3fbfaa97371e67d57fc27bb423ba07d092bf6f584c5f2be72a8b2c02045de23af01bb04e9bf5be0a1d15c",
    "99a7fff545393ac442bdf0c6043de7461301ad7ea3402f4ddf89e19c671faf28989c28251ad63385ec9dbb81857b9d33\
     01ff6ebe7e16f21a86bf48c40f64fd27fad2c2a6b93305ae6448ba8b3756ea4d6fbbac859231e65b0242916a34b0a67a",
    "a6444b7a2ef32fc83d85973945569d30a6dff7feb5840254a9a81fc0f78a70a97905cf196faa5f47ab6f26a0750b8f61\
     0b000537c8f73a511db4bd1657c47b531b95be021817bde5345d1c6daf10064a219def36465b0bf5c295df2ebde63535",
    "ab92c359bdccc19e44fd47120cc6d0a1d3955af9e6be18c1b084e397442055c597ff92ec134c9d8f2a788a96b28f3af4\
     108239e00339840f3bfb666eea21e87c02bd69edca6502f7805a6dfd29fb4db4052a321abbb857621992fc383f368c91",
    "872e0b3f67274e0808e326601ef42e22edf880f12d4d044ba5d75bf078aa0ebcad085376c15d1cc09eb8c8c9797572da\
     003826536c8a06bdea226e6b2e0cc111ad1e645fd6c38190a72f42f514397d470534c161d028690dafb95cb1f19ff9c0",
    "acfc575fee9be2dd324940c3cb873213532a9eddc2f546a2d8c56b5b015e2521173a4d2c05acca14aa97c6224a223b46\
     140b3483f06ea7a2a2db3961a74074e58653549220713aa6edc8a21bbb04f468d684f7656882543143ed4cf3d5bcae69",
    "ac0c74306cf12d21d4889d7b28e562278a6849b0b2e152968cc23dbe7b6cf7a75a62858068d9f1dde5bf90a35e89a81e\
     0a008a28dbcd81697fb87f603895b6361c8dfdf21110633e93f33120d8e0f7ba7c0693173e55d5b3e1284a18be5ec773",
    "8b7cd629f5a07ddca6be75585cfc12622789811edf9d4c86ce433927450ed484942b7b377eaa383746d54bcedf1d616d\
     0cb0fa2101e5358884578860a5960653664dbd77bb3afa61af7434c10a74636c2cbe1d61db5b47102ee017c1ab81fe7f",
    "a27b12206e80a5e0d52d9b817bfb0097c87534b4332f430f1ad1978d8a9e33cfe63123029f64408fea181e22d25dc7c8\
     0756cb011387ad545026cc7af9a7047043b44bf07682c03a0fc7f61017ba21d842535b449afe1e7d5d51a7660f71f6b3",
];
